"""The points that sweeps try: one design for all variants, on the dimensions that apply."""

import math
from dataclasses import replace

import numpy as np
from scipy.stats import qmc

from pipeline.networks.spec import NetworkSpec
from pipeline.search.space import Range, Search, Space
from pipeline.training.hyperparameters import TUNED, Hyperparameters


def points(
    search: Search, default: Hyperparameters, network: NetworkSpec
) -> list[Hyperparameters]:
    """What the trials of a variant try, in their order: the default, then points of the design.

    Every dimension has a column of the design to itself, so that variants which share a dimension
    try the same values there, and one that lacks it keeps the other values.
    """
    searched = applying(search.dimensions, network)
    design = _design(search)
    tried = [{name: _value(search.dimensions, name, row) for name in searched} for row in design]
    return [default, *(replace(default, **values) for values in tried)]


def applying(dimensions: Space, network: NetworkSpec) -> list[str]:
    """The names of the dimensions that are searched and mean something to this network."""
    searched = [name for name in TUNED if getattr(dimensions, name) is not None]
    return [name for name in searched if TUNED[name].applies(network)]


def _design(search: Search) -> np.ndarray:
    """A scrambled Sobol sequence. Shape [trials - 1, dimensions], values in [0, 1)."""
    sequence = qmc.Sobol(len(TUNED), scramble=True, rng=np.random.default_rng(search.design_seed))
    # Drawn as a whole, for its balance; the first points are the same for any number of trials.
    return sequence.random_base2(math.ceil(math.log2(max(search.trials, 2))))[: search.trials - 1]


def _value(dimensions: Space, name: str, row: np.ndarray) -> float | str:
    share, values = float(row[list(TUNED).index(name)]), getattr(dimensions, name)
    return values.at(share) if isinstance(values, Range) else values[int(share * len(values))]
