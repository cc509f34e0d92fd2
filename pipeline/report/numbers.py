"""How numbers are written: percent, points, intervals and p values, no finer than they are known.

Estimates come in as fractions. One point is one percentage point of test error.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"


def decimals(ci95: Sequence[float] | None) -> int:
    """How many decimals of a percentage an interval supports: two digits of its half-width.

    At least one, at most three: ten networks on 10,000 images resolve a thousandth of a point.
    """
    if ci95 is None or half_width(ci95) == 0:
        return 2
    return min(3, max(1, 1 - math.floor(math.log10(100 * half_width(ci95)))))


def resolved(num_images: int) -> int:
    """How many decimals of a percentage one of so many images makes; one at least."""
    return max(1, math.ceil(math.log10(num_images) - 2))


def half_width(ci95: Sequence[float]) -> float:
    return (ci95[1] - ci95[0]) / 2


def percent(fraction: float, places: int, *, signed: bool = False) -> str:
    """A fraction in percent, without the sign `%`; a zero has no sign."""
    rounded = round(100 * fraction, places) + 0.0
    text = f"{rounded:+.{places}f}" if signed and rounded else f"{rounded:.{places}f}"
    return text.replace("-", MINUS)


def span(ci95: Sequence[float], places: int) -> str:
    return f"{percent(ci95[0], places)} to {percent(ci95[1], places)}"


def error_with_interval(mean: float, ci95: Sequence[float] | None) -> str:
    """A test error in percent, as in "1.02 (0.84 to 1.20)"."""
    places = decimals(ci95)
    text = percent(mean, places)
    return f"{text} ({span(ci95, places)})" if ci95 else text


def share(found: Mapping[str, Any]) -> str:
    """An estimated share in percent with its interval, or a dash where there is none."""
    if found["mean"] is None:
        return NONE
    return error_with_interval(found["mean"], found["ci95"])


def value(found: Mapping[str, Any] | None, places: int) -> str:
    """An estimate that is no share, as in "1.32 (1.20 to 1.44)"."""
    if found is None or found["mean"] is None:
        return NONE
    mean, ci95 = found["mean"], found["ci95"]
    text = f"{mean:.{places}f}"
    return f"{text} ({ci95[0]:.{places}f} to {ci95[1]:.{places}f})" if ci95 else text


def change_with_interval(difference: float | None, ci95: Sequence[float] | None) -> str:
    """A difference in points, as in "+0.21 (0.10 to 0.32)"."""
    if difference is None:
        return NONE
    places = decimals(ci95)
    text = percent(difference, places, signed=True)
    return f"{text} ({span(ci95, places)})" if ci95 else text


def p_value(p: float | None) -> str:
    """With digits enough to tell which side of 0.05 it lies on."""
    if p is None:
        return NONE
    if p < 0.001:
        return "< 0.001"
    return f"{p:.4f}" if p < 0.1 else f"{p:.3f}"


def count(number: int) -> str:
    return f"{number:,}"


def counted(number: int, noun: str) -> str:
    """As in "1 seed", "10 seeds"."""
    return f"{count(number)} {noun}" + ("" if number == 1 else "s")


def sample(found: Mapping[str, Any]) -> str:
    """What an estimate is made of, seeds × images, as in "10 × 10,000"."""
    return f"{count(found['n_seeds'])} × {count(found['n_images'])}"


def plain(value: object) -> str:
    """A setting as people write it: widths as 300-100, no needless digits, a dash for none."""
    if value is None:
        return NONE
    if isinstance(value, list | tuple):
        return "-".join(plain(item) for item in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def settings(values: Mapping[str, object]) -> str:
    """As in "learning_rate 0.004, init fan_in"; what does not apply is left out."""
    reported = {name: plain(value) for name, value in values.items() if value is not None}
    return ", ".join(f"{name} {value}" for name, value in reported.items())


def points(share: float) -> str:
    """A margin or a limit, as in "0.2 points"."""
    return f"{plain(100 * share)} points"


def listed(names: Sequence[str]) -> str:
    """As in "a", "a and b", "a, b and c"."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
