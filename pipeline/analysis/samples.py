"""Errors of networks trained on fewer images: by their number, and in sum. Without verdicts.

The sum is the area under the error along the logarithm of the number of training images, up to
all of them, over its range: a mean in which every doubling counts the same.
"""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.analysis.attribution import attribution
from pipeline.analysis.errors import BoolArray
from pipeline.analysis.intervals import combined
from pipeline.analysis.robustness import Curve, Rows, area_weights, differences
from pipeline.outputs.samples import SamplePredictions

STEPS = 5000  # of the range, to which logarithms are rounded: sums are exact, in 64 bits
AREA = "area"
MEASURE = "sample efficiency"

Weights = Mapping[str, Fraction]


def sample_efficiency(
    variants: Mapping[str, Rows], *, baseline: str, roles: Mapping[str, str]
) -> dict[str, Any] | None:
    """Every variant's errors by number of training images, and paired with the baseline's.

    `variants` have the rows of `wrong_by_number`; None where there are none. `roles` are the
    parts in the attribution, with the variants that play them.
    """
    if not variants:
        return None
    reference, numbers = variants.get(baseline), list(next(iter(variants.values())))
    area = log_area(list(map(int, numbers)))
    weights = {**{number: {number: Fraction(1)} for number in numbers}, AREA: area}
    nodes = {role: variants.get(name) for role, name in roles.items()}
    return {
        "sizes": list(map(int, numbers)),
        "variants": {
            name: _variant(rows, weights, reference if name != baseline else None)
            for name, rows in variants.items()
        },
        "attribution": attribution(nodes, {MEASURE: area}),
    }


def wrong_by_number(
    samples: SamplePredictions, labels: npt.NDArray[np.integer], *, on_all: BoolArray, count: int
) -> Rows:
    """Which images (S, N) are misclassified, by the number of training images in decimal.

    `on_all` are those that networks trained on all `count` images misclassify.
    """
    fewer = zip(samples.sizes, samples.predictions, strict=True)
    return {**{str(size): answers != labels for size, answers in fewer}, str(count): on_all}


def log_area(sizes: Sequence[int]) -> dict[str, Fraction]:
    """What the error after each number of images counts for in the area; two numbers at least."""
    logs = [math.log(size / sizes[0]) for size in sizes]
    places = [Fraction(round(STEPS * log / logs[-1]), STEPS) for log in logs]
    (start, _), *others = zip(map(str, sizes), places, strict=True)
    return area_weights(Curve(unit="logarithm", sets=dict(others), start=start))


def _variant(
    rows: Rows, weights: Mapping[str, Weights], reference: Rows | None
) -> dict[str, dict[str, Any] | None]:
    def reported(of: Mapping[str, npt.NDArray[Any]]) -> dict[str, Any]:
        return {key: combined(each, of).to_dict() for key, each in weights.items()}

    return {
        "errors": reported(rows),
        "changes": reported(differences(rows, reference)) if reference else None,
    }
