"""`search:` of params.yaml: what may be tried, and with what budget."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

# Read by pydantic where params.yaml is parsed, and by nothing else.
STRICT = {"extra": "forbid", "strict": True}
EDGE = 0.05  # of a range, at either end
# Off the validation error by twice the epochs, a fraction: more, and it was still learning.
IMPROVEMENT = 0.001


@dataclass(frozen=True, kw_only=True)
class Range:
    """Positive numbers from `low` to `high`, spread evenly or, with `log`, by their logarithms."""

    __pydantic_config__ = STRICT

    low: float
    high: float
    log: bool

    def __post_init__(self) -> None:
        if not 0 < self.low < self.high < math.inf:
            raise ValueError(
                f"`0 < low < high` must hold, but got low={self.low}, high={self.high}."
            )

    def at(self, share: float) -> float:
        """The number at that share of the range, 0 to 1, to four digits."""
        low, high = self._ends()
        place = low + share * (high - low)
        number = float(f"{math.exp(place) if self.log else place:.4g}")
        return min(max(number, self.low), self.high)

    def share(self, number: float) -> float:
        """Where in the range the number lies, 0 to 1."""
        low, high = self._ends()
        return ((math.log(number) if self.log else number) - low) / (high - low)

    def at_edge(self, number: float) -> bool:
        """Whether a better number may well lie outside."""
        return not EDGE <= self.share(number) <= 1 - EDGE

    def _ends(self) -> tuple[float, float]:
        return (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)


@dataclass(frozen=True, kw_only=True)
class Dimensions:
    """What is searched, each dimension in a place of its own; None for what keeps its default."""

    __pydantic_config__ = STRICT

    learning_rate: Range | None = None
    init: tuple[Literal["paper", "fan_in"], ...] | None = None
    j: Range | None = None

    def __post_init__(self) -> None:
        if self.init is not None and (not self.init or len(set(self.init)) < len(self.init)):
            raise ValueError(f"`init` must name words, each once, but got {list(self.init)}.")


@dataclass(frozen=True, kw_only=True)
class Search:
    """The budget of every variant's sweep. Seeds here are never those of final trainings."""

    __pydantic_config__ = STRICT

    dimensions: Dimensions
    design_seed: int
    """Of the design itself, which all variants share."""
    trials: int
    """The default settings, and points of the design."""
    epochs: int
    """Of a trial; whatever comes after it is trained at full length."""
    trial_seed: int
    finalists: int
    """The best trials of distinct settings, trained again with each of the `finalist_seeds`.

    The lowest mean wins. Where there are several, the default is one of them; fewer where the
    space has fewer settings.
    """
    finalist_seeds: tuple[int, ...]
    audit_seeds: tuple[int, ...]
    """Of the winner, trained again at double length: had it learned enough? () for no audit."""

    def __post_init__(self) -> None:
        if problems := list(self._problems()):
            raise ValueError(" ".join(problems))

    @property
    def seeds(self) -> tuple[int, ...]:
        return (self.trial_seed, *self.finalist_seeds, *self.audit_seeds)

    def _problems(self) -> Iterator[str]:
        for name in ("trials", "epochs", "finalists"):
            if (number := getattr(self, name)) < 1:
                yield f"`{name}` must be at least 1, but got {number}."
        if not self.finalist_seeds:
            yield "`finalist_seeds` must have a seed, but got none."
        if self.finalists > self.trials:
            number = self.finalists
            yield f"`finalists` must be at most `trials` ({self.trials}), but got {number}."
        if negative := [seed for seed in (*self.seeds, self.design_seed) if seed < 0]:
            yield f"seeds must be at least 0, but got {negative[0]}."
        if repeated := [seed for seed, times in Counter(self.seeds).items() if times > 1]:
            yield f"its seeds must be distinct, but {repeated[0]} is there twice."
