"""MNIST-C's corruptions at their default severity (Mu & Gilmer 2019), except for four.

`strokes.py` and `weather.py` hold these. All take uint8 digits [N, 28, 28] and give
the same. An approximation of the released files throughout: the draws are our own, and ink is
rounded to the nearest of its 256 levels.
"""

import numpy as np
from scipy import ndimage
from skimage.feature import canny

from pipeline.corruptions.geometry import (
    Frames,
    as_ink,
    rotated,
    scaled,
    shifted,
    signs,
    warped,
)

IMPULSES = 0.17  # share of the pixels, on average
GLASS_SIGMA_PX = 0.7
MOTION_SIGMA_PX = 3
MOTION_RADIUS_PX = 10
TURN_RAD = 0.4  # of `rotate` and of `shear`


def shot_noise(images: Frames, draws: np.random.Generator) -> Frames:
    """Full ink is three photons on average; more than three saturate."""
    photons = draws.poisson(images * np.float32(3 / 255))
    return as_ink(255 / 3 * photons)


def impulse_noise(images: Frames, draws: np.random.Generator) -> Frames:
    """Salt and pepper in equal parts, each pixel on its own."""
    chance = draws.random(images.shape, dtype=np.float32)
    extremes = np.where(chance < IMPULSES / 2, np.uint8(0), np.uint8(255))
    return np.where(chance < IMPULSES, extremes, images)


def glass_blur(images: Frames, draws: np.random.Generator) -> Frames:
    """Pixels swapped with their neighbours, blurred before and after.

    Both blurs run along columns only: the released recipe declares its last axis to be colour.
    """
    pixels = np.moveaxis(_blurred_along_columns(images), 0, -1).copy()
    for _ in range(2):
        _swap_neighbours(pixels, draws)
    return _blurred_along_columns(np.moveaxis(pixels, -1, 0))


def _blurred_along_columns(images: Frames) -> Frames:
    return as_ink(
        ndimage.gaussian_filter1d(
            images.astype(np.float32), GLASS_SIGMA_PX, axis=1, mode="nearest"
        )
    )


def _swap_neighbours(pixels: Frames, draws: np.random.Generator) -> None:
    """In place, [28, 28, N], from the last pixel to the first, so that one may go far.

    Half of the pixels stay; the others go up, left, both or, again, nowhere.
    """
    side, _, count = pixels.shape
    which = np.arange(count)
    for row in range(side - 1, 1, -1):
        for column in range(side - 1, 1, -1):
            goes, up, left = draws.integers(2, size=(3, count), dtype=np.int8)
            there = row - goes * up, column - goes * left, which
            here = pixels[row, column].copy()
            pixels[row, column] = pixels[there]
            pixels[there] = here


def motion_blur(images: Frames, draws: np.random.Generator) -> Frames:
    """A trail of half a Gaussian, up to 45 degrees off the horizontal.

    An approximation of ImageMagick's `MotionBlurImage`, by the same kernel on the same whole
    pixels, but with background beyond the edge, where ImageMagick repeats the edge.
    """
    angles = np.deg2rad(draws.uniform(-45, 45, len(images)))
    away = -np.stack([np.sin(angles), np.cos(angles)], axis=1)
    taps = np.arange(2 * MOTION_RADIUS_PX + 1)  # all on one side
    weights = np.exp(-0.5 * (taps / MOTION_SIGMA_PX) ** 2).astype(np.float32)
    trail = np.zeros(images.shape, np.float32)
    for tap, weight in zip(taps, weights / weights.sum(), strict=True):
        trail += weight * shifted(images, np.rint(tap * away).astype(int))
    return as_ink(trail)


def shear(images: Frames, draws: np.random.Generator) -> Frames:
    """Rows slide to either side by the sine of an angle, and the digit grows by 1 / its cosine.

    About the centre. This is what scikit-image called a shear when MNIST-C was made; today's
    slides rows by the tangent and keeps the digit's height.
    """
    leans = TURN_RAD * signs(len(images), draws)
    cosine, sine = np.cos(leans), np.sin(leans)
    matrices = np.stack([cosine, np.zeros_like(leans), -sine, np.ones_like(leans)], axis=1)
    return warped(images, matrices.reshape(-1, 2, 2))


def scale(images: Frames) -> Frames:
    """Shrunk about the centre: as `scale_0.7`, which is made on the larger frame."""
    return scaled(images, 0.7)


def rotate(images: Frames, draws: np.random.Generator) -> Frames:
    """By 23 degrees either way, about the centre."""
    return rotated(images, np.rad2deg(TURN_RAD), draws)


def translate(images: Frames, draws: np.random.Generator) -> Frames:
    """Three pixels along each of the two axes, either way on each."""
    return shifted(images, 3 * signs(2 * len(images), draws).reshape(-1, 2))


def brightness(images: Frames) -> Frames:
    """Half of full ink on every pixel.

    An approximation of the recipe's way through HSV, and of 127.5 by 128 levels.
    """
    return np.minimum(images.astype(np.uint16) + 128, 255).astype(np.uint8)


def stripe(images: Frames) -> Frames:
    """The outer quarters inverted, seven columns each."""
    after = images.copy()
    for columns in (slice(0, 7), slice(21, 28)):
        after[:, :, columns] = 255 - after[:, :, columns]
    return after


def canny_edges(images: Frames) -> Frames:
    """Edges as full ink on background.

    An approximation of the released files by a later scikit-image, which thins edges again.
    """
    return np.stack([255 * canny(image / 255).astype(np.uint8) for image in images])
