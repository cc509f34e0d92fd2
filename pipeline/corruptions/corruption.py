"""What is known of a corruption, and a series of them by strength."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

import numpy as np

from pipeline.corruptions.geometry import Frames

Function = Callable[[Frames, np.random.Generator], Frames]
"""uint8 frames [N, 32, 32] to the same; directions, signs and noise come from the generator."""
Maker = Callable[[Any], Function]


class Group(StrEnum):
    """What the protocol measures on several corrupted test sets together."""

    MEAN = "mean corruption error"
    SMALL = "small shifts and distortions"
    HALF_HEIGHT = "half height"
    ONE_PIXEL = "one-pixel shifts"
    MNIST_C = "MNIST-C"


@dataclass(frozen=True, kw_only=True)
class Corruption:
    """One way to corrupt digits at one strength: one corrupted test set.

    Attributes:
        name: Of the set. It seeds the draws, so that another name gives other images.
        family: Corruptions of one kind; at several strengths they make a curve.
        strength: In `unit`, above 0; exact, because areas under curves are exact sums.
        description: What is done to a digit, for people.
        groups: The protocol's measures that the set counts for.
        start: The corrupted set that stands at strength 0; None where uncorrupted images do.
    """

    name: str
    family: str
    strength: Fraction
    unit: str
    description: str
    groups: frozenset[Group]
    function: Function
    start: str | None = None


def series(
    *,
    family: str,
    name: str,
    values: Sequence[float],
    function: Maker,
    unit: str,
    description: str,
    group: Group = Group.MEAN,
    small: Sequence[float] = (),
    neutral: int = 0,
    start: str | None = None,
) -> list[Corruption]:
    """A corruption for each of `values`, of which `neutral` would change nothing.

    `name` and `description` are formatted with the value; its distance from `neutral` is the
    strength. The values in `small` belong to the group `SMALL` as well.
    """
    return [
        Corruption(
            name=name.format(value),
            family=family,
            strength=abs(Fraction(str(value)) - neutral),
            unit=unit,
            description=description.format(value),
            groups=frozenset({group, Group.SMALL} if value in small else {group}),
            function=function(value),
            start=start,
        )
        for value in values
    ]


def seeded(function: Callable[[Frames, Any, np.random.Generator], Frames]) -> Maker:
    """From a value to what it makes of frames with a generator."""
    return lambda value: lambda frames, draws: function(frames, value, draws)


def unseeded(function: Callable[[Frames, Any], Frames]) -> Maker:
    """The same of a function that draws nothing."""
    return lambda value: lambda frames, _: function(frames, value)
