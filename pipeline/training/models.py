"""Trained networks: what rebuilds them, and what they came from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.networks.spec import NetworkSpec


@dataclass(frozen=True, kw_only=True)
class TrainedNetwork:
    """One network, rebuilt from its configuration and its parameters."""

    network: NetworkSpec
    init: str
    """With the seed: what it was before training."""
    seed: int
    run_key: str
    """The key of the training that made it."""
    weights: Mapping[str, np.ndarray]
