"""Which idea earns its keep: the error shared out among locality, weight sharing and subsampling.

Each idea's worth is its Shapley value over the orders in which the three can be added; sharing
needs locality, which leaves three orders, of equal weight.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from pipeline.analysis.errors import BoolArray
from pipeline.analysis.intervals import combined
from pipeline.analysis.robustness import Rows
from pipeline.analysis.roles import LATTICE


def _thirds(**weights: int) -> dict[str, Fraction]:
    return {node: Fraction(weight, 3) for node, weight in weights.items()}


# What an idea adds to the error, as a sum of errors.
CONTRIBUTIONS: Mapping[str, Mapping[str, Fraction]] = {
    "locality": _thirds(L=2, none=-2, LP=1, P=-1),
    "weight sharing, given locality": _thirds(LS=1, L=-1, LSP=2, LP=-2),
    "subsampling": _thirds(LSP=1, LS=-1, LP=1, L=-1, P=1, none=-1),
    "interaction of sharing and subsampling": _thirds(LSP=3, LS=-3, LP=-3, L=3),
}


def attribution(
    networks: Mapping[str, Rows | None], measures: Mapping[str, Mapping[str, Fraction]]
) -> dict[str, Any]:
    """What each idea adds to each measure (below zero it helps), with its interval.

    `networks[node][set]` is (S, I) over paired seeds, by the names of the lattice; None if a seed
    is missing. A measure is a sum of errors on sets, by their weights. `missing` are the nodes
    that this study lacks, as the words of a variant; `ideas` are those for which it has all.
    """
    found = {node: rows for node in LATTICE if (rows := networks.get(node)) is not None}
    return {
        "missing": [dict(words) for node, words in LATTICE.items() if node not in found],
        "ideas": {
            idea: {
                name: _contribution(nodes, measure, found) for name, measure in measures.items()
            }
            for idea, nodes in CONTRIBUTIONS.items()
            if nodes.keys() <= found.keys()
        },
    }


def contribution_weights(
    nodes: Mapping[str, Fraction], measure: Mapping[str, Fraction]
) -> dict[tuple[str, str], Fraction]:
    """Of each node's errors on each set."""
    return {
        (node, name): part * weight
        for node, part in nodes.items()
        for name, weight in measure.items()
    }


def picked(
    weights: Iterable[tuple[str, str]], networks: Mapping[str, Rows]
) -> dict[tuple[str, str], BoolArray]:
    """The rows that a sum by weights takes."""
    return {(node, name): networks[node][name] for node, name in weights}


def _contribution(
    nodes: Mapping[str, Fraction], measure: Mapping[str, Fraction], found: Mapping[str, Rows]
) -> dict[str, Any]:
    weights = contribution_weights(nodes, measure)
    return combined(weights, picked(weights, found)).to_dict()
