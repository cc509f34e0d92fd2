"""The smallest difference that a study is likely to find, whatever it then finds.

It follows from a crossed probit model of who misclassifies what: an image is misclassified where
a latent normal lies beyond a threshold, the latents of one image are correlated, and seeds move
thresholds.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

from scipy import stats
from scipy.special import ndtri, owens_t

from pipeline.analysis.significance import LEVEL, can_reject

POWER = 0.8


@dataclass(frozen=True, kw_only=True)
class Planning:
    """What is expected of two variants that are alike, from trainings before the study.

    Attributes:
        error: The share of the images that either misclassifies.
        correlation_within: Of an image's latents, between seeds of one variant.
        correlation_between: The same, between variants.
        seed_effect: Standard deviation of the error over seeds, a fraction.
    """

    error: float
    correlation_within: float
    correlation_between: float
    seed_effect: float


class Components(NamedTuple):
    """Variances of wrong(variant) - wrong(baseline): over seeds, over images, and what is left."""

    seed: float
    image: float
    residual: float


def smallest_difference(
    planning: Planning, *, num_seeds: int, num_images: int, family_size: int
) -> float | None:
    """What the first step of Holm over the family finds with probability 0.8; a fraction.

    None where nothing can be found: the family is empty, or there are too few seeds for it.
    """
    if family_size == 0 or not can_reject(num_seeds, family_size=family_size):
        return None
    error, freedom = expected_error(components(planning), seeds=num_seeds, images=num_images)
    return error * _distance(freedom, family_size)


def limit_of_images(planning: Planning, *, num_images: int, family_size: int) -> float | None:
    """The same with ever more seeds, when images alone are left to chance."""
    if family_size == 0:
        return None
    return math.sqrt(components(planning).image / num_images) * _distance(math.inf, family_size)


def components(planning: Planning) -> Components:
    """To first order in the seed effect, which acts on each network by itself."""
    seed = 2 * planning.seed_effect**2
    within, between = (
        2 * one_alone(planning.error, correlation)
        for correlation in (planning.correlation_within, planning.correlation_between)
    )
    return Components(seed=seed, image=between - within, residual=max(within - seed, 0.0))


def one_alone(error: float, correlation: float) -> float:
    """The probability that one of two networks misclassifies an image and the other does not.

    Of two normals with that correlation: Owen's T loses nothing where they all but agree.
    """
    slope = math.sqrt((1 - correlation) / (1 + correlation))
    return float(2 * owens_t(ndtri(error), slope))


def expected_error(found: Components, *, seeds: int, images: int) -> tuple[float, float]:
    """Standard error of the mean difference, and its degrees of freedom, as intervals have them.

    The mean squares of `intervals.py` stand here with the values that they have on average.
    """
    seed_square = images * found.seed + found.residual
    variance = seed_square + seeds * found.image
    return math.sqrt(variance / (seeds * images)), (seeds - 1) * (variance / seed_square) ** 2


def _distance(freedom: float, family_size: int) -> float:
    """In standard errors, from no difference to one that is found so often."""
    levels = 1 - LEVEL / family_size / 2, POWER
    return float(sum(stats.t.ppf(level, freedom) for level in levels))
