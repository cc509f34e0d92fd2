"""The one rule for which class a network answers, and whether it misclassifies an image."""

import numpy as np
import numpy.typing as npt

Answers = npt.NDArray[np.uint8]
"""Classes; `NO_ANSWER` where a network has not decided."""
NO_ANSWER = 255


def answers(scores: npt.NDArray[np.floating]) -> Answers:
    """The class with the highest score, or 255 where there is none: (..., classes) -> (...).

    None where two scores are the highest, or where any score is NaN.
    """
    decided = (scores == scores.max(axis=-1, keepdims=True)).sum(axis=-1) == 1
    return np.where(decided, scores.argmax(axis=-1), NO_ANSWER).astype(np.uint8)


def is_wrong(
    scores: npt.NDArray[np.floating], labels: npt.NDArray[np.integer]
) -> npt.NDArray[np.bool_]:
    """Whether each image is misclassified: (..., N, classes), (N,) -> (..., N).

    Right is only a label whose score lies above every other. So a tie is wrong, and so is an
    image with any score that is NaN.
    """
    return answers(scores) != labels


def error_rate(scores: npt.NDArray[np.floating], labels: npt.NDArray[np.integer]) -> float:
    """The share of images that one network misclassifies: (N, classes), (N,)."""
    return float(is_wrong(scores, labels).mean())
