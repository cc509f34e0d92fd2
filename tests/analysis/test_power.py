import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri

from pipeline.analysis.errors import BoolArray, error_counts
from pipeline.analysis.intervals import estimate
from pipeline.analysis.power import (
    Planning,
    components,
    expected_error,
    limit_of_images,
    one_alone,
    smallest_difference,
)
from pipeline.analysis.significance import LEVEL, sign_flip
from pipeline.study import load_study

PLANNING = Planning(
    error=0.01, correlation_within=0.94, correlation_between=0.9, seed_effect=0.0005
)
STANDARD = {"num_seeds": 10, "num_images": 10_000, "family_size": 7}


def drawn(
    planning: Planning, difference: float, draws: np.random.Generator, seeds: int, images: int
) -> tuple[BoolArray, BoolArray]:
    """Who misclassifies what (S, I), of a variant and of a baseline better by `difference`."""

    def normal(*shape: int) -> Any:
        return draws.standard_normal(shape, dtype=np.float32)

    within, between = planning.correlation_within, planning.correlation_between
    common = math.sqrt(between) * normal(images)

    def wrong(error: float) -> BoolArray:
        hard = common + math.sqrt(within - between) * normal(images)
        latent = hard + math.sqrt(1 - within) * normal(seeds, images)
        return latent < ndtri(error + planning.seed_effect * normal(seeds, 1))

    return wrong(planning.error + difference / 2), wrong(planning.error - difference / 2)


@pytest.mark.parametrize("correlation", [0.1, 0.9, 0.94, 0.9999])
@pytest.mark.parametrize("error", [0.01, 0.3, 0.9])
def test_one_alone_agrees_with_the_bivariate_normal(error: float, correlation: float) -> None:
    covariance: Any = [[1, correlation], [correlation, 1]]
    both = stats.multivariate_normal(cov=covariance).cdf([ndtri(error)] * 2)
    assert one_alone(error, correlation) == pytest.approx(error - both, abs=1e-6)


def test_one_alone_is_a_product_without_correlation_and_nothing_with_all_of_it() -> None:
    assert one_alone(0.01, 0) == pytest.approx(0.01 * 0.99)
    assert one_alone(0.01, 1) == 0


def test_components_are_the_covariances_of_a_difference() -> None:
    # Two networks of one variant that misclassify one image, and a network of each variant.
    found = components(PLANNING)
    within, between = (0.01 - one_alone(0.01, each) for each in (0.94, 0.9))
    assert found.seed == pytest.approx(2 * 0.0005**2)
    assert found.image == pytest.approx(2 * (within - between))
    assert sum(found) == pytest.approx(2 * (0.01 - between))


def test_the_standard_study_finds_what_the_planning_values_say() -> None:
    study = load_study()
    values = study.evaluation.planning.model_dump()
    assert Planning(**values) == PLANNING
    assert len(study.evaluation.planned) == STANDARD["family_size"]
    assert smallest_difference(PLANNING, **STANDARD) == pytest.approx(0.00205, abs=0.00001)
    assert limit_of_images(PLANNING, num_images=10_000, family_size=7) == pytest.approx(
        0.00156, abs=0.00001
    )


def test_simulated_studies_find_it_as_often_as_said() -> None:
    """With the standard error, the degrees of freedom and the power that were computed."""
    difference = smallest_difference(PLANNING, **STANDARD)
    assert difference is not None
    draws = np.random.default_rng(1998)
    found, agreed, means, variances = 0, 0, [], []
    for _ in range(300):
        variant, baseline = drawn(PLANNING, difference, draws, 10, 10_000)
        each = estimate(variant.astype(np.int8) - baseline)
        counts = zip(error_counts(variant), error_counts(baseline), strict=True)
        p_population = each.p_value() or 0
        found += p_population < LEVEL / 7
        agreed += max(p_population, sign_flip([a - b for a, b in counts])) < LEVEL / 7
        means.append(each.mean)
        variances.append((each.standard_error or 0) ** 2)
    error, freedom = expected_error(components(PLANNING), seeds=10, images=10_000)
    assert np.mean(means) == pytest.approx(difference, rel=0.05)
    assert np.std(means) == pytest.approx(error, rel=0.1)
    assert np.mean(variances) == pytest.approx(error**2, rel=0.05)
    assert freedom > 30
    assert 0.73 < found / 300 < 0.87
    assert 0.70 < agreed / 300 <= found / 300


def test_more_seeds_and_images_find_less_and_the_images_limit() -> None:
    by_seeds = [
        smallest_difference(PLANNING, num_seeds=seeds, num_images=10_000, family_size=7) or 0
        for seeds in (9, 10, 20, 100, 100_000)
    ]
    assert by_seeds == sorted(by_seeds, reverse=True)
    limit = limit_of_images(PLANNING, num_images=10_000, family_size=7)
    assert by_seeds[-1] == pytest.approx(limit, rel=1e-3)
    assert (smallest_difference(PLANNING, **STANDARD | {"num_images": 40_000}) or 1) < by_seeds[1]


@pytest.mark.parametrize("seeds", [1, 2, 8])
def test_too_few_seeds_find_nothing(seeds: int) -> None:
    assert smallest_difference(PLANNING, **STANDARD | {"num_seeds": seeds}) is None
    assert smallest_difference(PLANNING, **STANDARD | {"num_seeds": 9}) is not None


def test_family_without_members_finds_nothing() -> None:
    assert smallest_difference(PLANNING, **STANDARD | {"family_size": 0}) is None
    assert limit_of_images(PLANNING, num_images=10_000, family_size=0) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"seed_effect": 0.0},
        {"seed_effect": 0.0099, "correlation_within": 0.9999999},
        {"correlation_between": 0.94},
        {"correlation_within": 1 - 1e-12, "correlation_between": 1e-12},
        {"error": 0.999},
        {"error": 1e-9, "seed_effect": 0.0},
    ],
    ids=str,
)
@pytest.mark.parametrize("images", [2, 10_000])
def test_planning_values_at_their_limits_give_numbers(
    changes: dict[str, float], images: int
) -> None:
    planning = replace(PLANNING, **changes)
    found = smallest_difference(planning, num_seeds=10, num_images=images, family_size=7)
    limit = limit_of_images(planning, num_images=images, family_size=7)
    assert found is not None
    assert limit is not None
    assert 0 <= limit <= found < math.inf
