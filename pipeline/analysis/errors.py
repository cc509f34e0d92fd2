"""Which images a network gets wrong, read off its scores."""

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]
Answers = npt.NDArray[np.uint8]
"""Digits; 255 where a network has no answer."""
NO_ANSWER = 255


def wrong(scores: npt.NDArray[np.floating], labels: npt.NDArray[np.integer]) -> BoolArray:
    """Whether each of S networks misreads each of N images: (S, N, classes), (N,) -> (S, N).

    An image is read right only if its label's score lies above every other score. So a tie is
    wrong, for the network has not decided, and so is a score that is not a number.
    """
    is_label = labels[:, None] == np.arange(scores.shape[2])
    best_other = np.where(is_label, -np.inf, scores).max(axis=2)
    return ~(scores[:, is_label] > best_other)


def answers(scores: npt.NDArray[np.floating]) -> Answers:
    """The likeliest class, or 255 where there is none: (S, N, classes) -> (S, N).

    None where two scores share the first place, or where scores are not numbers.
    """
    decided = (scores == scores.max(axis=2, keepdims=True)).sum(axis=2) == 1
    return np.where(decided, scores.argmax(axis=2), NO_ANSWER).astype(np.uint8)


def diverged(scores: FloatArray) -> BoolArray:
    """Which of S networks give scores that are not numbers: (S, N, classes) -> (S,)."""
    return np.array([np.isnan(network).any() for network in scores])


def error_counts(wrong: BoolArray) -> list[int]:
    """The number of images that each network misreads: (S, N) -> S."""
    return [int(count) for count in wrong.sum(axis=1)]
