"""Which idea earns its keep: the error shared out among locality, weight sharing and subsampling.

Each idea's worth is its Shapley value over the orders in which the three can be added; sharing
needs locality, which leaves three orders, of equal weight.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.analysis.errors import BoolArray
from pipeline.analysis.intervals import estimate

# Which of Locality, Sharing and subsamPling a network has, by how it differs from LeNet-5.
CELLS: Mapping[str, Mapping[str, str]] = {
    "none": {"connectivity": "full", "subsampling": "stride"},
    "P": {"connectivity": "full"},
    "L": {"connectivity": "unshared", "subsampling": "stride"},
    "LP": {"connectivity": "unshared"},
    "LS": {"subsampling": "stride"},
    "LSP": {},
}
# A third of these sums of errors is what an idea adds to the error.
THIRDS: Mapping[str, Mapping[str, int]] = {
    "locality": {"L": 2, "none": -2, "LP": 1, "P": -1},
    "weight sharing, given locality": {"LS": 1, "L": -1, "LSP": 2, "LP": -2},
    "subsampling": {"LSP": 1, "LS": -1, "LP": 1, "L": -1, "P": 1, "none": -1},
    "interaction of sharing and subsampling": {"LSP": 3, "LS": -3, "LP": -3, "L": 3},
}


def attribution(
    wrong: Mapping[str, BoolArray | None], differences: Mapping[str, Mapping[str, object]]
) -> dict[str, Any]:
    """What each idea adds to the error (a fraction; below zero it helps), with its interval.

    `missing` are the cells that this study lacks, as the words of a variant; `ideas` are those
    for which it has all. `wrong[name]` is (S, I) over paired seeds; None if a seed is missing.
    """
    found: dict[str, BoolArray] = {}
    for cell, words in CELLS.items():
        names = [name for name, difference in differences.items() if difference == words]
        rows = wrong[names[0]] if names else None
        if rows is not None:
            found[cell] = rows
    return {
        "missing": [dict(words) for cell, words in CELLS.items() if cell not in found],
        "ideas": {
            idea: _worth(weights, found)
            for idea, weights in THIRDS.items()
            if weights.keys() <= found.keys()
        },
    }


def _worth(weights: Mapping[str, int], found: Mapping[str, BoolArray]) -> dict[str, Any]:
    rows = np.array([weight * found[cell].astype(np.int8) for cell, weight in weights.items()])
    thrice = estimate(rows.sum(axis=0))
    ci95 = thrice.interval(0.95)
    return {
        "effect": thrice.mean / 3,
        "ci95": (ci95[0] / 3, ci95[1] / 3) if ci95 else None,
        "n_seeds": rows.shape[1],
        "n_images": rows.shape[2],
    }
