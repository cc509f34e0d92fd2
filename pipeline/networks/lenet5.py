"""From words to network: LeNet-5, its ablations and the plain perceptrons beside it."""

from collections import OrderedDict
from math import prod

from torch import nn

from pipeline.networks.accounting import account, conv_stride
from pipeline.networks.convolutions import (
    TableConv2d,
    ThinnedTableConv2d,
    UnsharedTableConv2d,
    UntiedTableConv2d,
    WholeMapTableConv2d,
)
from pipeline.networks.initialisation import initialise
from pipeline.networks.layers import (
    AverageSubsampling,
    EuclideanRBF,
    InputCoding,
    MaxSubsampling,
    Rows,
    ScaledTanh,
    TrainableSubsampling,
)
from pipeline.networks.sizes import Account, Layer
from pipeline.networks.spec import FRAME, NetworkSpec

SQUASHING = {"scaled_tanh": ScaledTanh, "relu": nn.ReLU}
Modules = dict[str, nn.Module]


def build(spec: NetworkSpec, *, init: str, seed: int) -> nn.Sequential:
    """The network that `spec` describes, with its initial values.

    Takes uint8 images [batch, 32, 32], gives scores [batch, 10], larger for likelier digits.
    """
    modules = _perceptron(spec) if spec.hidden else _lenet5(spec)
    network = nn.Sequential(OrderedDict(modules))
    initialise(network, init=init, seed=seed)
    return network


def _lenet5(spec: NetworkSpec) -> Modules:
    """LeNet-5 (II.B, figure 2), one line a layer; what the account lacks is left out."""
    sizes = account(spec)
    return {
        "input": _input(sizes, relaid=True),
        **_convolution(spec, sizes.get("c1")),
        **_subsampling(spec, sizes.get("s2")),
        **_convolution(spec, sizes.get("c3")),
        **_subsampling(spec, sizes.get("s4")),
        "flatten": Rows(),
        **_full(sizes["c5"]),  # 5x5 kernels on maps of 5x5: fully connected in all but name
        **_full(sizes["f6"]),
        **_output(spec, sizes["output"]),
    }


def _perceptron(spec: NetworkSpec) -> Modules:
    """Fully connected layers on the central 28x28 pixels (III.C)."""
    # DEPARTURE (III.C): the paper's perceptrons minimised a squared error; ours share LeNet-5's
    # input coding, squashing and training, and end in logits with cross-entropy.
    sizes = account(spec)
    *hidden, output = sizes.layers
    modules: Modules = {"input": _input(sizes, relaid=False), "flatten": Rows()}
    for layer in hidden:
        modules |= _full(layer)
    return modules | _output(spec, output)


def _input(sizes: Account, *, relaid: bool) -> nn.Module:
    return InputCoding(frame=FRAME, field=sizes.input.output_shape[-1], relaid=relaid)


def _convolution(spec: NetworkSpec, layer: Layer | None) -> Modules:
    if layer is None or layer.table is None:
        return {}
    table = layer.table
    inputs, in_size, _ = layer.input_shape
    out_size, stride = layer.output_shape[-1], conv_stride(spec)
    match spec.connectivity:
        case "shared" if stride == 1:
            module = TableConv2d(table, inputs=inputs)
        case "shared":
            module = ThinnedTableConv2d(table, inputs=inputs, in_size=in_size)
        case "full":
            module = WholeMapTableConv2d(table, inputs=inputs, in_size=in_size, out_size=out_size)
        case "unshared" | "untied":
            kind = UnsharedTableConv2d if spec.connectivity == "unshared" else UntiedTableConv2d
            module = kind(table, inputs=inputs, in_size=in_size, out_size=out_size, stride=stride)
    return _squashed(layer, module)


def _subsampling(spec: NetworkSpec, layer: Layer | None) -> Modules:
    if layer is None:
        return {}
    match spec.subsampling:
        case "average":
            module = AverageSubsampling()
        case "max":
            module = MaxSubsampling()
        case word:
            module = TrainableSubsampling(layer.output_shape[0], stride=word == "stride")
    return _squashed(layer, module)


def _full(layer: Layer) -> Modules:
    return _squashed(layer, nn.Linear(prod(layer.input_shape), prod(layer.output_shape)))


def _output(spec: NetworkSpec, layer: Layer) -> Modules:
    return {"output": EuclideanRBF()} if spec.output == "rbf" else _full(layer)


def _squashed(layer: Layer, module: nn.Module) -> Modules:
    if layer.squash is None:
        return {layer.name: module}
    return {layer.name: module, f"{layer.name}_squash": SQUASHING[layer.squash]()}
