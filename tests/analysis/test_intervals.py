import math
from fractions import Fraction

import numpy as np
import pytest

from pipeline.analysis.intervals import Estimate, combined, estimate

# By hand: d = 1/2, MS_S = 1/6, MS_I = 1/2, MS_E = 1/6, so N = 1/2 and nu = (1/4) / (1/36) = 9.
CROSSED = np.array([[1, 0, 1], [0, 0, 1]])


def test_a_small_table_gives_the_numbers_done_by_hand() -> None:
    found = estimate(CROSSED)
    assert found.mean == 0.5
    assert found.standard_error == pytest.approx(math.sqrt(0.5 / 6))
    assert found.degrees_of_freedom == pytest.approx(9)


def test_the_intervals_are_those_of_the_t_table() -> None:
    found, error = estimate(CROSSED), math.sqrt(1 / 12)
    for level, quantile in ((0.95, 2.262157), (0.90, 1.833113)):
        expected = (0.5 - quantile * error, 0.5 + quantile * error)
        assert found.interval(level) == pytest.approx(expected, rel=1e-4)


def test_the_p_value_is_the_level_at_which_the_interval_touches_zero() -> None:
    found = estimate(CROSSED)
    p = found.p_value()
    assert p is not None
    touching = found.interval(1 - p)
    assert touching is not None
    assert touching[0] == pytest.approx(0, abs=1e-12)


def test_the_sign_of_a_difference_only_mirrors_its_interval() -> None:
    found, mirrored = estimate(CROSSED), estimate(-CROSSED)
    low, high = found.interval(0.95) or (0, 0)
    assert mirrored.interval(0.95) == (-high, -low)
    assert mirrored.p_value() == found.p_value()


def test_images_that_explain_less_than_chance_do_not_narrow_the_interval() -> None:
    # MS_S = 7/12, MS_I = 0, MS_E = 1/4: N = MS_S alone, so nu = S - 1.
    found = estimate(np.array([[1, 1, 1, 0], [0, 0, 0, 1], [1, 1, 1, 1]]))
    seed_means = [0.75, 0.25, 1.0]
    assert found.standard_error == pytest.approx(np.std(seed_means, ddof=1) / math.sqrt(3))
    assert found.degrees_of_freedom == pytest.approx(2)


def test_seeds_that_do_not_vary_leave_a_normal_interval_over_images() -> None:
    # MS_S = 0, MS_I = 2/3, MS_E = 0: N = 2/3, so the standard error is sqrt((2/3) / 6) = 1/3.
    found = estimate(np.array([[1, 1, 0], [1, 1, 0]]))
    assert found.standard_error == pytest.approx(1 / 3)
    assert found.degrees_of_freedom == math.inf
    assert found.interval(0.95) == pytest.approx((2 / 3 - 1.959964 / 3, 2 / 3 + 1.959964 / 3))


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((10, 50), dtype=bool),
        np.ones((10, 50), dtype=bool),
        np.ones((2, 3), dtype=np.int8),
        np.array([[1, 0, 0], [0, 1, 0]]),  # MS_S = 0, MS_I = 1/6 below MS_E = 1/2
    ],
    ids=["all right", "all wrong", "constant", "nothing beyond chance"],
)
def test_without_variation_there_is_a_mean_and_nothing_else(values: np.ndarray) -> None:
    assert estimate(values) == Estimate(
        num_seeds=values.shape[0],
        num_images=values.shape[1],
        mean=float(values.mean()),
        standard_error=None,
        degrees_of_freedom=None,
    )


def test_one_seed_has_no_interval_and_no_p_value() -> None:
    found = estimate(np.array([[1, 0, 0, 1]]))
    assert found.mean == 0.5
    assert found.interval(0.95) is None
    assert found.p_value() is None


def test_seeds_that_all_agree_do_so_exactly_whatever_their_share() -> None:
    # Seed means of 1/7 are not binary fractions: rounding must not pass for variation.
    row = [1, 0, 0, 0, 0, 0, 0]
    assert estimate(np.array([row] * 10)).degrees_of_freedom == math.inf


def test_a_large_table_agrees_with_the_definition_in_floating_point() -> None:
    values = np.random.default_rng(0).integers(-1, 2, size=(7, 400))
    mean, by_seed, by_image = values.mean(), values.mean(axis=1), values.mean(axis=0)
    seed_square = 400 * ((by_seed - mean) ** 2).sum() / 6
    image_square = 7 * ((by_image - mean) ** 2).sum() / 399
    residual = values - by_seed[:, None] - by_image + mean
    variance = seed_square + max(image_square - (residual**2).sum() / (6 * 399), 0)
    found = estimate(values)
    assert found.standard_error == pytest.approx(math.sqrt(variance / (7 * 400)))
    assert found.degrees_of_freedom == pytest.approx(variance**2 / (seed_square**2 / 6))


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Two alike variants, with luck of seeds, of images, and of both: the true difference is 0."""
    random = np.random.default_rng(1998)
    covered = 0
    for _ in range(400):
        shared = random.normal(size=(1, 300))
        errors = [
            shared + 0.5 * random.normal(size=(1, 300)) + 0.15 * random.normal(size=(6, 1))
            > 1 + 0.5 * random.normal(size=(6, 300))
            for _ in range(2)
        ]
        low, high = estimate(errors[0].astype(int) - errors[1].astype(int)).interval(0.95) or (
            1,
            0,
        )
        covered += low <= 0 <= high
    assert 0.92 <= covered / 400 <= 0.98


def test_a_sum_by_weights_is_the_estimate_of_that_sum() -> None:
    draws = np.random.default_rng(0)
    rows = {name: draws.random((5, 80)) < 0.3 for name in "abc"}
    weights = {"a": Fraction(1, 2), "b": Fraction(-2, 3), "c": Fraction(1)}
    found = combined(weights, rows)
    # Six times it is whole; what it is too large by falls out of every number but p.
    whole = estimate(3 * rows["a"].astype(int) - 4 * rows["b"].astype(int) + 6 * rows["c"])
    assert found.mean == pytest.approx(whole.mean / 6)
    assert found.interval(0.95) == pytest.approx([end / 6 for end in whole.interval(0.95) or ()])
    assert found.p_value() == pytest.approx(whole.p_value())
    assert found.to_dict() == {
        "mean": found.mean,
        "ci95": found.interval(0.95),
        "n_seeds": 5,
        "n_images": 80,
    }
