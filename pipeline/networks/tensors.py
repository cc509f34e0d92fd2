"""What the tensors of a network mean, in plain values: for files that explain themselves."""

from math import prod
from typing import Any

from pipeline.networks.codes import code_cells
from pipeline.networks.mechanisms import ACTIVATION, CONNECTIVITY, OUTPUT, SUBSAMPLING
from pipeline.networks.sizes import Layer
from pipeline.networks.spec import CLASSES, FIELD, NetworkSpec
from pipeline.networks.summary import summarize

FORMAT_VERSION = "1"
WINDOWS = (
    "the bias plus, for each connection [map, input map] of the map, the sum of the products of "
    "a window of the input map and the weights of the connection (cross-correlation, no padding); "
    "the window of the unit at (row, column) begins at (stride * row, stride * column)"
)
WHOLE_MAPS = (
    "the bias plus, for each connection [map, input map] of the map, the sum of the products of "
    "the whole input map and the weights of the connection"
)


def describe_tensors(spec: NetworkSpec) -> dict[str, Any]:
    """How to compute the scores of a network from its parameters, in values that JSON has.

    The layers are in order. The axes of a tensor say what its indices count. Where an axis is
    "connection", index k belongs to `connections[k]`, a pair [map, input map].
    """
    sizes = summarize(spec)
    return {
        "format_version": FORMAT_VERSION,
        "input": {
            "images": f"uint8 [{FIELD}, {FIELD}], 0 is background, 255 ink, as in MNIST's files",
            "size": sizes.input.output_shape[-1],
            "placing": "in the middle of [size, size], filled with 0, or cut to that",
            "coding": "1.275 / 255 * pixel - 0.1",
        },
        "layers": [_layer(spec, layer) for layer in sizes.layers],
        "scores": f"one for each digit, 0 to {CLASSES - 1}; the largest is the prediction",
    }


def _layer(spec: NetworkSpec, layer: Layer) -> dict[str, Any]:
    return {
        "name": layer.name,
        **_computed(spec, layer),
        "activation": ACTIVATION[layer.activation].formula if layer.activation else None,
        "input_shape": list(layer.input_shape),
        "output_shape": list(layer.output_shape),
    }


def _computed(spec: NetworkSpec, layer: Layer) -> dict[str, Any]:
    if layer.table:
        return _convolution(spec, layer)
    if layer.name in ("s2", "s4"):
        return _subsampling(spec, layer)
    if layer.name == "output" and OUTPUT[spec.output].codes:
        computes = "minus the squared distance of the input to the code of each digit"
        return {"computes": computes, "tensors": {}, "codes": code_cells()}
    return _full(layer)


def _convolution(spec: NetworkSpec, layer: Layer) -> dict[str, Any]:
    table, side = layer.table or (), layer.output_shape[-1]
    wiring = CONNECTIVITY[spec.connectivity]
    connections = [[m, source] for m, row in enumerate(table) for source in row]
    positions = {} if wiring.shared else {f"row * {side} + column": side**2}
    taps = {f"window row * {layer.window} + window column": layer.window**2}
    return {
        "computes": WHOLE_MAPS if wiring.whole_maps else WINDOWS,
        **({} if wiring.whole_maps else {"stride": SUBSAMPLING[spec.subsampling].stride}),
        "tensors": {
            f"{layer.name}.weight": _axes(positions | {"connection": len(connections)} | taps),
            f"{layer.name}.bias": _axes(positions | {"map": len(table)}),
        },
        "connections": connections,
    }


def _subsampling(spec: NetworkSpec, layer: Layer) -> dict[str, Any]:
    names = ("coefficient", "bias") if layer.parameters else ()
    axes = _axes({"map": layer.output_shape[0]})
    return {
        "computes": SUBSAMPLING[spec.subsampling].computes,
        "tensors": {f"{layer.name}.{name}": axes for name in names},
    }


def _full(layer: Layer) -> dict[str, Any]:
    count = prod(layer.input_shape)
    maps, *sides = layer.input_shape
    size = prod(sides)
    inputs = f"map * {size} + row * {sides[-1]} + column" if maps < count else "input"
    units = {"unit": prod(layer.output_shape)}
    return {
        "computes": "the weights times the input, plus the bias",
        "tensors": {
            f"{layer.name}.weight": _axes(units | {inputs: count}),
            f"{layer.name}.bias": _axes(units),
        },
    }


def _axes(sizes: dict[str, int]) -> dict[str, list[Any]]:
    return {"shape": list(sizes.values()), "axes": list(sizes)}
