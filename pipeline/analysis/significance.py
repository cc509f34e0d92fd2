"""Tests over paired seeds, and their correction for being several."""

from collections import Counter
from collections.abc import Sequence

LEVEL = 0.05


def sign_flip(differences: Sequence[int]) -> float:
    """Exact two-sided p of the sign-flip test on one whole number per paired seed.

    If variant and baseline were alike, each seed's difference could as well have had the other
    sign: p is the share of the 2^S sign patterns whose sum is at least as far from zero.
    """
    patterns = Counter({0: 1})  # sum -> number of sign patterns that reach it
    for difference in differences:
        extended: Counter[int] = Counter()
        for total, count in patterns.items():
            extended[total + difference] += count
            extended[total - difference] += count
        patterns = extended
    observed = abs(sum(differences))
    extreme = sum(count for total, count in patterns.items() if abs(total) >= observed)
    return extreme / 2 ** len(differences)


def smallest_p(num_seeds: int) -> float:
    """The least p that `sign_flip` can give: all seeds agree in sign."""
    return 2 / 2**num_seeds


def can_reject(num_seeds: int, *, family_size: int) -> bool:
    """Whether so few seeds could ever win a test of a family of that size, corrected by Holm."""
    return smallest_p(num_seeds) * family_size <= LEVEL


def holm(p_values: Sequence[float | None], *, family_size: int) -> list[float | None]:
    """Holm's step-down corrected p values, in the order given.

    A test without a p value stays without one, and still counts in `family_size`, as does a member
    of the family that is not listed at all: both as if they had p = 1.
    """
    assert family_size >= len(p_values)
    corrected: list[float | None] = [None] * len(p_values)
    known = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    highest = 0.0
    for rank, (p, place) in enumerate(known):
        highest = max(highest, min(1.0, (family_size - rank) * p))
        corrected[place] = highest
    return corrected
