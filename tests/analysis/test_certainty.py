from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import softmax

from pipeline.analysis.certainty import (
    BINS,
    calibration_error,
    certainty,
    over_seeds,
    rejected,
)
from pipeline.outputs.misclassified import is_wrong


def scores(gaps: list[float], *, right: list[bool]) -> tuple[Any, Any]:
    """Images of class 0 whose two best scores are so far apart."""
    found = np.full((len(gaps), 10), -9, np.float32)
    winner = np.where(right, 0, 1)
    found[range(len(gaps)), winner] = gaps
    found[range(len(gaps)), 1 - winner] = 0
    return found, ~np.array(right)


def test_the_least_certain_are_rejected_first() -> None:
    gaps = [5.0] * 398 + [1.0, 2.0]
    one_wrong = [True] * 398 + [False, True]
    assert rejected(*scores(gaps, right=one_wrong)) == 0  # one in 400 may be wrong
    two_wrong = [True] * 398 + [False, False]
    assert rejected(*scores(gaps, right=two_wrong)) == 0
    three_wrong = [False] + [True] * 397 + [False, False]
    assert rejected(*scores(gaps, right=three_wrong)) == pytest.approx(2 / 400)


def test_images_that_are_equally_certain_go_together() -> None:
    gaps = [5.0] * 199 + [1.0, 1.0]
    assert rejected(*scores(gaps, right=[True] * 199 + [False, False])) == pytest.approx(2 / 201)


def test_all_right_rejects_nothing_and_all_wrong_everything() -> None:
    gaps = [1.0, 2.0, 3.0]
    assert rejected(*scores(gaps, right=[True] * 3)) == 0
    assert rejected(*scores(gaps, right=[False] * 3)) == 1


@given(arrays(np.float32, (50, 10), elements=st.floats(-5, 5, width=32)))
def test_what_is_left_holds_the_bar_and_nothing_more_would(found: np.ndarray) -> None:
    missed = is_wrong(found[None], np.zeros(50, np.int64))[0]
    share = rejected(found, missed)
    gaps = np.diff(np.sort(found.astype(np.float64), axis=1)[:, -2:], axis=1)[:, 0]
    fine = [
        (gaps >= bar).sum()
        for bar in gaps
        if missed[gaps >= bar].sum() * 200 <= (gaps >= bar).sum()
    ]
    assert round(50 * (1 - share)) == max(fine, default=0)


def test_calibration_is_exact_where_claims_are_facts() -> None:
    right = np.array([True, True, True, False])
    assert calibration_error(np.full(4, 0.75), right) == pytest.approx(0)
    assert calibration_error(np.full(4, 1.0), right) == pytest.approx(0.25)
    assert calibration_error(np.array([0.0, 1.0]), np.array([True, True])) == pytest.approx(0.5)


@given(st.integers(0, 2**32 - 1))
def test_calibration_agrees_with_its_definition(seed: int) -> None:
    draws = np.random.default_rng(seed)
    confidence, right = draws.uniform(0.1, 1, 200), draws.random(200) < 0.7
    expected = 0.0
    for k in range(BINS):
        inside = (confidence >= k / BINS) & (confidence < (k + 1) / BINS)
        if inside.any():
            gap = abs(confidence[inside].mean() - right[inside].mean())
            expected += inside.mean() * gap
    assert calibration_error(confidence, right) == pytest.approx(expected)


def test_brier_is_the_squared_distance_to_the_truth() -> None:
    draws = np.random.default_rng(0)
    found = draws.normal(size=(2, 30, 10)).astype(np.float32)
    labels = draws.integers(0, 10, 30)
    brier = certainty(found, is_wrong(found, labels), labels)["brier"]
    for each, network in zip(brier["per_seed"], found, strict=True):
        truth = np.zeros((30, 10))
        truth[range(30), labels] = 1
        distance = ((softmax(network.astype(np.float64), axis=1) - truth) ** 2).sum()
        assert each == pytest.approx(distance / 30)


def test_network_that_diverged_has_no_certainty_and_its_variant_no_mean() -> None:
    found = np.zeros((2, 5, 10), np.float32)
    found[1, 0, 0] = np.nan
    labels = np.zeros(5, np.int64)
    for each in certainty(found, is_wrong(found, labels), labels).values():
        assert each["mean"] is None
        assert each["ci95"] is None
        assert each["per_seed"][1] is None
        assert each["n_seeds"] == 2


def test_interval_over_seeds_is_student_s() -> None:
    found = over_seeds([1.0, 2.0, 3.0])
    assert found["mean"] == 2
    assert found["ci95"] == pytest.approx((2 - 4.302653 / 3**0.5, 2 + 4.302653 / 3**0.5))
    assert over_seeds([1.0])["ci95"] is None
    assert over_seeds([2.0, 2.0])["ci95"] is None
