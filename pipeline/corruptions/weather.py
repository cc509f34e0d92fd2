"""MNIST-C's fog and spatter (Mu & Gilmer 2019): uint8 digits [N, 28, 28] in and out."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from pipeline.corruptions.geometry import Frames, as_ink
from pipeline.data.mnist import SIDE_PX

Heights = npt.NDArray[np.float32]

DENSITY = 3  # of the fog, where full ink is 1
DECAY = 1 / 1.4**2  # of the plasma's noise from one level to the next: the recipe squares it
LEVELS = 8  # of doubling, from one pixel to 256
AT_ONCE = 32  # plasmas; many more leave the processor's cache
MUD = 63  # level of ink
LIQUID = 0.65  # mean, and where mud begins


def fog(images: Frames, draws: np.random.Generator) -> Frames:
    """Plasma over the digit, then as much less of both as brings full ink back to full."""
    most = images.max(axis=(1, 2), keepdims=True) / np.float32(255)
    fogged = images + 255 * DENSITY * _plasma(len(images), draws)
    return as_ink(fogged * most / (most + DENSITY))


def _plasma(count: int, draws: np.random.Generator) -> Heights:
    """[N, 28, 28], each the corner of a plasma fractal of 256x256 whose range is [0, 1].

    An approximation of that range by that of every second pixel; it costs under a grey level.
    """
    found = np.empty((count, SIDE_PX, SIDE_PX), np.float32)
    for start in range(0, count, AT_ONCE):
        some = found[start : start + AT_ONCE]
        heights = np.zeros((1, 1, len(some)), np.float32)
        for level in range(LEVELS - 1):
            heights = _doubled(heights, DECAY**level, draws)
        low, high = heights.min(axis=(0, 1)), heights.max(axis=(0, 1))
        # One pixel before the corner, because the map's ends meet but those of its part do not.
        corner = np.roll(heights, 1, axis=(0, 1))[: SIDE_PX // 2 + 2, : SIDE_PX // 2 + 2]
        fine = _doubled(corner, DECAY ** (LEVELS - 1), draws)[2 : SIDE_PX + 2, 2 : SIDE_PX + 2]
        some[:] = np.moveaxis((fine - low) / (high - low), -1, 0)
    return found


def _doubled(heights: Heights, noise: float, draws: np.random.Generator) -> Heights:
    """Diamond-square: [side, side, N] to twice the side, opposite edges meeting.

    Each new pixel is the mean of its four neighbours plus uniform noise of this amplitude.
    """
    uniform = draws.random((3, *heights.shape), dtype=np.float32)
    centres, lower, right = np.float32(noise) * (2 * uniform - 1)
    pairs = heights + np.roll(heights, -1, axis=0)
    centres += (pairs + np.roll(pairs, -1, axis=1)) / 4
    lower += (pairs + centres + np.roll(centres, 1, axis=1)) / 4
    across = heights + np.roll(heights, -1, axis=1)
    right += (across + centres + np.roll(centres, 1, axis=0)) / 4
    side = 2 * len(heights)
    doubled = np.empty((side, side, heights.shape[2]), np.float32)
    doubled[::2, ::2], doubled[::2, 1::2] = heights, right
    doubled[1::2, ::2], doubled[1::2, 1::2] = lower, centres
    return doubled


def spatter(images: Frames, draws: np.random.Generator) -> Frames:
    """Mud in the ink's place, wherever blurred noise makes a spot of some size."""
    noise = draws.standard_normal(images.shape, dtype=np.float32)
    wet = _blurred(LIQUID + np.float32(0.3) * noise, 1) > LIQUID
    cover = _blurred(wet.astype(np.float32), 1.5)
    cover[cover < 0.8] = 0
    return as_ink(images * (1 - cover) + MUD * cover)


def _blurred(layers: npt.NDArray[np.float32], sigma: float) -> npt.NDArray[np.float32]:
    """By a Gaussian, in pixels; beyond the edge as at the edge."""
    blurred = ndimage.gaussian_filter(layers, sigma=(0, sigma, sigma), mode="nearest")
    return blurred.astype(np.float32, copy=False)
