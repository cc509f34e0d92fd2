"""From words to network: LeNet-5, its ablations and the plain perceptrons beside it."""

from collections import OrderedDict
from math import prod

from torch import nn

from pipeline.networks.accounting import (
    C1_TABLE,
    FIELD,
    FRAME,
    Layer,
    Table,
    account,
    c3_table,
    conv_stride,
)
from pipeline.networks.initialisation import initialise
from pipeline.networks.layers import (
    EuclideanRBF,
    InputCoding,
    ScaledTanh,
    TableConv2d,
    TrainableSubsampling,
    UnsharedTableConv2d,
)
from pipeline.networks.spec import NetworkSpec


def build(spec: NetworkSpec, *, init: str, seed: int) -> nn.Sequential:
    """The network that `spec` describes, with its initial values.

    Takes uint8 images [batch, 32, 32], gives scores [batch, 10], larger for likelier digits.
    """
    network = _perceptron(spec) if spec.hidden else _lenet5(spec)
    initialise(network, init=init, seed=seed)
    return network


def _lenet5(spec: NetworkSpec) -> nn.Sequential:
    """LeNet-5 (II.B, figure 2), one line a layer."""
    sizes = account(spec)
    return nn.Sequential(
        OrderedDict(
            input=InputCoding(frame=FRAME, field=FRAME),
            c1=_convolution(spec, sizes["c1"], C1_TABLE),
            c1_squash=_squash(spec),
            **_subsampling(spec, "s2", maps=6),
            c3=_convolution(spec, sizes["c3"], c3_table(spec)),
            c3_squash=_squash(spec),
            **_subsampling(spec, "s4", maps=16),
            flatten=nn.Flatten(),
            c5=_full(sizes["c5"]),  # 5x5 kernels on maps of 5x5: fully connected in all but name
            c5_squash=_squash(spec),
            f6=_full(sizes["f6"]),
            f6_squash=_last_squash(spec),
            output=_output(spec, sizes["output"]),
        )
    )


def _perceptron(spec: NetworkSpec) -> nn.Sequential:
    """Fully connected layers on the central 28x28 pixels (III.C)."""
    # DEPARTURE (III.C): the paper's perceptrons minimised a squared error; ours share LeNet-5's
    # input coding, squashing and training, and end in logits with cross-entropy.
    sizes = account(spec)
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        input=InputCoding(frame=FRAME, field=FIELD), flatten=nn.Flatten()
    )
    *hidden, output = sizes.layers
    for layer in hidden:
        layers[layer.name] = _full(layer)
        layers[f"{layer.name}_squash"] = _squash(spec)
    layers[f"{hidden[-1].name}_squash"] = _last_squash(spec)
    layers["output"] = _output(spec, output)
    return nn.Sequential(layers)


def _convolution(spec: NetworkSpec, layer: Layer, table: Table) -> nn.Module:
    inputs, in_size, _ = layer.input_shape
    stride = conv_stride(spec)
    if spec.connectivity == "shared":
        return TableConv2d(table, inputs=inputs, stride=stride)
    return UnsharedTableConv2d(
        table, inputs=inputs, in_size=in_size, out_size=layer.output_shape[-1], stride=stride
    )


def _subsampling(spec: NetworkSpec, name: str, maps: int) -> dict[str, nn.Module]:
    match spec.subsampling:
        case "none":
            return {}
        case "average":
            return {name: nn.AvgPool2d(2)}
        case "max":
            return {name: nn.MaxPool2d(2)}
        case "trainable" | "stride":
            layer = TrainableSubsampling(maps, stride=spec.subsampling == "stride")
            return {name: layer, f"{name}_squash": _squash(spec)}


def _squash(spec: NetworkSpec) -> nn.Module:
    return ScaledTanh() if spec.activation == "scaled_tanh" else nn.ReLU()


def _last_squash(spec: NetworkSpec) -> nn.Module:
    # A ReLU cannot reach the cells of -1 in the codes, so the layer before them stays the paper's.
    return ScaledTanh() if spec.output == "rbf" else _squash(spec)


def _full(layer: Layer) -> nn.Linear:
    return nn.Linear(prod(layer.input_shape), prod(layer.output_shape))


def _output(spec: NetworkSpec, layer: Layer) -> nn.Module:
    return EuclideanRBF() if spec.output == "rbf" else _full(layer)
