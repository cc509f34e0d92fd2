from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pipeline.networks.initialisation import generator
from pipeline.networks.lenet5 import build
from pipeline.networks.spec import NetworkSpec
from pipeline.networks.summary import summarize
from pipeline.study import known_networks

# F_i, the inputs of a unit: 5x5 on one map; 5x5 on 3, 4 or 6 maps; 5x5 on 16 maps; C5's units.
NETWORKS = {name: spec for name, (_, spec) in known_networks().items()}
FAN_IN = {
    "c1": torch.tensor([25.0] * 6),
    "c3": torch.tensor([75.0] * 18 + [100.0] * 36 + [150.0] * 6),
    "c5": torch.tensor([400.0]),
    "f6": torch.tensor([120.0]),
}
# Paper, section 1.3 of the fact sheet: 2.4 / F_i
PAPER_BOUNDS = {
    "c1": torch.tensor([0.096] * 6),
    "c3": torch.tensor([0.032] * 18 + [0.024] * 36 + [0.016] * 6),
    "c5": torch.tensor([0.006]),
    "f6": torch.tensor([0.02]),
}
BOUNDS = {
    "paper": PAPER_BOUNDS,
    "fan_in": {name: (3 / fan_in).sqrt() for name, fan_in in FAN_IN.items()},
}


def of_layer(network: nn.Module, name: str) -> list[Tensor]:
    return list(network.get_submodule(name).parameters())


def largest(weight: Tensor, kernels: int) -> Tensor:
    """The largest absolute weight of each kernel, over all places; a full layer is one kernel."""
    inputs = weight.numel() if kernels == 1 else 25
    return weight.abs().reshape(-1, kernels, inputs).amax((0, 2))


@pytest.mark.parametrize("init", BOUNDS)
@pytest.mark.parametrize("connectivity", ["shared", "unshared", "untied"])
@pytest.mark.parametrize("name", FAN_IN)
def test_weights_fill_the_range_of_their_unit_and_no_more(
    lenet5: NetworkSpec, init: str, connectivity: Any, name: str
) -> None:
    network = build(replace(lenet5, connectivity=connectivity), init=init, seed=3)
    weight, _ = of_layer(network, name)
    bounds = BOUNDS[init][name]
    sizes = largest(weight, len(bounds))
    assert (sizes <= bounds * (1 + 1e-6)).all()
    # The largest of 25 draws is above a half of the range but for once in 33 million.
    assert (sizes > bounds / 2).all()
    assert sizes.max() > 0.95 * bounds[sizes.argmax()]


def test_weights_are_as_often_negative_and_spread_evenly(lenet5: NetworkSpec) -> None:
    weight, _ = of_layer(build(lenet5, init="paper", seed=3), "c5")
    counts = torch.histc(weight.detach(), bins=10, min=-0.006, max=0.006)
    # 48,000 draws in ten bins: 4,800 each, s.d. 66; five of those either way.
    assert ((counts - 4800).abs() < 330).all()


@pytest.mark.parametrize("init", BOUNDS)
@pytest.mark.parametrize("connectivity", ["shared", "unshared", "untied", "full"])
def test_biases_start_at_0_and_coefficients_at_one_half(
    lenet5: NetworkSpec, init: str, connectivity: Any
) -> None:
    spec = replace(lenet5, connectivity=connectivity, output="linear")
    network = build(spec, init=init, seed=3)
    values = dict(network.named_parameters())
    for name in ("c1", "s2", "c3", "s4", "c5", "f6", "output"):
        assert not values[f"{name}.bias"].any()
    assert values["s2.coefficient"].tolist() == [0.5] * 6
    assert values["s4.coefficient"].tolist() == [0.5] * 16


@pytest.mark.parametrize("init", BOUNDS)
@pytest.mark.parametrize(
    ("difference", "same"),
    [
        ({"subsampling": "stride"}, ["c1", "s2", "c3", "s4", "c5", "f6"]),
        ({"output": "linear"}, ["c1", "s2", "c3", "s4", "c5", "f6"]),
        ({"activation": "relu"}, ["c1", "s2", "c3", "s4", "c5", "f6"]),
        ({"subsampling": "max"}, ["c1", "c3", "c5", "f6"]),
        ({"subsampling": "none"}, ["c1", "c3", "f6"]),
        ({"c3_table": "complete"}, ["c1", "s2", "s4", "c5", "f6"]),
        ({"connectivity": "unshared"}, ["s2", "s4", "c5", "f6"]),
        ({"connectivity": "full"}, ["s2", "s4", "c5", "f6"]),
        ({"feature_stages": 1}, ["c1", "s2"]),
        ({"input_size": 28}, ["c1", "s2", "c3", "s4", "f6"]),
    ],
    ids=str,
)
def test_layers_that_two_variants_share_start_from_the_same_values(
    lenet5: NetworkSpec, init: str, difference: dict[str, Any], same: list[str]
) -> None:
    ours = build(lenet5, init=init, seed=3)
    theirs = build(replace(lenet5, **difference), init=init, seed=3)
    for name in same:
        for one, other in zip(of_layer(ours, name), of_layer(theirs, name), strict=True):
            assert torch.equal(one, other)


@pytest.mark.parametrize("init", BOUNDS)
@pytest.mark.parametrize("subsampling", ["trainable", "stride", "none"])
@torch.no_grad()
def test_untied_network_starts_as_the_same_function_as_the_shared_one(
    lenet5: NetworkSpec, init: str, subsampling: Any, images: Tensor
) -> None:
    shared = replace(lenet5, subsampling=subsampling)
    untied = replace(shared, connectivity="untied")
    ours, theirs = (build(spec, init=init, seed=3).double() for spec in (shared, untied))
    some = images[::10].double()
    torch.testing.assert_close(theirs(some), ours(some))
    own = of_layer(theirs, "c3")[0]
    assert torch.equal(own, of_layer(ours, "c3")[0].expand_as(own))


@pytest.mark.parametrize("init", BOUNDS)
@pytest.mark.parametrize(
    ("name", "fan_in"),
    # A unit sees 32 * 32 pixels; or the 14 * 14 units of 3, of 4 and of 6 maps.
    [("c1", [1024.0] * 6), ("c3", [588.0] * 18 + [784.0] * 36 + [1176.0] * 6)],
)
def test_whole_maps_count_as_inputs_of_their_unit(
    lenet5: NetworkSpec, init: str, name: str, fan_in: list[float]
) -> None:
    weight, _ = of_layer(build(replace(lenet5, connectivity="full"), init=init, seed=3), name)
    inputs = torch.tensor(fan_in)
    bounds = 2.4 / inputs if init == "paper" else (3 / inputs).sqrt()
    sizes = weight.abs().amax((0, 2))
    assert (sizes <= bounds * (1 + 1e-6)).all()
    assert (sizes > 0.99 * bounds).all()


def test_other_seeds_give_other_values_in_every_layer(lenet5: NetworkSpec) -> None:
    ours, theirs = (build(lenet5, init="paper", seed=seed) for seed in (3, 4))
    for name in FAN_IN:
        assert not torch.equal(of_layer(ours, name)[0], of_layer(theirs, name)[0])


def test_layers_of_one_network_are_drawn_apart(lenet5: NetworkSpec) -> None:
    network = build(lenet5, init="paper", seed=3)
    first = [(of_layer(network, name)[0].flatten()[:25] * 1e3).tolist() for name in FAN_IN]
    scaled = [[value / max(map(abs, values)) for value in values] for values in first]
    for position, values in enumerate(scaled):
        for others in scaled[:position]:
            assert values != pytest.approx(others, rel=1e-3)


def test_values_do_not_depend_on_other_random_draws_and_make_none(lenet5: NetworkSpec) -> None:
    torch.manual_seed(1)
    ours = build(lenet5, init="paper", seed=3)
    torch.manual_seed(2)
    torch.rand(7)
    theirs = build(lenet5, init="paper", seed=3)
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(one, other)


def test_streams_differ_in_seed_purpose_and_name() -> None:
    keys = [(1, "init", "c1"), (2, "init", "c1"), (1, "order", "c1"), (1, "init", "c3")]
    draws = [torch.rand(4, generator=generator(*key)) for key in keys]
    for position, one in enumerate(draws):
        assert torch.equal(one, torch.rand(4, generator=generator(*keys[position])))
        assert not any(torch.equal(one, other) for other in draws[:position])


def spread(units: Tensor) -> float:
    """The s.d. over images, root mean square over units."""
    return units.flatten(1).std(0).square().mean().sqrt().item()


@pytest.mark.parametrize("variant", NETWORKS)
@torch.no_grad()
def test_signal_survives_up_to_the_last_layer_under_fan_in(variant: str, images: Tensor) -> None:
    network = build(NETWORKS[variant], init="fan_in", seed=0)
    found: dict[str, float] = {}
    units = images
    for name, layer in network.named_children():
        units = layer(units)
        found[name.removesuffix("_activation")] = spread(units)
    found = {layer.name: found[layer.name] for layer in summarize(NETWORKS[variant]).layers[:-1]}
    assert all(0.05 < value < 1.2 for value in found.values()), found


@torch.no_grad()
def test_signal_starts_tiny_under_the_papers_range(lenet5: NetworkSpec, images: Tensor) -> None:
    up_to_f6 = build(lenet5, init="paper", seed=0)[:-1]
    # About 6e-4 was measured when the protocol was written.
    assert 2e-4 < spread(up_to_f6(images)) < 2e-3
