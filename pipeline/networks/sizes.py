"""What the summary says of a network: a row for each layer, and totals."""

from dataclasses import dataclass, field
from math import prod

from pipeline.networks.spec import Table

FLOAT = 4  # bytes


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One row of the summary, named as in the paper. `input` is a row without connections.

    Two rows are equal where the layers themselves are, whatever lies before them.
    """

    name: str
    form: str
    """How its units are connected, in words."""
    activation: str | None
    """The activation function that its units end in."""
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    """(maps, height, width) or (units,)."""
    window: int
    """Side of the square of units that a unit reads, in each map of the layer before it."""
    table: Table | None = None
    """The maps of the layer before it that feed each of its own, where not all do."""
    parameters: int = 0
    connections: int = 0
    """As the paper counts them: every weight at every place it is used, and every bias (II.B)."""
    macs: int = 0
    """Multiply-accumulates: one for each use of a weight; biases and coefficients do not count."""
    receptive_field: int = field(compare=False)
    """Side of the square of pixels that a unit sees."""
    step: int = field(compare=False)
    """Pixels from the square of one unit to that of its neighbour; 0 where all see the same."""

    @property
    def activation_bytes(self) -> int:
        """What its units take up for one image, in single precision."""
        return FLOAT * prod(self.output_shape)


@dataclass(frozen=True, kw_only=True)
class ModelSummary:
    input: Layer
    layers: tuple[Layer, ...]

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)

    @property
    def connections(self) -> int:
        return sum(layer.connections for layer in self.layers)

    @property
    def macs(self) -> int:
        return sum(layer.macs for layer in self.layers)

    @property
    def activation_bytes(self) -> int:
        return sum(layer.activation_bytes for layer in self.layers)

    def __getitem__(self, name: str) -> Layer:
        return {layer.name: layer for layer in self.layers}[name]

    def get(self, name: str) -> Layer | None:
        """None where the network has no such layer."""
        return {layer.name: layer for layer in self.layers}.get(name)
