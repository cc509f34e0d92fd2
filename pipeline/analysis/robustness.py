"""Errors on corrupted test sets: set by set, as curves, and in sum. Exploratory, without verdicts.

A set has one corruption at one strength. Along a curve the strength grows; the area under it is
the mean error over the range of strengths, from 0 on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from pipeline.analysis.certainty import over_seeds
from pipeline.analysis.errors import BoolArray
from pipeline.analysis.intervals import combined, estimate
from pipeline.corruptions.corruption import Group
from pipeline.corruptions.registry import by_family, set_names
from pipeline.outputs.misclassified import Answers

IMAGES = "images"  # the test set without any corruption


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Sets by their strength, the unit of strength, and the set at strength 0."""

    unit: str
    sets: Mapping[str, Fraction]
    start: str = IMAGES


Rows = Mapping[str, BoolArray]
"""Whether each of S networks misclassifies each of N images, by the set that these are of."""


def curves(*groups: Group) -> dict[str, Curve]:
    """The families of these groups, each by growing strength."""
    return {
        name: Curve(
            unit=family[0].unit,
            sets={each.name: each.strength for each in family},
            start=family[0].start or IMAGES,
        )
        for group in groups
        for name, family in by_family(group).items()
    }


def area_weights(curve: Curve) -> dict[str, Fraction]:
    """What each set counts for in the area: the trapezoid rule over the range of strengths."""
    points = [(curve.start, Fraction(0)), *curve.sets.items()]
    reach = points[-1][1]
    weights = dict.fromkeys((name for name, _ in points), Fraction(0))
    for (one, low), (other, high) in pairwise(points):
        for name in (one, other):
            weights[name] += (high - low) / reach / 2
    return weights


def mean_weights(names: tuple[str, ...]) -> dict[str, Fraction]:
    """For the mean error over these sets."""
    return dict.fromkeys(names, Fraction(1, len(names)))


def robustness(variants: Mapping[str, Rows | None], baseline: str) -> dict[str, Any]:
    """Everything about every variant whose seeds are complete; paired with the baseline's."""
    known = {name: rows for name, rows in variants.items() if rows is not None}
    reference = known.get(baseline)
    return {
        "curves": {
            name: {
                "unit": curve.unit,
                "start": curve.start,
                "sets": {each: float(strength) for each, strength in curve.sets.items()},
            }
            for name, curve in curves(Group.MEAN, Group.HALF_HEIGHT).items()
        },
        "variants": {
            name: _variant(rows, reference if name != baseline else None)
            for name, rows in known.items()
        },
    }


def sums() -> dict[str, dict[str, Fraction]]:
    """The weights of every sum over sets that is reported."""
    areas = curves(Group.MEAN, Group.HALF_HEIGHT)
    return {
        **{group.value: mean_weights(set_names(group)) for group in (Group.MEAN, Group.MNIST_C)},
        **{name: area_weights(curve) for name, curve in areas.items()},
    }


def _variant(rows: Rows, reference: Rows | None) -> dict[str, Any]:
    weights = sums()

    def estimates(of: Mapping[str, np.ndarray]) -> dict[str, Any]:
        return {name: combined(each, of).to_dict() for name, each in weights.items()}

    return {
        "sets": {name: estimate(each).to_dict() for name, each in rows.items()},
        "sums": estimates(rows),
        "differences": estimates(differences(rows, reference)) if reference else None,
        "relative": over_seeds(_relative(rows, reference)) if reference else None,
    }


def differences(rows: Rows, reference: Rows) -> dict[str, np.ndarray]:
    """Set by set, -1, 0 or 1: which images are misclassified here and not there."""
    return {name: rows[name].astype(np.int8) - reference[name].astype(np.int8) for name in rows}


def _relative(rows: Rows, reference: Rows) -> list[float | None]:
    """By seed: what corruption adds to the mean error, divided by what it adds to the reference's.

    None where it adds nothing to the reference's, or where a network misclassifies every image
    without corruption.
    """
    added, added_to_reference = (_added(each) for each in (rows, reference))
    lost = np.logical_or(*(np.all(each[IMAGES], axis=1) for each in (rows, reference)))
    return [
        None if gone or other <= 0 else float(one / other)
        for one, other, gone in zip(added, added_to_reference, lost, strict=True)
    ]


def _added(rows: Rows) -> np.ndarray:
    corrupted = np.mean([rows[name].mean(axis=1) for name in set_names(Group.MEAN)], axis=0)
    return corrupted - rows[IMAGES].mean(axis=1)


def consistency(clean: Answers, shifted: Answers, labels: np.ndarray) -> dict[str, Any]:
    """Prediction consistency under one-pixel shifts: of answers (S, N), (4, S, N), labels (N,).

    `consistent` counts every answer that a shift leaves as it was, so that a network which
    always says 1 reaches 100 %; `consistent_and_correct` only correct ones. Shares of images and
    directions, intervals over seeds alone.
    """
    same = (shifted == clean) & (clean <= 9)
    correct = same & (clean == labels)
    return {
        name: over_seeds([float(share) for share in each.mean(axis=(0, 2))])
        for name, each in (("consistent", same), ("consistent_and_correct", correct))
    }
