"""Sizes: the only place where shapes, parameters, connections and MACs are computed.

Pure arithmetic on the words, no torch; the builder takes its sizes from here.
"""

from collections.abc import Iterator
from dataclasses import replace
from math import prod

from pipeline.networks.sizes import Layer, ModelSummary
from pipeline.networks.spec import CLASSES, CODE_UNITS, FIELD, KERNEL, NetworkSpec, Table
from pipeline.networks.tables import C1_TABLE, c3_table

C5_UNITS = {2: 120, 1: 47}

# What the summary says of how a layer is made.
CONNECTIVITY = {
    "shared": "a 5x5 kernel for each map",
    "unshared": "a 5x5 kernel for each unit",
    "untied": "a 5x5 kernel for each unit, equal at first",
    "full": "whole maps",
}
SUBSAMPLING = {
    "trainable": "2x2 sum, coefficient, bias",
    "stride": "one of 2x2, coefficient, bias",
    "average": "2x2 mean",
    "max": "2x2 maximum",
}
TABLES = {"paper": "table I", "complete": "complete table"}


def summarize(spec: NetworkSpec) -> ModelSummary:
    """Every layer of the network that `spec` describes, from input to output.

    Raises:
        ValueError: When the image is too small for the kernels, or maps cannot be halved.
    """
    source = image(FIELD if spec.hidden_sizes else spec.input_size)
    layers = _perceptron(spec, source) if spec.hidden_sizes else _lenet5(spec, source)
    return ModelSummary(input=source, layers=tuple(layers))


def conv_stride(spec: NetworkSpec) -> int:
    """2 where subsampling reads only every other unit: then only those are computed."""
    return 2 if spec.subsampling == "stride" else 1


def image(side: int) -> Layer:
    shape = (1, side, side)
    return Layer(
        name="input",
        form="grey levels",
        activation=None,
        input_shape=shape,
        output_shape=shape,
        window=0,
        receptive_field=1,
        step=1,
    )


def full(name: str, before: Layer, units: int, *, activation: str | None) -> Layer:
    """Every unit sees all of the layer before it."""
    window = before.output_shape[-1]
    weights = prod(before.output_shape) * units
    return Layer(
        name=name,
        form="fully connected",
        activation=activation,
        input_shape=before.output_shape,
        output_shape=(units,),
        window=window,
        parameters=weights + units,
        connections=weights + units,
        macs=weights,
        receptive_field=_seen(before, window),
        step=0,
    )


def _lenet5(spec: NetworkSpec, layer: Layer) -> Iterator[Layer]:
    stages = [("c1", "s2", C1_TABLE), ("c3", "s4", c3_table(spec))]
    for c, s, table in stages if spec.feature_stages == 2 else stages[:1]:
        yield (layer := _convolution(c, spec, table, layer))
        if spec.subsampling != "none":
            yield (layer := _subsampling(s, spec, layer))
    units = C5_UNITS[spec.feature_stages] if spec.c5_units == "paper" else spec.c5_units
    yield (layer := full("c5", layer, units, activation=spec.activation))
    yield (layer := full("f6", layer, CODE_UNITS, activation=_last_activation(spec)))
    yield _output(spec, layer)


def _perceptron(spec: NetworkSpec, layer: Layer) -> Iterator[Layer]:
    for number, width in enumerate(spec.hidden_sizes, start=1):
        last = number == len(spec.hidden_sizes)
        activation = _last_activation(spec) if last else spec.activation
        yield (layer := full(f"h{number}", layer, width, activation=activation))
    yield _output(spec, layer)


def _convolution(name: str, spec: NetworkSpec, table: Table, before: Layer) -> Layer:
    stride, window = conv_stride(spec), before.output_shape[-1]
    size = _places(name, spec, window) // stride
    if spec.connectivity != "full":
        window = KERNEL
    places = size * size
    weights = window * window * sum(len(row) for row in table)
    kernels = 1 if spec.connectivity == "shared" else places
    form = CONNECTIVITY[spec.connectivity]
    table_name = TABLES[spec.c3_table] if isinstance(spec.c3_table, str) else "a table of its own"
    return Layer(
        name=name,
        form=form if name == "c1" else f"{form}, {table_name}",
        activation=spec.activation,
        input_shape=before.output_shape,
        output_shape=(len(table), size, size),
        window=window,
        table=table,
        parameters=kernels * (weights + len(table)),
        connections=places * (weights + len(table)),
        macs=places * weights,
        receptive_field=_seen(before, window),
        step=0 if spec.connectivity == "full" else before.step * stride,
    )


def _places(name: str, spec: NetworkSpec, size: int) -> int:
    """Positions of a kernel along one side of maps of `size`."""
    if size < KERNEL:
        raise ValueError(
            f"the image must not be too small for {name.upper()}'s 5x5 kernels, but an "
            f"`input_size` of {spec.input_size} leaves them {size}x{size}."
        )
    places = size - KERNEL + 1
    if spec.subsampling != "none" and places % 2:
        raise ValueError(
            f"{name.upper()}'s maps must have an even side to be halved, but an `input_size` "
            f"of {spec.input_size} makes them {places}x{places}."
        )
    return places


def _subsampling(name: str, spec: NetworkSpec, before: Layer) -> Layer:
    maps, size, _ = before.output_shape
    trainable = spec.subsampling in ("trainable", "stride")
    # Strided: the convolution has left out the three other units already.
    window = 1 if spec.subsampling == "stride" else 2
    size = size // window
    return Layer(
        name=name,
        form=SUBSAMPLING[spec.subsampling],
        activation=spec.activation if trainable else None,
        input_shape=before.output_shape,
        output_shape=(maps, size, size),
        window=window,
        parameters=2 * maps if trainable else 0,
        connections=maps * size * size * (window * window + trainable),
        receptive_field=_seen(before, window),
        step=before.step * window,
    )


def _output(spec: NetworkSpec, before: Layer) -> Layer:
    layer = full("output", before, CLASSES, activation=None)
    if spec.output == "linear":
        return layer
    # The codes are fixed: distances along connections, but no parameters and no biases.
    return replace(layer, form="distance to fixed codes", parameters=0, connections=layer.macs)


def _seen(before: Layer, window: int) -> int:
    """Side of the square of pixels behind a square of `window` units."""
    return before.receptive_field + (window - 1) * before.step


def _last_activation(spec: NetworkSpec) -> str:
    # A ReLU cannot reach the cells of -1 in the codes, so the layer before them stays the paper's.
    return "scaled_tanh" if spec.output == "rbf" else spec.activation
