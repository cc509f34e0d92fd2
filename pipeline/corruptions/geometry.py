"""Corruptions that move ink: square uint8 frames in and out, background around them."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Frames = npt.NDArray[np.uint8]

DIRECTIONS = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}


def shifted(frames: Frames, steps: npt.NDArray[np.integer]) -> Frames:
    """Each frame by its own whole number of pixels, down and to the right: (N, 2).

    Ink that leaves the frame is lost.
    """
    side = frames.shape[1]
    reach = int(np.abs(steps).max())
    padded = np.pad(frames, ((0, 0), (reach, reach), (reach, reach)))
    rows, columns = (
        np.arange(side) + reach - steps[:, axis, None] for axis in (0, 1)
    )  # where each pixel comes from
    return padded[np.arange(len(frames))[:, None, None], rows[:, :, None], columns[:, None, :]]


def along_axes(count: int, pixels: int, draws: np.random.Generator) -> npt.NDArray[np.integer]:
    """Steps of so many pixels, each in one of the four directions."""
    directions = np.array(list(DIRECTIONS.values()))
    return pixels * directions[draws.integers(len(directions), size=count)]


def rotated(frames: Frames, degrees: float, draws: np.random.Generator) -> Frames:
    """Either way, about the centre."""
    turns = np.deg2rad(degrees) * signs(len(frames), draws)
    cosine, sine = np.cos(turns), np.sin(turns)
    return warped(frames, np.stack([cosine, sine, -sine, cosine], axis=1).reshape(-1, 2, 2))


def scaled(frames: Frames, factor: float) -> Frames:
    """Larger than 1: a larger digit, about the centre."""
    matrix = np.eye(2) / factor
    return warped(frames, np.broadcast_to(matrix, (len(frames), 2, 2)))


def sheared(frames: Frames, share: float, draws: np.random.Generator) -> Frames:
    """Rows slide to either side, by this share of their distance from the centre."""
    matrices = np.broadcast_to(np.eye(2), (len(frames), 2, 2)).copy()
    matrices[:, 1, 0] = share * signs(len(frames), draws)
    return warped(frames, matrices)


def thickened(frames: Frames, steps: int) -> Frames:
    """Strokes wider by half a pixel on each side, or thinner where `steps` is below zero.

    On frames of twice the size: a whole pixel would leave too little of a thin stroke.
    """
    change = ndimage.grey_dilation if steps > 0 else ndimage.grey_erosion
    side = frames.shape[1]
    at = (np.arange(2 * side) - 0.5) / 2  # centres of half pixels
    grid = np.stack(np.meshgrid(at, at, indexing="ij"))
    found = np.empty_like(frames)
    for index, frame in enumerate(frames):
        large = ndimage.map_coordinates(frame.astype(np.float32), grid, order=1, mode="nearest")
        for _ in range(abs(steps)):
            large = change(large, size=(3, 3))
        found[index] = as_ink(large.reshape(side, 2, side, 2).mean(axis=(1, 3)))
    return found


def as_ink(values: npt.NDArray[np.floating]) -> Frames:
    """To the nearest of the 256 levels of ink."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def signs(count: int, draws: np.random.Generator) -> npt.NDArray[np.integer]:
    """-1 or 1, (N,), either as likely."""
    return 2 * draws.integers(2, size=count) - 1


def warped(frames: Frames, matrices: npt.NDArray[np.floating]) -> Frames:
    """Bilinear, about the centre; a matrix leads from a pixel (row, column) to its origin."""
    centre = np.full(2, (frames.shape[1] - 1) / 2)
    found = np.empty_like(frames)
    for index, (frame, matrix) in enumerate(zip(frames, matrices, strict=True)):
        found[index] = as_ink(
            ndimage.affine_transform(
                frame.astype(np.float32),
                matrix,
                offset=centre - matrix @ centre,
                order=1,
                mode="grid-constant",
            )
        )
    return found
