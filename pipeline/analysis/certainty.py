"""What scores say beyond the answer: whom a network would turn away, and how sure it is."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.special import softmax

from pipeline.analysis.errors import BoolArray, FloatArray

ONE_IN = 200  # accepted images that may be misclassified: 0.5 % (section III.C, figure 10)
BINS = 15


def certainty(
    scores: FloatArray, wrong: BoolArray, labels: npt.NDArray[np.integer]
) -> dict[str, Any]:
    """`rejected`, `ece` and `brier` of S networks: (S, N, 10), (S, N), (N,).

    Each is a mean over the networks, with an interval over seeds alone: on these images.
    """
    networks = [_certainty(*each, labels) for each in zip(scores, wrong, strict=True)]
    return {name: over_seeds([each[name] for each in networks]) for name in networks[0]}


def over_seeds(values: Sequence[float | None]) -> dict[str, Any]:
    """Mean, 95 % t interval and what they are made of; no mean where a value is missing."""
    known = [value for value in values if value is not None]
    complete = len(known) == len(values)
    spread = float(np.std(known, ddof=1)) if complete and len(known) > 1 else 0.0
    mean = float(np.mean(known)) if complete else None
    half_width = float(stats.t.ppf(0.975, len(values) - 1)) * spread / np.sqrt(len(values))
    return {
        "mean": mean,
        "ci95": (mean - half_width, mean + half_width) if mean is not None and spread else None,
        "per_seed": list(values),
        "n_seeds": len(values),
    }


def _certainty(
    scores: FloatArray, wrong: BoolArray, labels: npt.NDArray[np.integer]
) -> dict[str, float | None]:
    if not np.isfinite(scores).all():
        return dict.fromkeys(("rejected", "ece", "brier"))
    # The junk class of eq. 9 is left out, and there is no temperature.
    probabilities = softmax(scores.astype(np.float64), axis=1)
    return {
        "rejected": rejected(scores, wrong),
        "ece": calibration_error(probabilities.max(axis=1), ~wrong),
        "brier": float(((probabilities - np.eye(10)[labels]) ** 2).sum(axis=1).mean()),
    }


def rejected(scores: FloatArray, wrong: BoolArray) -> float:
    """Share of the images to turn away until one in 200 of the others is misclassified, at most.

    Those go first whose two best scores are nearest: the paper's rule (section III.C). Images that
    are equally near go together.
    """
    second, best = np.partition(scores.astype(np.float64), -2, axis=1)[:, -2:].T
    gaps = best - second
    order = np.argsort(-gaps, kind="stable")
    accepted = np.arange(1, len(gaps) + 1)
    whole = np.append(np.diff(gaps[order]) != 0, True)
    good = accepted[whole & (np.cumsum(wrong[order]) * ONE_IN <= accepted)]
    return 1 - int(good.max(initial=0)) / len(gaps)


def calibration_error(confidence: npt.NDArray[np.float64], right: BoolArray) -> float:
    """Expected calibration error in 15 bins of equal width: how far claims are from facts."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    claimed = np.bincount(bins, weights=confidence, minlength=BINS)
    happened = np.bincount(bins, weights=right, minlength=BINS)
    return float(np.abs(claimed - happened).sum() / len(confidence))
