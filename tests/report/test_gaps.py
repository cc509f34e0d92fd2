from collections.abc import Callable
from typing import Any

import pytest

from pipeline.report.gaps import gaps


def test_a_complete_study_lacks_nothing(results: dict[str, Any]) -> None:
    assert gaps(results) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seeds": 1}, "One seed only"),
        ({"seeds": 6}, "7 seeds would do"),  # 3 x 2/64 is too much, 3 x 2/128 is not
        ({"variants": ("lenet5",)}, "One variant only"),
        ({"diverged": "mlp"}, "`mlp` diverged with seed 1"),
        ({"planned": [("mlp", "lenet5"), ("relu", "lenet5")]}, "not in this study: `relu` with"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_missing_is_said(
    make_study: Callable[..., Any], changes: dict[str, Any], words: str
) -> None:
    results, _ = make_study(**changes)
    assert any(words in gap for gap in gaps(results))


def test_a_network_that_diverged_comes_with_the_reason_of_its_training(
    make_study: Callable[..., Any],
) -> None:
    results, _ = make_study(diverged="mlp")
    # Seed 1 diverged on the test images alone; seed 10 failed, and yet gave numbers.
    results["variants"]["mlp"]["diverged_seeds"] = [1, 2]
    results["variants"]["mlp"]["failures"] = {
        "10": "the loss was inf in epoch 3",
        "2": "the loss was nan in epoch 1",
    }
    [gap] = [gap for gap in gaps(results) if "diverged" in gap]
    assert gap.startswith(
        "`mlp` diverged with seeds 1, 2 (the loss was nan in epoch 1) and "
        "10 (the loss was inf in epoch 3): "
    )


def test_two_variants_that_err_alike_have_no_interval(results: dict[str, Any]) -> None:
    alike = results["comparisons"][0] | {"difference": 0.0, "ci95": None}
    [gap] = gaps(results | {"comparisons": [alike]})
    assert "does not vary over seeds" in gap


def test_networks_of_several_devices_are_a_warning(results: dict[str, Any]) -> None:
    [gap] = gaps(results | {"study": results["study"] | {"device_kind": "a CPU and a GPU"}})
    assert "different devices" in gap
