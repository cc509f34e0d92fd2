"""Arrays of scores and errors, and what is counted in them."""

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]


def diverged(scores: FloatArray) -> BoolArray:
    """Which of S networks give scores that are not numbers: (S, N, classes) -> (S,)."""
    return np.array([np.isnan(network).any() for network in scores])


def error_counts(wrong: BoolArray) -> list[int]:
    """The number of images that each network misclassifies: (S, N) -> S."""
    return [int(count) for count in wrong.sum(axis=1)]
