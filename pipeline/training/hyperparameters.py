"""What is tuned for each variant."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    learning_rate: float
    """Adam's, at the first step; a cosine takes it to 0."""
    init: Literal["paper", "fan_in"]
    j: float | None
    """The constant of the MAP criterion (eq. 9); None where the output is linear."""
