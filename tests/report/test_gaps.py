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
        ({"improving": {"mlp": 0.0123, "lenet5": 0.002}}, "of `lenet5` (0.20) and `mlp` (1.23)."),
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


def test_networks_of_several_environments_are_a_warning(results: dict[str, Any]) -> None:
    [gap] = gaps(results | {"study": results["study"] | {"device_kind": "a CPU and a GPU"}})
    assert "different environments" in gap


def test_failed_trials_are_told_with_their_reasons(make_study: Callable[..., Any]) -> None:
    results, _ = make_study()
    trials = results["variants"]["mlp"]["tuning"]["trials"]
    trials[1]["failure"] = "the loss was nan in epoch 1"
    trials[2]["failure"] = "the loss was inf in epoch 1"
    assert gaps(results) == [
        "Of the 3 trials of `mlp`, 2 failed: 1 (the loss was nan in epoch 1) and 2 (the loss was "
        "inf in epoch 1). They count as tried."
    ]


def test_a_candidate_that_failed_on_the_way_is_told(make_study: Callable[..., Any]) -> None:
    results, _ = make_study()
    [_, other] = results["variants"]["mlp"]["tuning"]["candidates"]
    other["failures"] = {"102": "the loss was nan in epoch 3"}
    assert gaps(results) == [
        "Trial 0 of `mlp` failed when it was trained again, with seed 102 (the loss was nan in "
        "epoch 3): it could not be chosen."
    ]


@pytest.mark.parametrize("audit", [None, {"improvement": None, "still_improving": None}])
def test_an_audit_that_says_nothing_is_missing(
    make_study: Callable[..., Any], audit: dict[str, Any] | None
) -> None:
    results, _ = make_study()
    results["variants"]["mlp"]["tuning"]["audit"] = audit
    [gap] = gaps(results)
    assert gap.startswith("Whether `mlp` would improve with more epochs is not known")
