"""Controls of the baseline's size: the widths that bring a network nearest to it."""

from bisect import bisect_left
from dataclasses import replace
from typing import Literal

from pipeline.networks.mechanisms import OUTPUT
from pipeline.networks.spec import NetworkSpec
from pipeline.networks.summary import summarize

Match = Literal["none", "parameters", "macs"]


def matched(spec: NetworkSpec, baseline: NetworkSpec, match: Match) -> NetworkSpec:
    """`spec`, with widths that give it as many parameters or MACs as `baseline`, or nearly.

    Those of `hidden_sizes` keep their proportions; without any, C5's is computed. Of two networks
    as near as each other it is the smaller.

    Raises:
        ValueError: When no width is computed, or the narrowest network is too large already.
    """
    if match == "none":
        return spec
    _require_a_width(spec)

    def size(width: int) -> int:
        return getattr(summarize(_widened(spec, width)), match)

    target = getattr(summarize(baseline), match)
    if size(1) > target:
        raise ValueError(
            f"`match` must be possible, but even with a width of 1 there are {size(1):,} {match}, "
            f"and the baseline has {target:,}."
        )
    # Each unit has a parameter and a use at least: a width above the target is above it too.
    above = bisect_left(range(target + 1), target, lo=1, hi=target + 1, key=size)
    nearest = min((above - 1 or 1, above), key=lambda width: abs(size(width) - target))
    return _widened(spec, nearest)


def _require_a_width(spec: NetworkSpec) -> None:
    if spec.c5_units != "paper":
        raise ValueError(
            f"`match` computes `c5_units`, which must be 'paper', but got {spec.c5_units}."
        )
    if spec.hidden_sizes and not _free(spec):
        raise ValueError(
            "`match` must have a width to compute, but the only one in `hidden_sizes` is that "
            f"of the output codes, {list(spec.hidden_sizes)}."
        )


def _free(spec: NetworkSpec) -> tuple[int, ...]:
    """The widths in `hidden_sizes` that the output codes do not fix."""
    return spec.hidden_sizes[:-1] if OUTPUT[spec.output].codes else spec.hidden_sizes


def _widened(spec: NetworkSpec, width: int) -> NetworkSpec:
    """With `width` units in the widest of the layers whose width is computed."""
    if not spec.hidden_sizes:
        return replace(spec, c5_units=width)
    free = _free(spec)
    scaled = tuple(max(1, round(units * width / max(free))) for units in free)
    return replace(spec, hidden_sizes=scaled + spec.hidden_sizes[len(free) :])
