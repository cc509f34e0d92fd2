import json
from typing import Any

import numpy as np
import pytest
from scipy import stats

from pipeline.analysis.certainty import over_seeds
from pipeline.analysis.paper import (
    FIGURES,
    LENET5,
    NEAREST,
    SAME,
    beside,
    is_network,
    one_more_run,
    perceptron,
)
from pipeline.networks.spec import NetworkSpec
from pipeline.networks.summary import summarize
from pipeline.study import known_networks

ERRORS = [0.0095, 0.0096, 0.0092, 0.0089]


def variant(
    words: Any,
    errors: list[float] = ERRORS,
    rejected: list[float | None] | None = None,
    diverged: list[int] | None = None,
) -> dict[str, Any]:
    """What the record has of a variant, as far as it is compared."""
    return {
        "network": dict(words),
        "macs": 326_520,
        "parameters": 60_000,
        "test_error": over_seeds(errors),
        "certainty": {"rejected": over_seeds(rejected or errors)},
        "diverged_seeds": diverged or [],
    }


def rows_of(**variants: Any) -> dict[tuple[int, str], dict[str, Any]]:
    return {(row["figure"], row["network"]): row for row in beside(variants)}


def test_the_words_are_those_of_the_paper_s_lenet5(lenet5: NetworkSpec) -> None:
    assert lenet5.to_dict() == LENET5


def test_the_paper_s_perceptrons_have_as_many_variables_as_it_prints(lenet5: NetworkSpec) -> None:
    for (_, quantity), bars in FIGURES.items():
        for network, value in bars.items():
            if quantity == "variables":
                spec = NetworkSpec.from_dict(lenet5.to_dict() | SAME[network])
                assert round(summarize(spec).parameters, -3) == value


def test_every_network_of_the_figures_has_its_words() -> None:
    assert {name for bars in FIGURES.values() for name in bars} == {*SAME, *NEAREST}
    assert not {*SAME} & {*NEAREST}


def test_of_all_known_variants_two_are_the_paper_s() -> None:
    networks = {name: network.to_dict() for name, (_, network) in known_networks().items()}
    found = {
        (theirs, name)
        for theirs, words in SAME.items()
        for name, network in networks.items()
        if is_network(words, network)
    }
    assert found == {("LeNet-5", "lenet5"), ("28x28-300-100-10", "mlp")}


def test_variant_is_matched_by_what_it_is_and_not_by_its_name() -> None:
    found = beside(
        {
            "mlp": variant(LENET5),
            "other": variant(LENET5 | perceptron(300, 100)),
            "lenet5": variant(LENET5 | {"subsampling": "max"}),
            "relu": variant(LENET5 | perceptron(300, 100) | {"activation": "relu"}),
            "wide": variant(LENET5 | {"c5_units": 121}),
            "spelled_out": variant(LENET5 | {"c5_units": 120}),
        }
    )
    assert {(row["network"], row["variant"]) for row in found} == {
        *(("LeNet-5", "mlp"), ("LeNet-4", "mlp")),
        *(("LeNet-5", "spelled_out"), ("LeNet-4", "spelled_out")),
        ("28x28-300-100-10", "other"),
    }


def test_a_value_is_reproduced_where_one_more_run_would_lie() -> None:
    found = rows_of(a=variant(LENET5))[9, "LeNet-5"]
    reach = stats.t.ppf(0.975, 3) * np.std(ERRORS, ddof=1) * np.sqrt(1 + 1 / 4)
    assert found["ours"] == pytest.approx(np.mean(ERRORS))
    assert found["low"] == pytest.approx(np.mean(ERRORS) - reach)
    assert found["high"] == pytest.approx(np.mean(ERRORS) + reach)
    assert (found["paper_value"], found["reproduced"], found["n_seeds"]) == (0.0095, True, 4)
    other = rows_of(a=variant(LENET5, [0.012, 0.0121, 0.0119]))
    assert other[9, "LeNet-5"]["reproduced"] is False


def test_one_more_run_lies_where_it_should_as_often_as_said() -> None:
    draws = np.random.default_rng(1998).normal(size=(4000, 6))
    intervals = [one_more_run(list(row[:5])) or (0, 0) for row in draws]
    inside = [low <= row[5] <= high for row, (low, high) in zip(draws, intervals, strict=True)]
    assert 0.94 < np.mean(inside) < 0.96


@pytest.mark.parametrize("values", [[0.1], [0.1, 0.1], [0.1] * 10, [0.0] * 3, [1.0] * 3], ids=str)
def test_without_spread_there_is_nothing_to_lie_in(values: list[float]) -> None:
    assert one_more_run(values) is None
    found = rows_of(a=variant(LENET5, values))[9, "LeNet-5"]
    assert found["ours"] == pytest.approx(values[0])
    assert (found["low"], found["high"], found["reproduced"]) == (None, None, None)


def test_two_seeds_are_enough_for_an_interval_if_a_wide_one() -> None:
    low, high = one_more_run([0.01, 0.011]) or (0, 0)
    assert high - low > 0.01


def test_a_network_that_diverged_reproduces_nothing() -> None:
    lost = variant(LENET5, [0.0095, 1.0, 0.0092], [0.01, None, 0.01], diverged=[1])
    found = rows_of(a=lost)
    assert found[9, "LeNet-5"]["ours"] == pytest.approx(1.0187 / 3)
    assert found[9, "LeNet-5"]["reproduced"] is None
    assert (found[10, "LeNet-4"]["ours"], found[10, "LeNet-4"]["low"]) == (None, None)
    unknown = rows_of(a=variant(LENET5, ERRORS, [None, 0.01, 0.01, 0.01]))
    assert unknown[10, "LeNet-4"]["ours"] is None


def test_another_network_has_an_interval_and_cannot_be_reproduced() -> None:
    found = rows_of(a=variant(LENET5, rejected=[0.017, 0.018, 0.019]))[10, "LeNet-4"]
    assert found["low"] < found["paper_value"] < found["high"]
    assert found["reproduced"] is None


def test_sizes_are_arithmetic() -> None:
    found = rows_of(a=variant(LENET5))
    assert (found[11, "LeNet-5"]["paper_value"], found[11, "LeNet-5"]["ours"]) == (401e3, 326_520)
    assert (found[12, "LeNet-5"]["paper_value"], found[12, "LeNet-5"]["ours"]) == (60e3, 60_000)
    for figure in (11, 12):
        for key in ("low", "high", "reproduced", "n_seeds"):
            assert found[figure, "LeNet-5"][key] is None


def test_the_record_is_of_plain_values() -> None:
    found = beside({"a": variant(LENET5), "b": variant(LENET5 | perceptron(300, 100), [0.02])})
    assert json.loads(json.dumps(found, allow_nan=False)) == found
