"""An estimate over seeds and images at once, and what its interval covers.

The networks of S seeds judge the same I images, so errors share two sources of luck: the seed's
and the image's. The interval asks about new seeds and new images: the multi-reader multi-case
analysis of Obuchowski and Rockette (1995), with the degrees of freedom of Hillis (2007); seeds are
the readers.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import stats

K = TypeVar("K")
Whole = npt.NDArray[np.integer] | npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean over seeds and images (a fraction), and how far it may be off.

    `standard_error` and `degrees_of_freedom` are None where the data cannot tell: one seed, or no
    variation at all. The degrees of freedom are infinite where seeds do not vary but images do.
    """

    num_seeds: int
    num_images: int
    mean: float
    standard_error: float | None
    degrees_of_freedom: float | None

    def interval(self, level: float) -> tuple[float, float] | None:
        """The two-sided interval at `level` (0.95, say), or None where there is none."""
        if self.standard_error is None:
            return None
        quantile = float(stats.t.ppf((1 + level) / 2, self.degrees_of_freedom))
        half_width = quantile * self.standard_error
        return self.mean - half_width, self.mean + half_width

    def p_value(self) -> float | None:
        """Two-sided p of a true mean of zero, over new seeds and new images; or None."""
        if self.standard_error is None:
            return None
        return float(2 * stats.t.sf(abs(self.mean) / self.standard_error, self.degrees_of_freedom))

    def divided(self, scale: int) -> "Estimate":
        """That of the same values, each divided by `scale`."""
        error = self.standard_error
        return replace(
            self, mean=self.mean / scale, standard_error=None if error is None else error / scale
        )

    def to_dict(self) -> dict[str, Any]:
        """As plain values for the record: `mean`, `ci95`, `n_seeds`, `n_images`."""
        return {
            "mean": self.mean,
            "ci95": self.interval(0.95),
            "n_seeds": self.num_seeds,
            "n_images": self.num_images,
        }


def estimate(values: Whole) -> Estimate:
    """The mean of whole numbers (S, I), one row a seed and one column an image, crossed.

    `values` is wrong(variant), or wrong(variant) - wrong(baseline) over paired seeds.
    """
    assert values.ndim == 2
    assert values.shape[1] > 1
    num_seeds, num_images = values.shape
    values = values.astype(np.int64)
    standard_error = degrees_of_freedom = None
    if num_seeds > 1:
        seed_square, variance = _mean_squares(values)
        if variance:
            share = float(seed_square / variance)
            standard_error = math.sqrt(variance / values.size)
            degrees_of_freedom = (num_seeds - 1) / share**2 if share else math.inf
    return Estimate(
        num_seeds=num_seeds,
        num_images=num_images,
        mean=float(Fraction(int(values.sum()), values.size)),
        standard_error=standard_error,
        degrees_of_freedom=degrees_of_freedom,
    )


def weighted(weights: Mapping[K, Fraction], rows: Mapping[K, Whole]) -> tuple[Whole, int]:
    """The sum of rows (S, I) by exact weights, and the whole number that it is too large by."""
    scale = math.lcm(*(weight.denominator for weight in weights.values()))
    parts = [int(weight * scale) * rows[key].astype(np.int64) for key, weight in weights.items()]
    return np.sum(parts, axis=0), scale


def combined(weights: Mapping[K, Fraction], rows: Mapping[K, Whole]) -> Estimate:
    """The estimate of a sum of such values by exact weights: linear, so nothing else changes."""
    total, scale = weighted(weights, rows)
    return estimate(total).divided(scale)


def _mean_squares(values: npt.NDArray[np.int64]) -> tuple[Fraction, Fraction]:
    """(MS_S, N = MS_S + max(MS_I - MS_E, 0)), exact, so that "no variation" is a fact."""
    num_seeds, num_images = values.shape
    size = num_seeds * num_images
    by_seed = int((values.sum(axis=1) ** 2).sum())
    by_image = int((values.sum(axis=0) ** 2).sum())
    squares, total_squared = int((values**2).sum()), int(values.sum()) ** 2
    # Sums of squares about the means, each times the number of values to stay whole.
    of_seeds = num_seeds * by_seed - total_squared
    of_images = num_images * by_image - total_squared
    residual = size * squares - total_squared - of_seeds - of_images
    seed_square = Fraction(of_seeds, size * (num_seeds - 1))
    image_square = Fraction(of_images, size * (num_images - 1))
    residual_square = Fraction(residual, size * (num_seeds - 1) * (num_images - 1))
    return seed_square, seed_square + max(image_square - residual_square, Fraction(0))
