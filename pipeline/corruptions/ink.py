"""Corruptions that change ink where it is: uint8 frames [N, 32, 32] in and out."""

import numpy as np
from scipy import ndimage

from pipeline.corruptions.geometry import Frames, as_ink

MARGIN_PX = 2  # of the frame around the digit's 28x28: no square is hidden there


def inverted(frames: Frames, share: float, draws: np.random.Generator) -> Frames:
    """Each pixel with this probability: the paper's noise of section III.E."""
    return np.where(draws.random(frames.shape) < share, 255 - frames, frames)


def noisy(frames: Frames, deviation: float, draws: np.random.Generator) -> Frames:
    """Gaussian noise on every pixel; its standard deviation as a share of full ink."""
    noise = 255 * deviation * draws.standard_normal(frames.shape, dtype=np.float32)
    return as_ink(frames + noise)


def blurred(frames: Frames, sigma: float) -> Frames:
    """By a Gaussian, in pixels."""
    return as_ink(
        ndimage.gaussian_filter(
            frames.astype(np.float32), sigma=(0, sigma, sigma), mode="constant"
        )
    )


def occluded(frames: Frames, pixels: int, draws: np.random.Generator) -> Frames:
    """A square of background of this side, anywhere on the digit's 28x28."""
    side = frames.shape[1]
    corners = draws.integers(MARGIN_PX, side - MARGIN_PX - pixels + 1, size=(2, len(frames)))
    rows, columns = (np.arange(side) - corner[:, None] for corner in corners)
    hidden_rows, hidden_columns = ((each >= 0) & (each < pixels) for each in (rows, columns))
    hidden = hidden_rows[:, :, None] & hidden_columns[:, None, :]
    return np.where(hidden, 0, frames).astype(np.uint8)
