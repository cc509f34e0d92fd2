"""From words to network: LeNet-5, its ablations and the plain perceptrons beside it."""

from collections import OrderedDict
from math import prod

from torch import nn

from pipeline.networks import layers
from pipeline.networks.codes import output_codes
from pipeline.networks.convolutions import TableConv2d
from pipeline.networks.initialisation import initialise
from pipeline.networks.layers import EuclideanRBF, InputCoding
from pipeline.networks.mechanisms import ACTIVATION, CONNECTIVITY, OUTPUT, SUBSAMPLING
from pipeline.networks.sizes import Layer
from pipeline.networks.spec import NetworkSpec
from pipeline.networks.summary import summarize

Modules = dict[str, nn.Module]


def build(spec: NetworkSpec, *, init: str, seed: int) -> nn.Sequential:
    """The network that `spec` describes, with its initial values.

    Takes uint8 images [batch, size, size], gives scores [batch, classes], larger for likelier.
    """
    modules = _perceptron(spec) if spec.hidden_sizes else _lenet5(spec)
    network = nn.Sequential(OrderedDict(modules))
    initialise(network, init=init, seed=seed)
    return network


def _lenet5(spec: NetworkSpec) -> Modules:
    """LeNet-5 (II.B, figure 2), one line a layer; what the summary lacks is left out."""
    sizes = summarize(spec)
    return {
        "input": InputCoding(sizes.input.output_shape[-1]),
        **_convolution(spec, sizes.get("c1")),
        **_subsampling(spec, sizes.get("s2")),
        **_convolution(spec, sizes.get("c3")),
        **_subsampling(spec, sizes.get("s4")),
        "flatten": nn.Flatten(),
        **_full(sizes["c5"]),  # 5x5 kernels on maps of 5x5: fully connected in all but name
        **_full(sizes["f6"]),
        **_output(spec, sizes["output"]),
    }


def _perceptron(spec: NetworkSpec) -> Modules:
    """Fully connected layers on the central pixels (III.C)."""
    # DEPARTURE (III.C): the paper's perceptrons minimised a squared error; ours share LeNet-5's
    # input coding, activation function and training, and end in logits with cross-entropy.
    sizes = summarize(spec)
    *hidden, output = sizes.layers
    field = sizes.input.output_shape[-1]
    modules: Modules = {"input": InputCoding(field), "flatten": nn.Flatten()}
    for layer in hidden:
        modules |= _full(layer)
    return modules | _output(spec, output)


def _convolution(spec: NetworkSpec, layer: Layer | None) -> Modules:
    if layer is None or layer.table is None:
        return {}
    module = TableConv2d(
        layer.table,
        inputs=layer.input_shape[0],
        window=layer.window,
        stride=SUBSAMPLING[spec.subsampling].stride,
        out_size=layer.output_shape[-1],
        connectivity=CONNECTIVITY[spec.connectivity],
    )
    return _activated(layer, module)


def _subsampling(spec: NetworkSpec, layer: Layer | None) -> Modules:
    build = SUBSAMPLING[spec.subsampling].layer
    if layer is None or build is None:
        return {}
    return _activated(layer, build(layers, layer.output_shape[0]))


def _full(layer: Layer) -> Modules:
    return _activated(layer, nn.Linear(prod(layer.input_shape), prod(layer.output_shape)))


def _output(spec: NetworkSpec, layer: Layer) -> Modules:
    codes = OUTPUT[spec.output].codes
    return {"output": EuclideanRBF(output_codes())} if codes else _full(layer)


def _activated(layer: Layer, module: nn.Module) -> Modules:
    if layer.activation is None:
        return {layer.name: module}
    function = ACTIVATION[layer.activation].layer(layers)
    return {layer.name: module, f"{layer.name}_activation": function}
