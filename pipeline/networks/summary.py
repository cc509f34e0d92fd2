"""Sizes: the only place where shapes, parameters, connections and MACs are computed.

Pure arithmetic on the words, no torch; the builder takes its sizes from here.
"""

from collections.abc import Iterator
from dataclasses import replace
from math import prod

from pipeline.networks.mechanisms import (
    C1_TABLE,
    C3_TABLE,
    CONNECTIVITY,
    FEATURE_STAGES,
    OUTPUT,
    SUBSAMPLING,
    Table,
)
from pipeline.networks.sizes import Layer, ModelSummary
from pipeline.networks.spec import CLASSES, CODE_UNITS, FIELD, KERNEL, NetworkSpec


def summarize(spec: NetworkSpec) -> ModelSummary:
    """Every layer of the network that `spec` describes, from input to output.

    Raises:
        ValueError: When the image is too small for the kernels, or maps cannot be halved.
    """
    source = image(FIELD if spec.hidden_sizes else spec.input_size)
    layers = _perceptron(spec, source) if spec.hidden_sizes else _lenet5(spec, source)
    return ModelSummary(input=source, layers=tuple(layers))


def c3_table(spec: NetworkSpec) -> Table:
    """The S2 maps that feed each C3 map."""
    return spec.c3_table if isinstance(spec.c3_table, tuple) else C3_TABLE[spec.c3_table].table


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
        if SUBSAMPLING[spec.subsampling].layer:
            yield (layer := _subsampling(s, spec, layer))
    paper = FEATURE_STAGES[spec.feature_stages].c5_units
    units = spec.c5_units if isinstance(spec.c5_units, int) else paper
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
    wiring, stride = CONNECTIVITY[spec.connectivity], SUBSAMPLING[spec.subsampling].stride
    side = before.output_shape[-1]
    size = _places(name, spec, side) // stride
    window = side if wiring.whole_maps else KERNEL
    places = size * size
    weights = window * window * sum(len(row) for row in table)
    kernels = 1 if wiring.shared else places
    return Layer(
        name=name,
        form=wiring.form if name == "c1" else f"{wiring.form}, {_table_form(spec)}",
        activation=spec.activation,
        input_shape=before.output_shape,
        output_shape=(len(table), size, size),
        window=window,
        table=table,
        parameters=kernels * (weights + len(table)),
        connections=places * (weights + len(table)),
        macs=places * weights,
        receptive_field=_seen(before, window),
        step=0 if wiring.whole_maps else before.step * stride,
    )


def _table_form(spec: NetworkSpec) -> str:
    return (
        "a table of its own" if isinstance(spec.c3_table, tuple) else C3_TABLE[spec.c3_table].form
    )


def _places(name: str, spec: NetworkSpec, size: int) -> int:
    """Positions of a kernel along one side of maps of `size`."""
    if size < KERNEL:
        raise ValueError(
            f"the image must not be too small for {name.upper()}'s 5x5 kernels, but an "
            f"`input_size` of {spec.input_size} leaves them {size}x{size}."
        )
    places = size - KERNEL + 1
    if SUBSAMPLING[spec.subsampling].layer and places % 2:
        raise ValueError(
            f"{name.upper()}'s maps must have an even side to be halved, but an `input_size` "
            f"of {spec.input_size} makes them {places}x{places}."
        )
    return places


def _subsampling(name: str, spec: NetworkSpec, before: Layer) -> Layer:
    maps, size, _ = before.output_shape
    option = SUBSAMPLING[spec.subsampling]
    window = 2 // option.stride  # strided, the convolution has left out the other units already
    size = size // window
    return Layer(
        name=name,
        form=option.form,
        activation=spec.activation if option.trainable else None,
        input_shape=before.output_shape,
        output_shape=(maps, size, size),
        window=window,
        parameters=2 * maps if option.trainable else 0,
        connections=maps * size * size * (window * window + option.trainable),
        receptive_field=_seen(before, window),
        step=before.step * window,
    )


def _output(spec: NetworkSpec, before: Layer) -> Layer:
    layer = full("output", before, CLASSES, activation=None)
    if not OUTPUT[spec.output].codes:
        return layer
    # The codes are fixed: distances along connections, but no parameters and no biases.
    return replace(layer, form="distance to fixed codes", parameters=0, connections=layer.macs)


def _seen(before: Layer, window: int) -> int:
    """Side of the square of pixels behind a square of `window` units."""
    return before.receptive_field + (window - 1) * before.step


def _last_activation(spec: NetworkSpec) -> str:
    # A ReLU cannot reach the cells of -1 in the codes, so the layer before them stays the paper's.
    return "scaled_tanh" if OUTPUT[spec.output].codes else spec.activation
