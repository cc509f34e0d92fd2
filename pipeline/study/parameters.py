"""params.yaml as it is written: its sections, their fields and what each may hold."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal, Self, get_type_hints

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model, model_validator

from pipeline.networks.matching import Match
from pipeline.networks.spec import NetworkSpec
from pipeline.search.space import Search

# DVC pastes names into a shell.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Count = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def _distinct(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if repeated := [seed for seed, times in Counter(seeds).items() if times > 1]:
        raise ValueError(f"seeds must be distinct, but {repeated[0]} is there twice")
    return seeds


Seeds = Annotated[
    tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1), AfterValidator(_distinct)
]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Data(Section):
    source: Annotated[str, Field(min_length=1)]
    """`mnist`, or a folder with four IDX files."""
    validation_images: Count
    split_seed: Annotated[int, Field(ge=0)]


class Defaults(Section):
    learning_rate: Rate
    init: Literal["paper", "fan_in"]
    j: Rate


@dataclass(frozen=True, kw_only=True)
class Words(NetworkSpec):
    """A network as it is written: a control may ask for the baseline's size."""

    __pydantic_config__ = {"extra": "forbid", "strict": True}  # noqa: RUF012

    match: Match


@dataclass(frozen=True, kw_only=True)
class Baseline(Words):
    match: Literal["none"]


def _partial(name: str, source: type, fields: Iterable[str]) -> Any:
    """A section with the fields of `source`, each of which may be left out."""
    types = get_type_hints(source, include_extras=True)
    optional: dict[str, Any] = {field: (types[field], None) for field in fields}
    return create_model(name, __base__=Section, **optional)


Difference = _partial("Difference", Words, [field.name for field in fields(Words)])


class Training(Section):
    epochs: Count
    batch_size: Count
    group: Count
    """Networks trained as one."""


def _growing(sizes: tuple[int, ...]) -> tuple[int, ...]:
    if list(sizes) != sorted(set(sizes)):
        raise ValueError(f"sizes must grow, each there once, but got {list(sizes)}")
    return sizes


def _once(variants: tuple[str, ...]) -> tuple[str, ...]:
    if repeated := [name for name, times in Counter(variants).items() if times > 1]:
        raise ValueError(f"each variant must be there once, but {repeated[0]} is there twice")
    return variants


class Samples(Section):
    """Which variants are trained on fewer images as well, and on how many."""

    variants: Annotated[tuple[Name, ...], AfterValidator(_once)]
    sizes: Annotated[tuple[Count, ...], Field(min_length=1), AfterValidator(_growing)]

    @property
    def used(self) -> tuple[int, ...]:
        """The sizes, if any variant is trained on them."""
        return self.sizes if self.variants else ()


class Planning(Section):
    """What is expected before anything is judged: how small a difference could be found?"""

    error: Annotated[float, Field(gt=0, lt=1)]
    correlation_within: float
    """Of a crossed probit model: between two seeds of a variant."""
    correlation_between: float
    seed_effect: Annotated[float, Field(ge=0)]
    """Standard deviation of the error over seeds."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        between, within = self.correlation_between, self.correlation_within
        if not 0 < between <= within < 1:
            raise ValueError(
                "`0 < correlation_between <= correlation_within < 1` must hold, but got "
                f"correlation_between={between}, correlation_within={within}."
            )
        if not self.seed_effect < self.error:
            raise ValueError(
                "`seed_effect < error` must hold, but got "
                f"seed_effect={self.seed_effect}, error={self.error}."
            )
        return self


class Evaluation(Section):
    margin: Annotated[float, Field(gt=0, lt=1)]
    planned: tuple[tuple[Name, Name], ...]
    planning: Planning


class Parameters(Section):
    """params.yaml as it is written."""

    name: Name
    data: Data
    network: Baseline
    variants: Annotated[dict[Name, Difference], Field(min_length=1)]  # pyright: ignore[reportInvalidTypeForm]
    notes: dict[Name, str]
    hyperparameters: Defaults
    search: Search
    training: Training
    seeds: Seeds
    samples: Samples
    evaluation: Evaluation


def json_schema() -> dict[str, Any]:
    """The JSON schema of params.yaml, for editors."""
    return Parameters.model_json_schema()
