"""params.yaml as it is written: its sections, their fields and what each may hold."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

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


class Evaluation(Section):
    margin: Annotated[float, Field(gt=0, lt=1)]
    planned: tuple[tuple[Name, Name], ...]


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
    evaluation: Evaluation


def json_schema() -> dict[str, Any]:
    """The JSON schema of params.yaml, for editors."""
    return Parameters.model_json_schema()
