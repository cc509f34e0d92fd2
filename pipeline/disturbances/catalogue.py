"""Every disturbance of the protocol by name, each at its strengths, each with its own draws."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from pipeline.data.mnist import SIDE_PX, frame
from pipeline.disturbances.geometry import (
    DIRECTIONS,
    Frames,
    along_axes,
    rotated,
    scaled,
    sheared,
    shifted,
    thickened,
)
from pipeline.disturbances.ink import MARGIN_PX, blurred, inverted, noisy, occluded
from pipeline.disturbances.mnist_c import (
    brightness,
    canny_edges,
    glass_blur,
    impulse_noise,
    motion_blur,
    rotate,
    scale,
    shear,
    shot_noise,
    stripe,
    translate,
)
from pipeline.disturbances.strokes import dotted_line, zigzag
from pipeline.disturbances.weather import fog, spatter

Disturbance = Callable[[Frames, np.random.Generator], Frames]

SEED = 1998
SHRUNK = 0.5  # so that a shift of half the height of a digit leaves it in the frame


def disturbed(images: Frames, name: str) -> Frames:
    """Images [N, 28, 28] in their frames, disturbed: [N, 32, 32], the same for all networks."""
    draws = np.random.default_rng([SEED, *name.encode()])
    return CATALOGUE[name](frame(images), draws)


def _shift(pixels: int, frames: Frames, draws: np.random.Generator) -> Frames:
    return shifted(frames, along_axes(len(frames), pixels, draws))


def _shift_to(direction: str, frames: Frames, _: np.random.Generator) -> Frames:
    return shifted(frames, np.tile(DIRECTIONS[direction], (len(frames), 1)))


def _shift_shrunk(pixels: int, frames: Frames, draws: np.random.Generator) -> Frames:
    return _shift(pixels, scaled(frames, SHRUNK), draws)


def _with_draws(function: Callable[..., Frames], strength: float) -> Disturbance:
    return lambda frames, draws: function(frames, strength, draws)


def _without_draws(function: Callable[..., Frames], *strength: float) -> Disturbance:
    return lambda frames, _: function(frames, *strength)


def _within(corruption: Disturbance) -> Disturbance:
    """Done to the 28x28 in the frame's middle and framed anew: MNIST-C's files are 28x28."""
    digit = slice(MARGIN_PX, MARGIN_PX + SIDE_PX)
    return lambda frames, draws: frame(corruption(frames[:, digit, digit], draws))


MNIST_C: Mapping[str, Disturbance] = {
    "shot_noise": shot_noise,
    "impulse_noise": impulse_noise,
    "glass_blur": glass_blur,
    "motion_blur": motion_blur,
    "shear": shear,
    "scale": _without_draws(scale),
    "rotate": rotate,
    "brightness": _without_draws(brightness),
    "translate": translate,
    "stripe": _without_draws(stripe),
    "fog": fog,
    "spatter": spatter,
    "dotted_line": dotted_line,
    "zigzag": zigzag,
    "canny_edges": _without_draws(canny_edges),
}
FAMILIES: Mapping[str, Mapping[str, Disturbance]] = {
    "shift": {f"shift_{px}": partial(_shift, px) for px in range(1, 7)},
    "rotation": {f"rotate_{d}": _with_draws(rotated, d) for d in (10, 20, 30, 45)},
    "scale": {f"scale_{f:g}": _without_draws(scaled, f) for f in (0.5, 0.7, 0.85, 1.2, 1.5)},
    "shear": {f"shear_{s:g}": _with_draws(sheared, s) for s in (0.2, 0.4)},
    "stroke": {f"stroke_{s:+d}": _without_draws(thickened, s) for s in (-1, 1)},
    "inversion": {f"invert_{p:g}": _with_draws(inverted, p) for p in (0.05, 0.1, 0.2)},
    "noise": {f"noise_{d:g}": _with_draws(noisy, d) for d in (0.2, 0.4)},
    "blur": {f"blur_{s:g}": _without_draws(blurred, s) for s in (1, 2)},
    "occlusion": {f"occlude_{px}": _with_draws(occluded, px) for px in (7, 10)},
    "mnist_c": {f"mnist_c_{name}": _within(corruption) for name, corruption in MNIST_C.items()},
    # Beside the protocol's 43 above: half the height of a shrunk digit, and all one-pixel shifts.
    "half height": {f"half_height_{px}": partial(_shift_shrunk, px) for px in range(2, 11, 2)},
    "one pixel": {f"shift_1_{to}": partial(_shift_to, to) for to in DIRECTIONS},
}
CATALOGUE: Mapping[str, Disturbance] = {
    name: disturbance for family in FAMILIES.values() for name, disturbance in family.items()
}
