"""`network:` and `variants:` of params.yaml: the baseline whole, and what each variant changes."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, create_model

from pipeline.networks.matching import Match, matched
from pipeline.networks.spec import BODY, NetworkSpec
from pipeline.networks.summary import summarize

LARGEST = 100_000_000  # parameters of a network: more is a slip of the pen
# DVC pastes names into a shell.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]


@dataclass(frozen=True, kw_only=True)
class Written(NetworkSpec):
    """A network as it is written: a control may ask for the baseline's size."""

    __pydantic_config__ = {"extra": "forbid", "strict": True}  # noqa: RUF012

    match: Match


@dataclass(frozen=True, kw_only=True)
class Baseline(Written):
    match: Literal["none"]


class Changes(BaseModel):
    """What a variant changes of the baseline; every field may be left out."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    def written(self) -> dict[str, Any]:
        """Those that are given, in the order of the network's fields."""
        return {word: getattr(self, word) for word in type(self).model_fields if self.has(word)}

    def has(self, word: str) -> bool:
        return word in self.model_fields_set


def _differs(changes: Changes, info: ValidationInfo) -> Changes:
    """Refuse a variant that cannot be built, or that changes nothing."""
    if (baseline := info.data.get("network")) is None:
        return changes  # or every variant would repeat the baseline's mistake
    network = network_spec(baseline.to_dict(), changes.written())
    if changes.model_fields_set and _same(network, network_spec(baseline.to_dict(), {})):
        raise ValueError("must be another network than the baseline, but is the same")
    return changes


def _builds(baseline: Baseline) -> Baseline:
    network_spec(baseline.to_dict(), {})
    return baseline


_TYPES = get_type_hints(Written, include_extras=True)
_OPTIONAL: dict[str, Any] = {field.name: (_TYPES[field.name], None) for field in fields(Written)}
Network = Annotated[Baseline, AfterValidator(_builds)]
Difference = Annotated[
    create_model("Difference", __base__=Changes, **_OPTIONAL), AfterValidator(_differs)
]


def network_spec(baseline: Mapping[str, Any], difference: Mapping[str, Any]) -> NetworkSpec:
    """`difference` laid over `baseline`, whose size it may ask for.

    Raises:
        ValueError: When the words contradict each other, or describe what cannot be built.
    """
    words = {**baseline, **difference}
    idle = BODY if words["hidden_sizes"] else ("c3_table",) if words["feature_stages"] == 1 else ()
    words |= {word: BODY[word] for word in idle if word not in difference}  # nobody asked for it
    network = matched(_without_match(words), _without_match(baseline), words["match"])
    if (parameters := summarize(network).parameters) > LARGEST:
        raise ValueError(f"there must be at most {LARGEST:,} parameters, but got {parameters:,}.")
    return network


def _without_match(words: Mapping[str, Any]) -> NetworkSpec:
    return NetworkSpec.from_dict({field: words[field] for field in words if field != "match"})


def _same(network: NetworkSpec, other: NetworkSpec) -> bool:
    """Whether the two are one, though one of them writes out what the other leaves open."""
    words = [replace(each, c5_units="paper") for each in (network, other)]
    return words[0] == words[1] and summarize(network) == summarize(other)
