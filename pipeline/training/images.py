"""The digits that tasks share: images, labels and the lists of indices that they name."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Images:
    images: np.ndarray
    """uint8 [N, 28, 28]"""
    labels: np.ndarray
    """uint8 [N]"""
    subsets: Mapping[str, np.ndarray] = field(default_factory=dict)
    """int64 indices into the two, by their digest"""
