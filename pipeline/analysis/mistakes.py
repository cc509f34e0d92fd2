"""Which digits are misclassified, and as what; which of them the paper's figure 8 shows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.analysis.certainty import over_seeds
from pipeline.analysis.errors import BoolArray, FloatArray, diverged
from pipeline.outputs.misclassified import NO_ANSWER, Answers

FIGURE_8 = (
    247, 449, 582, 659, 674, 829, 926, 938, 1014, 1039, 1232, 1319, 1328, 1393, 1530, 1621,
    1681, 1790, 1878, 1901, 1955, 2035, 2043, 2109, 2118, 2129, 2130, 2135, 2293, 2387,
    2414, 2462, 2654, 2921, 2927, 2939, 3030, 3422, 3520, 3762, 3780, 3808, 3869, 3941,
    4176, 4224, 4265, 4369, 4405, 4425, 4497, 4575, 4601, 4740, 4956, 5736, 5749, 5955,
    5973, 6091, 6101, 6173, 6538, 6557, 6558, 6571, 6597, 6783, 7434, 8059, 8094, 8408,
    8527, 9009, 9015, 9679, 9692, 9698, 9729, 9770, 9792, 9904,
)  # fmt: skip
"""MNIST's test images that the paper's LeNet-5 misclassified, counted from 0.

That network was trained with distorted digits: its error was 0.82 %. Found by matching the
pictures of the figure with the test set.
"""


def confusions(scores: FloatArray, labels: npt.NDArray[np.integer]) -> list[list[int]]:
    """How often a digit of each class (row) is read as each (column): (S, N, 10), (N,).

    Over all networks, but for those whose scores are not numbers.
    """
    read = scores[~diverged(scores)].argmax(axis=2)
    counts = np.zeros((10, 10), dtype=np.int64)
    np.add.at(counts, (np.broadcast_to(labels, read.shape), read), 1)
    return counts.tolist()


def of_figure_8(wrong: BoolArray) -> dict[str, Any]:
    """How many of the paper's 82 each of S networks misclassifies, too: (S, 10000)."""
    return over_seeds([int(count) for count in wrong[:, FIGURE_8].sum(axis=1)])


def shared(wrong: Mapping[str, BoolArray]) -> list[int]:
    """The images that more than half of the networks of every variant misclassify."""
    often: Sequence[BoolArray] = [rows.mean(axis=0) > 0.5 for rows in wrong.values()]
    return np.flatnonzero(np.logical_and.reduce(often)).tolist()


def as_what(
    images: Sequence[int], answers: Mapping[str, Answers], labels: npt.NDArray[np.integer]
) -> list[dict[str, Any]]:
    """Of each image its label, and what the networks of each variant take it for: (S, N), (N,).

    That is the wrong answer that most of them give, the lowest of several, and the share of them
    that are wrong; the `answer` is None where none of these has any.
    """
    return [
        {
            "image": image,
            "label": int(labels[image]),
            "variants": {
                name: _as_what(each[:, image], int(labels[image]))
                for name, each in answers.items()
            },
        }
        for image in images
    ]


def _as_what(answers: Answers, label: int) -> dict[str, Any]:
    wrong = answers[answers != label]
    counts = np.bincount(wrong[wrong != NO_ANSWER], minlength=10)
    return {
        "answer": int(counts.argmax()) if counts.any() else None,
        "share": len(wrong) / len(answers),
    }
