"""The corruptions by name, and those that belong together. `entries.py` lists them."""

from fractions import Fraction
from itertools import chain

import numpy as np

from pipeline.corruptions.corruption import Corruption, Group
from pipeline.corruptions.entries import ENTRIES
from pipeline.corruptions.geometry import Frames
from pipeline.data.mnist import frame

SEED = 1998
REGISTRY = {each.name: each for each in ENTRIES}


def corrupt(images: Frames, name: str) -> Frames:
    """Images [N, 28, 28] in their frames, corrupted: [N, 32, 32], the same for all networks."""
    draws = np.random.default_rng([SEED, *name.encode()])
    return REGISTRY[name].function(frame(images), draws)


def by_family(group: Group) -> dict[str, list[Corruption]]:
    """The corruptions of a group by family, each by growing strength."""
    found: dict[str, list[Corruption]] = {}
    for each in REGISTRY.values():
        if group in each.groups:
            found.setdefault(each.family, []).append(each)
    return {name: sorted(found[name], key=lambda each: each.strength) for name in found}


def set_names(group: Group) -> tuple[str, ...]:
    """The corrupted test sets of a group, family by family."""
    return tuple(each.name for each in chain.from_iterable(by_family(group).values()))


def find_corruption(family: str, strength: float) -> Corruption:
    """The corruption of a family at this strength, read as a decimal number.

    Raises:
        KeyError: If there is none.
    """
    wanted = family, Fraction(str(strength))
    for each in REGISTRY.values():
        if (each.family, each.strength) == wanted:
            return each
    raise KeyError(f"a corruption must be registered, but got {family!r} at {strength}")
