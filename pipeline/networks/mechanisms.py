"""The mechanisms of the paper and what may replace them: one row for each value in `params.yaml`.

A row says how a network with this value is built and counted, and how files and the report phrase
it. Adding a value is adding its row. Sizes need no torch, so a row gets the module `layers`, which
has `nn` and the paper's own layers, only when a network is built.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

Table = tuple[tuple[int, ...], ...]
S2_MAPS = 6
C1_TABLE: Table = ((0,),) * S2_MAPS


@dataclass(frozen=True, kw_only=True)
class Option:
    change: str
    """What a variant does that has this value and the baseline has not: "... cost 0.2 points"."""


@dataclass(frozen=True, kw_only=True)
class Connectivity(Option):
    """How C1 and C3 are wired (II.A)."""

    form: str
    shared: bool = False
    """All positions have the same kernels."""
    whole_maps: bool = False
    """A unit sees whole maps, not windows of them."""
    equal_at_first: bool = False
    """The kernels of all positions start from equal values."""


@dataclass(frozen=True, kw_only=True)
class FeatureStages(Option):
    """How many pairs of a convolution and its subsampling come before C5 (II.A)."""

    c5_units: int
    """Where the width of C5 is the paper's or, with one stage, as near to LeNet-5's size."""


@dataclass(frozen=True, kw_only=True)
class Connections(Option):
    """Which S2 maps feed each C3 map (II.B)."""

    form: str
    table: Table


@dataclass(frozen=True, kw_only=True)
class Subsampling(Option):
    """What S2 and S4 make of each 2x2 neighbourhood (II.B)."""

    form: str = ""
    computes: str = ""
    layer: "Callable[[ModuleType, int], nn.Module] | None" = None
    """Of `layers` and a number of maps; None leaves S2 and S4 out."""
    trainable: bool = False
    """Each map has a coefficient and a bias, and the activation function follows."""
    stride: int = 1
    """Of the convolution before it: 2 where it reads only every other unit."""


@dataclass(frozen=True, kw_only=True)
class Activation(Option):
    """The activation function (eq. 6, appendix A)."""

    formula: str
    layer: "Callable[[ModuleType], nn.Module]"


@dataclass(frozen=True, kw_only=True)
class Output(Option):
    """The output layer and the criterion (II.B, II.C)."""

    codes: bool
    """Distances to fixed codes with the MAP criterion (eq. 9), not weights with cross-entropy."""


CONNECTIVITY = {
    "shared": Connectivity(
        change="sharing weights", form="a 5x5 kernel for each map", shared=True
    ),
    "unshared": Connectivity(change="removing weight sharing", form="a 5x5 kernel for each unit"),
    "untied": Connectivity(
        change="untying the shared weights",
        form="a 5x5 kernel for each unit, equal at first",
        equal_at_first=True,
    ),
    "full": Connectivity(
        change="removing local receptive fields", form="whole maps", whole_maps=True
    ),
}

FEATURE_STAGES = {
    2: FeatureStages(change="adding a second stage", c5_units=120),
    1: FeatureStages(change="removing the second stage", c5_units=47),
}

C3_TABLE = {
    "paper": Connections(
        change="using the paper's C3 table",
        form="table I",
        table=(
            (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (4, 5, 0), (5, 0, 1),
            (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (3, 4, 5, 0), (4, 5, 0, 1), (5, 0, 1, 2),
            (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
            (0, 1, 2, 3, 4, 5),
        ),
    ),
    "complete": Connections(
        change="completing the C3 table",
        form="complete table",
        table=(tuple(range(S2_MAPS)),) * 16,
    ),
}  # fmt: skip

SUBSAMPLING = {
    "trainable": Subsampling(
        change="using the paper's pooling",
        form="2x2 sum, coefficient, bias",
        computes="the sum of each 2x2 neighbourhood times the map's coefficient, plus its bias",
        layer=lambda layers, maps: layers.TrainableSubsampling(maps, stride=False),
        trainable=True,
    ),
    "stride": Subsampling(
        change="replacing pooling by strides",
        form="one of 2x2, coefficient, bias",
        computes="each unit times the map's coefficient, plus its bias",
        layer=lambda layers, maps: layers.TrainableSubsampling(maps, stride=True),
        trainable=True,
        stride=2,
    ),
    "none": Subsampling(change="deleting pooling"),
    "average": Subsampling(
        change="plain average pooling",
        form="2x2 mean",
        computes="the mean of each 2x2 neighbourhood",
        layer=lambda layers, _: layers.nn.AvgPool2d(2),
    ),
    "max": Subsampling(
        change="max pooling",
        form="2x2 maximum",
        computes="the largest of each 2x2 neighbourhood",
        layer=lambda layers, _: layers.nn.MaxPool2d(2),
    ),
}

ACTIVATION = {
    "scaled_tanh": Activation(
        change="using the paper's activation function",
        formula="1.7159 * tanh(2 / 3 * x)",
        layer=lambda layers: layers.ScaledTanh(),
    ),
    "relu": Activation(
        change="using ReLU", formula="max(0, x)", layer=lambda layers: layers.nn.ReLU()
    ),
}

OUTPUT = {
    "rbf": Output(change="using the paper's output layer", codes=True),
    "linear": Output(change="a linear output layer", codes=False),
}

# By field of the network.
MECHANISMS: Mapping[str, Mapping[Any, Option]] = {
    "connectivity": CONNECTIVITY,
    "feature_stages": FEATURE_STAGES,
    "c3_table": C3_TABLE,
    "subsampling": SUBSAMPLING,
    "activation": ACTIVATION,
    "output": OUTPUT,
}
