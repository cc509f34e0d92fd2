"""A task about one trained network."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.execution.task import Task
from pipeline.networks.spec import NetworkSpec


@dataclass(frozen=True, kw_only=True)
class NetworkTask(Task):
    """The network is its configuration and its parameters."""

    network: NetworkSpec
    weights: Mapping[str, np.ndarray]
