"""MNIST-C's corruptions that draw over digits (Mu & Gilmer 2019): uint8 [N, 28, 28] in and out."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from pipeline.corruptions.geometry import Frames, as_ink
from pipeline.data.mnist import SIDE_PX

Reals = npt.NDArray[np.floating]

FADE_PX = 2.3  # ink is 1 + log(1 - distance / this)
LENGTH_PX = 23  # of the zigzag, in columns
LEFT_PX = 2  # where it begins
STEP_PX = 2  # its height, and half the distance between its corners


def dotted_line(images: Frames, draws: np.random.Generator) -> Frames:
    """A line across the digit from any row to any other, two columns of every four of it."""
    left, right = draws.integers(SIDE_PX - 1, size=(2, len(images)))
    ink = _line(_points(0, left), _points(SIDE_PX - 1, right))
    ink[:, :, np.arange(SIDE_PX) % 4 < 2] = 0
    return as_ink(images + 255 * ink)


def zigzag(images: Frames, draws: np.random.Generator) -> Frames:
    """A zigzag across the digit, from any row to one up to five rows away."""
    ink = np.zeros(images.shape)
    for start, end in pairwise(_zigzag_corners(len(images), draws)):
        ink += _line(start, end)
    return as_ink(images + 255 * ink)


def _zigzag_corners(count: int, draws: np.random.Generator) -> Reals:
    """Columns and rows, (8, 2, N), of the two ends and the six corners between them."""
    row = draws.integers(SIDE_PX - 1, size=count)
    angle = np.arctan(draws.integers(-5, 5, size=count) / LENGTH_PX)
    length = LENGTH_PX / np.cos(angle)  # at most 23.6: room for six corners, whatever the angle
    corners = [
        _points(STEP_PX * (2 * i + 1), np.full(count, STEP_PX * (-1.0) ** i)) for i in range(6)
    ]
    # The last end lies off the axis, as in the recipe, on the way there from the last corner.
    end = _points(length, -1 / (length - 20))
    along, aside = np.stack([_points(0, np.zeros(count)), *corners, end], axis=1)
    cosine, sine = np.cos(angle), np.sin(angle)
    columns = LEFT_PX + cosine * along - sine * aside
    return np.stack([columns, row + sine * along + cosine * aside], axis=1)


def _points(column: float | Reals, row: npt.NDArray[np.number]) -> Reals:
    return np.stack([np.broadcast_to(column, row.shape), row]).astype(float)


def _line(start: Reals, end: Reals) -> Reals:
    """Ink in [0, 1], [N, 28, 28], of lines to the right between points (2, N): column, row.

    It fades with the distance in rows, whatever the slope. The column of the end has none.
    """
    (left, top), (right, bottom) = start[:, :, None], end[:, :, None]
    at = np.arange(SIDE_PX)
    middle = top + (bottom - top) / (right - left) * (at - left)
    distance = np.abs(at[:, None] - middle[:, None, :])
    ink = 1 + np.log(np.maximum(1 - distance / FADE_PX, np.exp(-1)))
    within = (at >= np.floor(left)) & (at < np.ceil(right))
    return ink * within[:, None, :]
