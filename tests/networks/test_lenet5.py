from dataclasses import replace
from math import prod
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.networks.codes import output_codes
from pipeline.networks.lenet5 import build
from pipeline.networks.mechanisms import C3_TABLE, MECHANISMS
from pipeline.networks.spec import NetworkSpec
from pipeline.networks.summary import summarize
from pipeline.study import known_networks

NETWORKS = {name: spec for name, (_, spec) in known_networks().items()}
every_variant = pytest.mark.parametrize("variant", NETWORKS)


@every_variant
def test_variant_maps_images_to_ten_finite_scores(variant: str, images: Tensor) -> None:
    scores = build(NETWORKS[variant], init="fan_in", seed=0)(images[:2])
    assert scores.shape == (2, 10)
    assert scores.dtype == torch.float32
    assert scores.isfinite().all()
    assert not torch.equal(scores[0], scores[1])


@every_variant
def test_variant_has_the_parameters_of_its_summary(variant: str) -> None:
    network = build(NETWORKS[variant], init="paper", seed=0)
    for layer in summarize(NETWORKS[variant]).layers:
        trainable = network.get_submodule(layer.name).parameters()
        assert sum(p.numel() for p in trainable if p.requires_grad) == layer.parameters
    everything = sum(parameter.numel() for parameter in network.parameters())
    assert everything == summarize(NETWORKS[variant]).parameters


@every_variant
def test_variant_has_the_shapes_of_its_summary(variant: str, images: Tensor) -> None:
    network = build(NETWORKS[variant], init="paper", seed=0)
    shapes: dict[str, torch.Size] = {}
    inputs: dict[str, torch.Size] = {}
    for name, layer in network.named_children():
        # The name is bound now: a hook runs when the loop is over.
        def keep(_: nn.Module, given: tuple[Tensor], result: Tensor, name: str = name) -> None:
            inputs[name], shapes[name] = given[0].shape, result.shape

        layer.register_forward_hook(keep)
    network(images[:2])
    for layer in summarize(NETWORKS[variant]).layers:
        assert shapes[layer.name] == (2, *layer.output_shape)
        assert inputs[layer.name].numel() == 2 * prod(layer.input_shape)


@given(
    words=st.fixed_dictionaries(
        {field: st.sampled_from(list(rows)) for field, rows in MECHANISMS.items()}
    ),
    input_size=st.sampled_from([16, 20, 24, 28, 32]),
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_words_that_go_together_build_the_network_of_their_summary(
    lenet5: NetworkSpec, words: dict[str, Any], input_size: int
) -> None:
    assume(words["feature_stages"] == 2 or words["c3_table"] == "paper")
    spec = replace(lenet5, **words, input_size=input_size)
    network = build(spec, init="fan_in", seed=0)
    assert sum(p.numel() for p in network.parameters()) == summarize(spec).parameters
    assert network(torch.zeros(1, 32, 32, dtype=torch.uint8)).shape == (1, 10)


@every_variant
def test_variant_is_the_same_twice_for_one_seed(variant: str) -> None:
    first, second = (build(NETWORKS[variant], init="fan_in", seed=7) for _ in range(2))
    assert list(first.state_dict()) == list(second.state_dict())
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name])


@every_variant
def test_variant_gives_every_parameter_a_gradient(variant: str, images: Tensor) -> None:
    network = build(NETWORKS[variant], init="fan_in", seed=0)
    network(images[::50]).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), name


@every_variant
def test_layers_are_those_of_the_summary_in_its_order(variant: str) -> None:
    spec = NETWORKS[variant]
    children = [name for name, _ in build(spec, init="paper", seed=0).named_children()]
    layers = [name for name in children if name[-1].isdecimal() or name == "output"]
    assert layers == [layer.name for layer in summarize(spec).layers]


def activate(units: Tensor, activation: str) -> Tensor:
    return 1.7159 * torch.tanh(2 / 3 * units) if activation == "scaled_tanh" else units.relu()


def subsample(units: Tensor, spec: NetworkSpec, weights: dict[str, Tensor], name: str) -> Tensor:
    match spec.subsampling:
        case "none":
            return units
        case "max":
            return F.max_pool2d(units, 2)
        case "average":
            return F.avg_pool2d(units, 2)
        case "stride":
            # Only the top left unit of each neighbourhood, of a convolution with every unit.
            read = units[:, :, ::2, ::2]
        case _:
            read = F.avg_pool2d(units, 2) * 4
    read = read * weights[f"{name}.coefficient"].view(-1, 1, 1)
    return activate(read + weights[f"{name}.bias"].view(-1, 1, 1), spec.activation)


def dense_c3(spec: NetworkSpec, weight: Tensor) -> Tensor:
    """The kernels of each map for all six maps of S2, zero where the table connects nothing."""
    named = {"paper": C3_TABLE["paper"].table, "complete": ((0, 1, 2, 3, 4, 5),) * 16}
    table = named[spec.c3_table] if isinstance(spec.c3_table, str) else spec.c3_table
    kernels = torch.zeros(len(table), 6, 25, dtype=weight.dtype)
    rows = iter(weight)
    for output_map, inputs in enumerate(table):
        for input_map in inputs:
            kernels[output_map, input_map] = next(rows)
    return kernels.view(-1, 6, 5, 5)


def written_out(spec: NetworkSpec, weights: dict[str, Tensor], images: Tensor) -> Tensor:
    """Scores of a network with shared kernels, from the paper's text and stock functions."""
    margin = (32 - spec.input_size) // 2
    units = (images * 1.275 / 255 - 0.1)[:, None, margin : 32 - margin, margin : 32 - margin]
    units = F.conv2d(units, weights["c1.weight"].view(6, 1, 5, 5), weights["c1.bias"])
    units = subsample(activate(units, spec.activation), spec, weights, "s2")
    if spec.feature_stages == 2:
        units = F.conv2d(units, dense_c3(spec, weights["c3.weight"]), weights["c3.bias"])
        units = subsample(activate(units, spec.activation), spec, weights, "s4")
    units = units.flatten(1)
    units = activate(units @ weights["c5.weight"].t() + weights["c5.bias"], spec.activation)
    units = units @ weights["f6.weight"].t() + weights["f6.bias"]
    if spec.output == "linear":
        units = activate(units, spec.activation)
        return units @ weights["output.weight"].t() + weights["output.bias"]
    units = activate(units, "scaled_tanh")
    return -(units[:, None] - output_codes().to(units.dtype)).square().sum(2)


def trained_somewhat(network: nn.Module) -> nn.Module:
    """In float64, with biases and coefficients that are not what they start from."""
    random = torch.Generator().manual_seed(1)
    for parameter in network.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=random)
    return network.double()


@pytest.mark.parametrize(
    "difference",
    [
        {},
        {"subsampling": "stride"},
        {"subsampling": "none"},
        {"subsampling": "average"},
        {"subsampling": "max"},
        {"output": "linear"},
        {"activation": "relu"},
        {"c3_table": "complete"},
        {"c3_table": ((5, 0), (1,), (2, 3, 4))},
        {"feature_stages": 1},
        {"feature_stages": 1, "subsampling": "stride", "c5_units": 9},
        {"input_size": 28},
        {"input_size": 18, "subsampling": "none"},
        {"c3_table": "complete", "activation": "relu", "subsampling": "max", "output": "linear"},
    ],
    ids=str,
)
@torch.no_grad()
def test_network_computes_what_the_paper_writes(
    lenet5: NetworkSpec, difference: dict[str, Any], images: Tensor
) -> None:
    spec = replace(lenet5, **difference)
    network = trained_somewhat(build(spec, init="fan_in", seed=0))
    some = images[::50].double()
    torch.testing.assert_close(network(some), written_out(spec, network.state_dict(), some))


@pytest.mark.parametrize("difference", [{}, {"subsampling": "stride"}], ids=str)
@torch.no_grad()
def test_unshared_network_with_copied_kernels_is_the_same_function(
    lenet5: NetworkSpec, difference: dict[str, Any], images: Tensor
) -> None:
    spec = replace(lenet5, **difference)
    shared = trained_somewhat(build(spec, init="fan_in", seed=0))
    unshared = build(replace(spec, connectivity="unshared"), init="fan_in", seed=1).double()
    own = unshared.state_dict()
    unshared.load_state_dict(
        {name: value.expand_as(own[name]) for name, value in shared.state_dict().items()}
    )
    some = images[::50].double()
    torch.testing.assert_close(unshared(some), shared(some))


@torch.no_grad()
def test_perceptron_computes_what_the_paper_writes(lenet5: NetworkSpec, images: Tensor) -> None:
    spec = replace(lenet5, hidden_sizes=(300, 100), output="linear")
    network = trained_somewhat(build(spec, init="fan_in", seed=0))
    weights, some = network.state_dict(), images[::50].double()
    units = (some[:, 2:30, 2:30] * 1.275 / 255 - 0.1).flatten(1)
    for name in ("h1", "h2"):
        units = units @ weights[f"{name}.weight"].t() + weights[f"{name}.bias"]
        units = activate(units, "scaled_tanh")
    expected = units @ weights["output.weight"].t() + weights["output.bias"]
    torch.testing.assert_close(network(some), expected)


def test_the_first_of_equal_maxima_has_the_whole_gradient(lenet5: NetworkSpec) -> None:
    pool = build(replace(lenet5, subsampling="max"), init="paper", seed=0).get_submodule("s2")
    maps = torch.tensor([[[[0.0, 3], [3, 3]]]], requires_grad=True)
    (gradient,) = torch.autograd.grad(pool(maps).sum(), maps)
    assert gradient.tolist() == [[[[0, 1], [0, 0]]]]


def test_units_before_the_codes_reach_their_cells_of_minus_one(lenet5: NetworkSpec) -> None:
    for words in ({"activation": "relu"}, {"activation": "relu", "hidden_sizes": (30, 84)}):
        children = dict(build(replace(lenet5, **words), init="paper", seed=0).named_children())
        activations = [layer for name, layer in children.items() if name.endswith("_activation")]
        reach = [layer(torch.tensor(-9.0)).item() for layer in activations]
        assert reach[-1] < -1
        assert set(reach[:-1]) == {0}


def test_state_is_the_parameters_alone(lenet5: NetworkSpec) -> None:
    for connectivity in ("shared", "unshared"):
        spec = replace(lenet5, connectivity=connectivity)
        network = build(spec, init="paper", seed=0)
        assert list(network.state_dict()) == [name for name, _ in network.named_parameters()]
