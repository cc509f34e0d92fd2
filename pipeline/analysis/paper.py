"""What the paper printed of its networks, beside those of ours that are the same."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

Interval = tuple[float, float]

C5_UNITS = 120
LENET5: dict[str, object] = {
    "input_size": 32,
    "connectivity": "shared",
    "feature_stages": 2,
    "c3_table": "paper",
    "subsampling": "trainable",
    "activation": "scaled_tanh",
    "output": "rbf",
    "hidden_sizes": [],
    "c5_units": "paper",
}


def perceptron(*hidden: int) -> dict[str, object]:
    """784 inputs, layers of these widths, ten outputs."""
    return {"activation": "scaled_tanh", "output": "linear", "hidden_sizes": list(hidden)}


# A variant is the paper's network where it has these words, whatever its name.
SAME: Mapping[str, dict[str, object]] = {
    "LeNet-5": LENET5,
    "28x28-300-10": perceptron(300),
    "28x28-1000-10": perceptron(1000),
    "28x28-300-100-10": perceptron(300, 100),
    "28x28-500-150-10": perceptron(500, 150),
}
# Figure 10 has neither LeNet-5 nor a perceptron that sees 28x28 pixels.
NEAREST: Mapping[str, dict[str, object]] = {"LeNet-4": LENET5}

ERROR, REJECTED, MACS, VARIABLES = "test error", "rejected for 0.5 % error", "MACs", "variables"
# (figure, what it shows) -> its bars: fractions, or counts, of which the paper prints thousands.
# Left out are networks trained with distorted digits, [dist]: ours have never seen any.
FIGURES: Mapping[tuple[int, str], Mapping[str, float]] = {
    (9, ERROR): {
        "LeNet-5": 0.0095,
        "28x28-300-10": 0.047,
        "28x28-1000-10": 0.045,
        "28x28-300-100-10": 0.0305,
        "28x28-500-150-10": 0.0295,
    },
    (10, REJECTED): {"LeNet-4": 0.018},
    (11, MACS): {
        "LeNet-5": 401_000,
        "28x28-1000-10": 795_000,
        "28x28-300-100-10": 267_000,
        "28x28-500-150-10": 469_000,
    },
    (12, VARIABLES): {
        "LeNet-5": 60_000,
        "28x28-1000-10": 795_000,
        "28x28-300-100-10": 267_000,
        "28x28-500-150-10": 469_000,
    },
}


def beside(variants: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row for each of the paper's values and each variant, as recorded, that it speaks of.

    `low` to `high` is where one more run of ours would lie, on this test set, and `reproduced` is
    whether the paper's value lies there; None for sizes, which are arithmetic, and for a network
    that is only the nearest.
    """
    return [
        {
            "figure": figure,
            "quantity": quantity,
            "network": network,
            "paper_value": value,
            "variant": name,
            **_ours(quantity, variant, value if network in SAME else None),
        }
        for (figure, quantity), bars in FIGURES.items()
        for network, value in bars.items()
        for name, variant in variants.items()
        if is_network({**SAME, **NEAREST}[network], variant["network"])
    ]


def is_network(words: Mapping[str, object], network: Mapping[str, object]) -> bool:
    """Whether all of the `words` are those of a network, which tells all of its own."""
    known = dict(network)
    if known.get("c5_units") == C5_UNITS:
        known["c5_units"] = "paper"
    return all(known.get(field) == word for field, word in words.items())


def one_more_run(values: Sequence[float]) -> Interval | None:
    """Where the value of one more seed would lie on the same images, with 95 % probability.

    None where seeds cannot tell: there is one alone, or they do not vary.
    """
    if len(set(values)) < 2:
        return None
    number, mean = len(values), float(np.mean(values))
    quantile = float(stats.t.ppf(0.975, number - 1))
    reach = quantile * float(np.std(values, ddof=1)) * math.sqrt(1 + 1 / number)
    return mean - reach, mean + reach


def _ours(quantity: str, variant: Mapping[str, Any], expected: float | None) -> dict[str, Any]:
    if quantity in (MACS, VARIABLES):
        size = variant["macs" if quantity == MACS else "parameters"]
        return {"ours": size, **dict.fromkeys(("low", "high", "reproduced", "n_seeds"))}
    found = variant["test_error"] if quantity == ERROR else variant["certainty"]["rejected"]
    # A network that diverged counts in the mean; an interval around it would hold anything.
    lost = variant["diverged_seeds"] or found["mean"] is None
    interval = None if lost else one_more_run(found["per_seed"])
    low, high = interval or (None, None)
    return {
        "ours": found["mean"],
        "low": low,
        "high": high,
        "reproduced": _reproduced(interval, expected),
        "n_seeds": found["n_seeds"],
    }


def _reproduced(interval: Interval | None, expected: float | None) -> bool | None:
    if interval is None or expected is None:
        return None
    return interval[0] <= expected <= interval[1]
