"""Errors on disturbed images: one by one, as curves, and in sum. Exploratory, without verdicts.

A set of images is disturbed in one way at one strength. Along a curve the strength grows; the area
under it is the mean error over the range of strengths, from none at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from pipeline.analysis.certainty import over_seeds
from pipeline.analysis.errors import Answers, BoolArray
from pipeline.analysis.intervals import combined, estimate

IMAGES = "images"  # as they are


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Sets by their strength, in words what the strength is, and where it is none."""

    strength: str
    sets: Mapping[str, Fraction]
    start: str = IMAGES


def _curve(strength: str, sets: Mapping[str, float], start: str = IMAGES) -> Curve:
    exact = {name: Fraction(str(value)) for name, value in sets.items()}
    return Curve(strength=strength, sets=exact, start=start)


# The protocol's 28 sets.
CURVES: Mapping[str, Curve] = {
    "shift": _curve("pixels", {f"shift_{px}": px for px in range(1, 7)}),
    "rotation": _curve("degrees", {f"rotate_{d}": d for d in (10, 20, 30, 45)}),
    "smaller": _curve("1 − scale", {"scale_0.85": 0.15, "scale_0.7": 0.3, "scale_0.5": 0.5}),
    "larger": _curve("scale − 1", {"scale_1.2": 0.2, "scale_1.5": 0.5}),
    "shear": _curve("share of the height", {"shear_0.2": 0.2, "shear_0.4": 0.4}),
    "thinner strokes": _curve("pixels", {"stroke_-1": 1}),
    "thicker strokes": _curve("pixels", {"stroke_+1": 1}),
    "inverted pixels": _curve("share", {f"invert_{p:g}": p for p in (0.05, 0.1, 0.2)}),
    "noise": _curve("s.d., share of full ink", {"noise_0.2": 0.2, "noise_0.4": 0.4}),
    "blur": _curve("s.d., pixels", {"blur_1": 1, "blur_2": 2}),
    "occlusion": _curve("side, pixels", {"occlude_7": 7, "occlude_10": 10}),
}
# Beside them: digits of half the size, which may be shifted by half their height and more.
HALF_HEIGHT = _curve(
    "pixels", {f"half_height_{px}": px for px in range(2, 11, 2)}, start="scale_0.5"
)
PROTOCOL_SETS = tuple(name for curve in CURVES.values() for name in curve.sets)
ONE_PIXEL = tuple(f"shift_1_{to}" for to in ("up", "down", "left", "right"))
NAMED_SETS = (*PROTOCOL_SETS, *HALF_HEIGHT.sets, *ONE_PIXEL)
MNIST_C = "mnist_c_"

Rows = Mapping[str, BoolArray]
"""Whether each of S networks misreads each of N images, by the set that these are of."""


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
                "strength": curve.strength,
                "start": curve.start,
                "sets": {each: float(strength) for each, strength in curve.sets.items()},
            }
            for name, curve in {**CURVES, "half height": HALF_HEIGHT}.items()
        },
        "variants": {
            name: _variant(rows, reference if name != baseline else None)
            for name, rows in known.items()
        },
    }


def sums(rows: Rows) -> dict[str, dict[str, Fraction]]:
    """The weights of every sum over sets that is reported."""
    mnist_c = tuple(name for name in rows if name.startswith(MNIST_C))
    return {
        "28 sets": mean_weights(PROTOCOL_SETS),
        "MNIST-C": mean_weights(mnist_c),
        **{name: area_weights(curve) for name, curve in CURVES.items()},
        "half height": area_weights(HALF_HEIGHT),
    }


def _variant(rows: Rows, reference: Rows | None) -> dict[str, Any]:
    weights = sums(rows)

    def told(of: Mapping[str, np.ndarray]) -> dict[str, Any]:
        return {name: combined(each, of).told() for name, each in weights.items()}

    return {
        "sets": {name: estimate(each).told() for name, each in rows.items()},
        "sums": told(rows),
        "changes": told(differences(rows, reference)) if reference else None,
        "relative": over_seeds(_relative(rows, reference)) if reference else None,
    }


def differences(rows: Rows, reference: Rows) -> dict[str, np.ndarray]:
    """Set by set, -1, 0 or 1: which images are misread here and not there."""
    return {name: rows[name].astype(np.int8) - reference[name].astype(np.int8) for name in rows}


def _relative(rows: Rows, reference: Rows) -> list[float | None]:
    """By seed: what the 28 sets add to the error, as a multiple of what they add to the other's.

    None where they add nothing to that, or where a network reads no image right anyway.
    """
    added, added_to_other = (_added(each) for each in (rows, reference))
    lost = np.logical_or(*(np.all(each[IMAGES], axis=1) for each in (rows, reference)))
    return [
        None if gone or other <= 0 else float(one / other)
        for one, other, gone in zip(added, added_to_other, lost, strict=True)
    ]


def _added(rows: Rows) -> np.ndarray:
    disturbed = np.mean([rows[name].mean(axis=1) for name in PROTOCOL_SETS], axis=0)
    return disturbed - rows[IMAGES].mean(axis=1)


def consistency(clean: Answers, shifted: Answers, labels: np.ndarray) -> dict[str, Any]:
    """How often a shift by one pixel leaves the answer as it was: (S, N), (4, S, N), (N,).

    `same` counts every answer, so that a network which always says 1 reaches 100 %;
    `same_and_right` only right ones. Shares of images and directions, intervals over seeds alone.
    """
    same = (shifted == clean) & (clean <= 9)
    right = clean == labels
    return {
        "same": over_seeds([float(share) for share in same.mean(axis=(0, 2))]),
        "same_and_right": over_seeds([float(x) for x in (same & right).mean(axis=(0, 2))]),
    }
