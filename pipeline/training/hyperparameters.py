"""The hyperparameters, and the only place that names them.

The sections of params.yaml and their schema, the search space, the records, the columns of tables
and MLflow's parameters derive from the fields of `Hyperparameters`. Adding one is a field here,
its values in params.yaml and its use in `fit`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal, get_args, get_type_hints

from pipeline.networks.spec import NetworkSpec


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """How a hyperparameter is searched, the values that it may have, and its name for people."""

    scale: Literal["log", "linear", "choice"]
    """A positive number, searched evenly by its logarithm or by itself, or one of the choices of
    the field's type."""
    label: str
    unit: str = ""
    """Empty for a number without one, and for choices."""
    below: float = math.inf
    """What a number must be less than."""
    network: tuple[str, str] | None = None
    """A field of the network and its value where the hyperparameter applies; elsewhere None."""

    @property
    def description(self) -> str:
        """As in "j of the MAP criterion (squared distance)"."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def applies(self, network: NetworkSpec) -> bool:
        """Whether it means anything to this network."""
        return self.network is None or getattr(network, self.network[0]) == self.network[1]


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """What is tuned for each variant."""

    learning_rate: Annotated[
        float, Tuned(scale="log", label="Adam's learning rate at the first step")
    ]
    """A cosine takes it to 0."""
    init: Annotated[
        Literal["paper", "fan_in"], Tuned(scale="choice", label="distribution of initial weights")
    ]
    j: Annotated[
        float | None,
        Tuned(
            scale="log",
            label="constant of the MAP criterion",
            unit="squared distance",
            network=("output", "rbf"),
        ),
    ]
    """Of equation 9; None where the output is linear."""


def _tuned(hint: Any) -> Tuned:
    return next(each for each in get_args(hint) if isinstance(each, Tuned))


TUNED: Mapping[str, Tuned] = {
    field.name: _tuned(hint)
    for field in fields(Hyperparameters)
    if (hint := get_type_hints(Hyperparameters, include_extras=True)[field.name])
}


def choices(name: str) -> tuple[str, ...]:
    """The values that a hyperparameter of the scale `choice` may have."""
    return get_args(get_type_hints(Hyperparameters)[name])


def applying(values: Mapping[str, Any], network: NetworkSpec) -> Hyperparameters:
    """With None in place of each value that means nothing to the network."""
    kept: dict[str, Any] = {
        name: values[name] if each.applies(network) else None for name, each in TUNED.items()
    }
    return Hyperparameters(**kept)
