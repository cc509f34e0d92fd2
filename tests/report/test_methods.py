from collections.abc import Callable
from typing import Any

from pipeline.report.methods import methods


def test_power_is_told_with_its_limit_and_where_it_comes_from(results: dict[str, Any]) -> None:
    reported = {"smallest_difference": 0.0021, "smallest_difference_limit": 0.0016}
    text = dict(methods(results | {"study": results["study"] | reported}))["Power"]
    assert "a difference of 0.21 points is found with a probability of 0.8" in text
    assert "it would be 0.16 points" in text
    assert "`params.yaml`" in text


def test_where_nothing_can_be_found_there_is_no_power(make_study: Callable[..., Any]) -> None:
    for changes in ({"seeds": 2}, {"variants": ("lenet5",)}):
        assert "Power" not in dict(methods(make_study(**changes)[0]))
