"""Sizes: the only place where shapes, parameters, connections and MACs are computed.

Pure arithmetic on the words, no torch; the builder takes its sizes from here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod

from pipeline.networks.spec import CODE_UNITS, NetworkSpec

FRAME = 32  # pixels; the 28x28 field with two pixels of background on each side (II.B)
FIELD = 28
KERNEL = 5
CLASSES = 10
C5_UNITS = 120

# Table I: the S2 maps that feed each C3 map.
PAPER_TABLE = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (4, 5, 0), (5, 0, 1),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (3, 4, 5, 0), (4, 5, 0, 1), (5, 0, 1, 2),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)  # fmt: skip
C1_TABLE = ((0,),) * 6
Table = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One row of the account, named as in the paper."""

    name: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    """(maps, height, width) or (units,)."""
    parameters: int
    connections: int
    """As the paper counts them: every weight at every place it is used, and every bias (II.B)."""
    macs: int
    """Multiply-accumulates: one for each use of a weight; biases and coefficients do not count."""


@dataclass(frozen=True, kw_only=True)
class Account:
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

    def __getitem__(self, name: str) -> Layer:
        return next(layer for layer in self.layers if layer.name == name)


def c3_table(spec: NetworkSpec) -> Table:
    """The S2 maps that feed each C3 map."""
    return PAPER_TABLE if spec.c3_table == "paper" else (tuple(range(6)),) * 16


def conv_stride(spec: NetworkSpec) -> int:
    """2 where subsampling reads only every other unit: then only those are computed."""
    return 2 if spec.subsampling == "stride" else 1


def account(spec: NetworkSpec) -> Account:
    """Every layer of the network that `spec` describes, from input to output."""
    return Account(layers=tuple(_perceptron(spec) if spec.hidden else _lenet5(spec)))


def _lenet5(spec: NetworkSpec) -> Iterator[Layer]:
    shape = (1, FRAME, FRAME)
    for c, s, table in (("c1", "s2", C1_TABLE), ("c3", "s4", c3_table(spec))):
        yield (layer := _convolution(c, spec, table, shape))
        if spec.subsampling != "none":
            yield (layer := _subsampling(s, spec, layer.output_shape))
        shape = layer.output_shape
    yield _full("c5", shape, C5_UNITS)
    yield _full("f6", (C5_UNITS,), CODE_UNITS)
    yield _output(spec, (CODE_UNITS,))


def _perceptron(spec: NetworkSpec) -> Iterator[Layer]:
    shape: tuple[int, ...] = (1, FIELD, FIELD)
    for number, width in enumerate(spec.hidden, start=1):
        yield _full(f"h{number}", shape, width)
        shape = (width,)
    yield _output(spec, shape)


def _convolution(name: str, spec: NetworkSpec, table: Table, shape: tuple[int, ...]) -> Layer:
    size = (shape[-1] - KERNEL) // conv_stride(spec) + 1
    places = size * size
    weights = KERNEL * KERNEL * sum(len(row) for row in table)
    kernels = 1 if spec.connectivity == "shared" else places
    return Layer(
        name=name,
        input_shape=shape,
        output_shape=(len(table), size, size),
        parameters=kernels * (weights + len(table)),
        connections=places * (weights + len(table)),
        macs=places * weights,
    )


def _subsampling(name: str, spec: NetworkSpec, shape: tuple[int, ...]) -> Layer:
    maps, size, _ = shape
    trainable = spec.subsampling in ("trainable", "stride")
    inputs = 1 if spec.subsampling == "stride" else 4
    size = size if spec.subsampling == "stride" else size // 2
    return Layer(
        name=name,
        input_shape=shape,
        output_shape=(maps, size, size),
        parameters=2 * maps if trainable else 0,
        connections=maps * size * size * (inputs + trainable),
        macs=0,
    )


def _full(name: str, shape: tuple[int, ...], units: int) -> Layer:
    weights = prod(shape) * units
    return Layer(
        name=name,
        input_shape=shape,
        output_shape=(units,),
        parameters=weights + units,
        connections=weights + units,
        macs=weights,
    )


def _output(spec: NetworkSpec, shape: tuple[int, ...]) -> Layer:
    layer = _full("output", shape, CLASSES)
    if spec.output == "linear":
        return layer
    # The codes are fixed: distances along connections, but no parameters and no biases.
    return replace(layer, parameters=0, connections=layer.macs)
