"""What the networks of a variant say together: the errors of ensembles, and McNemar's test."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from pipeline.analysis.errors import BoolArray, FloatArray
from pipeline.outputs.misclassified import is_wrong

Pair = tuple[str, str]


def ensembles(
    scores: Mapping[str, FloatArray], labels: npt.NDArray[np.integer], pairs: Iterable[Pair]
) -> dict[str, Any]:
    """The error of each variant's mean scores, and what two such ensembles alone misclassify.

    `scores[name]` is (S, N, 10), labels (N,). Where a network diverged its ensemble says nothing;
    ensembles of unlike size are not compared.
    """
    missed = {name: _missed(each, labels) for name, each in scores.items()}
    return {
        "variants": {
            name: {
                "error": None if rows is None else float(rows.mean()),
                "n_networks": len(scores[name]),
                "n_images": len(labels),
            }
            for name, rows in missed.items()
        },
        "comparisons": [
            {"variant": variant, "baseline": baseline}
            | (
                mcnemar(missed[variant], missed[baseline])
                if len(scores[variant]) == len(scores[baseline])
                else mcnemar(None, None)
            )
            for variant, baseline in pairs
        ],
    }


def mcnemar(variant: BoolArray | None, baseline: BoolArray | None) -> dict[str, Any]:
    """The exact two-sided test of who misclassifies which of N images: (N,); None without either.

    If both were alike, an image that one alone misclassifies could as well be the other's.
    """
    if variant is None or baseline is None:
        return dict.fromkeys(("only_variant", "only_baseline", "p_value"))
    only_variant, only_baseline = (
        int(each.sum()) for each in (variant & ~baseline, baseline & ~variant)
    )
    discordant = only_variant + only_baseline
    return {
        "only_variant": only_variant,
        "only_baseline": only_baseline,
        "p_value": float(stats.binomtest(only_variant, discordant).pvalue) if discordant else 1.0,
    }


def _missed(scores: FloatArray, labels: npt.NDArray[np.integer]) -> BoolArray | None:
    """Which images the mean of the scores misclassifies: (S, N, 10), (N,) -> (N,)."""
    if not np.isfinite(scores).all():
        return None
    return is_wrong(scores.mean(axis=0, dtype=np.float64, keepdims=True), labels)[0]
