"""The corruptions of the protocol. To add one, add an entry: no other file names them.

The draws of a set depend on its name alone, and the order is that of the stored predictions.
"""

from collections.abc import Mapping
from fractions import Fraction
from functools import partial

import numpy as np

from pipeline.corruptions import mnist_c
from pipeline.corruptions.corruption import (
    Corruption,
    Function,
    Group,
    seeded,
    series,
    unseeded,
)
from pipeline.corruptions.geometry import (
    DIRECTIONS,
    Frames,
    along_axes,
    rotated,
    scaled,
    sheared,
    shifted,
    thickened,
)
from pipeline.corruptions.ink import MARGIN_PX, blurred, inverted, noisy, occluded
from pipeline.corruptions.strokes import dotted_line, zigzag
from pipeline.corruptions.weather import fog, spatter
from pipeline.data.mnist import SIDE_PX, frame

HALF = 0.5  # the scale at which a shift by half a digit's height leaves it in the frame


def _shift(frames: Frames, pixels: int, draws: np.random.Generator) -> Frames:
    return shifted(frames, along_axes(len(frames), pixels, draws))


def _shift_to(frames: Frames, direction: str) -> Frames:
    return shifted(frames, np.tile(DIRECTIONS[direction], (len(frames), 1)))


def _shift_shrunk(frames: Frames, pixels: int, draws: np.random.Generator) -> Frames:
    return _shift(scaled(frames, HALF), pixels, draws)


def _on_digit(function: Function) -> Function:
    """On the 28x28 in the frame's middle, framed again: MNIST-C's files are 28x28."""
    digit = slice(MARGIN_PX, MARGIN_PX + SIDE_PX)
    return lambda frames, draws: frame(function(frames[:, digit, digit], draws))


MNIST_C: Mapping[str, Function] = {
    "shot_noise": mnist_c.shot_noise,
    "impulse_noise": mnist_c.impulse_noise,
    "glass_blur": mnist_c.glass_blur,
    "motion_blur": mnist_c.motion_blur,
    "shear": mnist_c.shear,
    "scale": lambda images, _: mnist_c.scale(images),
    "rotate": mnist_c.rotate,
    "brightness": lambda images, _: mnist_c.brightness(images),
    "translate": mnist_c.translate,
    "stripe": lambda images, _: mnist_c.stripe(images),
    "fog": fog,
    "spatter": spatter,
    "dotted_line": dotted_line,
    "zigzag": zigzag,
    "canny_edges": lambda images, _: mnist_c.canny_edges(images),
}
_scales = partial(series, name="scale_{}", function=unseeded(scaled), neutral=1)
ENTRIES = (
    *series(
        family="shift",
        name="shift_{}",
        values=range(1, 7),
        function=seeded(_shift),
        unit="pixels",
        description="shifted by {} px up, down, left or right",
        small=(1, 2),
    ),
    *series(
        family="rotation",
        name="rotate_{}",
        values=(10, 20, 30, 45),
        function=seeded(rotated),
        unit="degrees",
        description="rotated by {} degrees in either direction",
        small=(10,),
    ),
    *_scales(
        family="smaller",
        values=(0.5, 0.7, 0.85),
        unit="1 − scale",
        description="shrunk to {} of its size",
        small=(0.85,),
    ),
    *_scales(
        family="larger",
        values=(1.2, 1.5),
        unit="scale − 1",
        description="enlarged to {} times its size",
        small=(1.2,),
    ),
    *series(
        family="shear",
        name="shear_{}",
        values=(0.2, 0.4),
        function=seeded(sheared),
        unit="share of the height",
        description="rows slid to either side by {} of their distance from the centre",
        small=(0.2,),
    ),
    *series(
        family="thinner strokes",
        name="stroke_{}",
        values=(-1,),
        function=unseeded(thickened),
        unit="pixels",
        description="strokes thinner by 1 px",
    ),
    *series(
        family="thicker strokes",
        name="stroke_{:+}",
        values=(1,),
        function=unseeded(thickened),
        unit="pixels",
        description="strokes thicker by 1 px",
    ),
    *series(
        family="inverted pixels",
        name="invert_{}",
        values=(0.05, 0.1, 0.2),
        function=seeded(inverted),
        unit="share",
        description="each pixel inverted with probability {}",
    ),
    *series(
        family="noise",
        name="noise_{}",
        values=(0.2, 0.4),
        function=seeded(noisy),
        unit="s.d., share of full ink",
        description="Gaussian noise of standard deviation {} of full ink",
    ),
    *series(
        family="blur",
        name="blur_{}",
        values=(1, 2),
        function=unseeded(blurred),
        unit="s.d., pixels",
        description="Gaussian blur of standard deviation {} px",
    ),
    *series(
        family="occlusion",
        name="occlude_{}",
        values=(7, 10),
        function=seeded(occluded),
        unit="side, pixels",
        description="a square of {0}x{0} px hidden at a random place",
    ),
    *(
        Corruption(
            name=f"mnist_c_{name}",
            family="MNIST-C",
            strength=Fraction(1),
            unit="default severity",
            description=f"MNIST-C: {name.replace('_', ' ')}",
            groups=frozenset({Group.MNIST_C}),
            function=_on_digit(function),
        )
        for name, function in MNIST_C.items()
    ),
    *series(
        family="half height",
        name="half_height_{}",
        values=range(2, 11, 2),
        function=seeded(_shift_shrunk),
        unit="pixels",
        description="shrunk to half its size, then shifted by {} px up, down, left or right",
        group=Group.HALF_HEIGHT,
        start=f"scale_{HALF}",
    ),
    *(
        Corruption(
            name=f"shift_1_{direction}",
            family="one pixel",
            strength=Fraction(1),
            unit="pixels",
            description=f"shifted {direction} by 1 px",
            groups=frozenset({Group.ONE_PIXEL}),
            function=unseeded(_shift_to)(direction),
        )
        for direction in DIRECTIONS
    ),
)
