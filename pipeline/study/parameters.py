"""params.yaml as it is written: its sections, their fields and what each may hold.

Every check is pydantic's. What holds between sections is checked with the later one, in the order
of `Parameters`, against the earlier ones that have no mistake.
"""

from collections import Counter
from typing import Annotated, Any, Literal, Self

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

from pipeline.search.space import Count, Positive, Search, Seed, distinct
from pipeline.study.consistency import (
    defaults_not_searched,
    idle_dimensions,
    refuse,
    seeds_of_search,
    unknown,
)
from pipeline.study.variants import Difference, Name, Network
from pipeline.training.hyperparameters import TUNED, choices

Share = Annotated[float, Field(gt=0, lt=1)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Data(Section):
    source: Annotated[str, Field(min_length=1)]
    """`mnist`, or a folder with four IDX files."""
    validation_images: Count
    split_seed: Seed


def _default(name: str) -> Any:
    """The type of a hyperparameter's default; the text is for editors."""
    tuned = TUNED[name]
    values = Literal[choices(name)] if tuned.scale == "choice" else Positive
    below = None if tuned.scale == "choice" else tuned.below
    return Annotated[values, Field(lt=below, description=tuned.description)]


_DEFAULTS: dict[str, Any] = {name: (_default(name), ...) for name in TUNED}
Defaults = create_model("Defaults", __base__=Section, **_DEFAULTS)


class Training(Section):
    epochs: Count
    batch_size: Count
    stack: Literal["auto"] | Count
    """Models that are stacked and trained as one; auto: on a GPU as many as fit, on a CPU one."""


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
    """Assumptions of the power analysis: how small a difference could be found?"""

    error: Share
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
    margin: Share
    planned: tuple[tuple[Name, Name], ...]
    planning: Planning


class Parameters(Section):
    """params.yaml as it is written."""

    name: Name
    data: Data
    network: Network
    variants: Annotated[dict[Name, Difference], Field(min_length=1)]
    notes: dict[Name, str]
    search: Search
    hyperparameters: Defaults  # pyright: ignore[reportInvalidTypeForm]
    training: Training
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1), AfterValidator(distinct)]
    samples: Samples
    evaluation: Evaluation

    @field_validator("variants")
    @classmethod
    def _one_baseline(cls, variants: dict[str, Any]) -> dict[str, Any]:
        baselines = [name for name, each in variants.items() if not each.model_fields_set]
        if len(baselines) != 1:
            raise ValueError(f"exactly one must be {{}}, the baseline, but got {baselines}")
        return variants

    @field_validator("notes", "samples", "evaluation", "search", "seeds", "hyperparameters")
    @classmethod
    def _agrees(cls, section: Any, info: ValidationInfo) -> Any:
        """Refuse what does not go together with the sections before."""
        known = info.data
        match info.field_name:
            case "notes" if "variants" in known:
                refuse(unknown((), section, known["variants"]))
            case "samples" if "variants" in known:
                refuse(unknown(("variants",), section.variants, known["variants"]))
            case "evaluation" if "variants" in known:
                names = [name for pair in section.planned for name in pair]
                refuse(unknown(("planned",), names, known["variants"]))
            case "search" if {"network", "variants"} <= known.keys():
                refuse(idle_dimensions(section, known["network"], known["variants"]))
            case "seeds" if "search" in known:
                refuse(seeds_of_search(section, known["search"]))
            case "hyperparameters" if "search" in known:
                refuse(defaults_not_searched(section, known["search"]))
            case _:
                pass  # the section before has a mistake of its own
        return section


def json_schema() -> dict[str, Any]:
    """The JSON schema of params.yaml, for editors."""
    return Parameters.model_json_schema()
