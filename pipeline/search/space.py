"""`search:` of params.yaml: what may be tried, and with what budget."""

import math
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)
from pydantic.dataclasses import dataclass

from pipeline.training.hyperparameters import TUNED, choices

STRICT = ConfigDict(extra="forbid", strict=True)
EDGE = 0.05  # of a range, at either end
# Off the validation error by twice the epochs, a fraction: more, and it was still learning.
IMPROVEMENT = 0.001

Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Range:
    """Positive numbers from `low` to `high`, spread as its subclasses say."""

    log: ClassVar[bool]
    low: Positive
    high: Positive

    @model_validator(mode="after")
    def _has_an_inside(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"`low < high` must hold, but got low={self.low}, high={self.high}.")
        return self

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


@dataclass(frozen=True, kw_only=True, config=STRICT)
class LogRange(Range):
    """Spread evenly by their logarithms."""

    log: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True, config=STRICT)
class LinearRange(Range):
    """Spread evenly."""

    log: ClassVar[bool] = False


RANGES = {"log": LogRange, "linear": LinearRange}


def _dimension(name: str) -> Any:
    """The type of what may be tried of a hyperparameter."""
    tuned = TUNED[name]
    if tuned.scale == "choice":
        return Annotated[tuple[Literal[choices(name)], ...], AfterValidator(_distinct_words)]
    return Annotated[RANGES[tuned.scale], AfterValidator(_ends_below(tuned.below))]


def _distinct_words(words: tuple[str, ...]) -> tuple[str, ...]:
    if not words or len(set(words)) < len(words):
        raise ValueError(f"must name words, each once, but got {list(words)}")
    return words


def _ends_below(limit: float) -> Callable[[Range], Range]:
    def check(values: Range) -> Range:
        if not values.high < limit:
            raise ValueError(f"`high` must be less than {limit}, but got {values.high}")
        return values

    return check


class Space(BaseModel):
    """What is searched, a field for each hyperparameter; None for what keeps its default."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


_DIMENSIONS: dict[str, Any] = {name: (_dimension(name) | None, None) for name in TUNED}
Dimensions: Any = create_model("Dimensions", __base__=Space, __doc__=Space.__doc__, **_DIMENSIONS)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Search:
    """The budget of every variant's sweep. Seeds here are never those of final trainings."""

    dimensions: Dimensions  # pyright: ignore[reportInvalidTypeForm]
    design_seed: Seed
    """Of the design itself, which all variants share."""
    trials: Count
    """The default settings, and points of the design."""
    epochs: Count
    """Of a trial; whatever comes after it is trained at full length."""
    trial_seed: Seed
    finalists: Count
    """The best trials of distinct settings, trained again with each of the `finalist_seeds`.

    The lowest mean wins. Where there are several, the default is one of them; fewer where the
    space has fewer settings.
    """
    finalist_seeds: Annotated[tuple[Seed, ...], Field(min_length=1)]
    audit_seeds: tuple[Seed, ...]
    """Of the winner, trained again at double length: had it learned enough? () for no audit."""

    @property
    def seeds(self) -> tuple[int, ...]:
        return (self.trial_seed, *self.finalist_seeds, *self.audit_seeds)

    @field_validator("finalists")
    @classmethod
    def _are_trials(cls, finalists: int, info: ValidationInfo) -> int:
        if finalists > info.data.get("trials", finalists):
            trials = info.data["trials"]
            raise ValueError(f"must be at most `trials` ({trials}), but got {finalists}")
        return finalists

    @field_validator("finalist_seeds", "audit_seeds")
    @classmethod
    def _are_distinct(cls, seeds: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        trial = [info.data["trial_seed"]] if "trial_seed" in info.data else []
        return distinct(seeds, [*trial, *info.data.get("finalist_seeds", ())])


def distinct(seeds: tuple[int, ...], others: Iterable[int] = ()) -> tuple[int, ...]:
    """The seeds, none of which is there twice or among `others`."""
    counts = Counter([*others, *seeds])
    if repeated := [seed for seed in seeds if counts[seed] > 1]:
        raise ValueError(f"seeds must be distinct, but {repeated[0]} is there twice")
    return seeds
