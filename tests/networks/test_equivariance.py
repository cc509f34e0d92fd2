"""What a shift of the image does to feature maps is a fact of the architecture."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pipeline.networks.accounting import account
from pipeline.networks.lenet5 import build
from pipeline.networks.spec import NetworkSpec

MAPS = ("c1", "s2", "c3", "s4")
SHARED = [
    {},
    {"subsampling": "stride"},
    {"subsampling": "none"},
    {"subsampling": "average"},
    {"subsampling": "max", "activation": "relu", "c3_table": "complete", "output": "linear"},
    {"hierarchy": "one"},
    {"frame": 28},
]
NOT_SHARED = [{"connectivity": "unshared"}, {"connectivity": "full"}, {"connectivity": "untied"}]


def trained_somewhat(network: nn.Module) -> nn.Module:
    """With kernels, biases and coefficients that are not what they start from."""
    random = torch.Generator().manual_seed(1)
    for parameter in network.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=random)
    return network


@torch.no_grad()
def feature_maps(spec: NetworkSpec, images: Tensor) -> dict[str, Tensor]:
    """What each layer of maps makes of images [batch, 32, 32], squashed."""
    units, found = images, dict[str, Tensor]()
    for name, layer in trained_somewhat(build(spec, init="fan_in", seed=0)).named_children():
        units = layer(units)
        if (map_layer := name.removesuffix("_squash")) in MAPS:
            found[map_layer] = units
    return found


def moved(images: Tensor, pixels: int) -> Tensor:
    """Down and to the right; what leaves comes in again on the other side."""
    return images.roll((pixels, pixels), dims=(-2, -1))


def commutes(before: Tensor, after: Tensor, places: int) -> bool:
    """Whether `after` is `before`, moved by so many places; but for what came in at the border."""
    kept, expected = after[..., places:, places:], before[..., :-places, :-places]
    assert kept.numel() > 0
    return torch.allclose(kept, expected, atol=1e-5)


@pytest.fixture(scope="module")
def noise() -> Tensor:
    """Images without any background, so that nothing is equal by being empty."""
    random = torch.Generator().manual_seed(2)
    return torch.randint(256, (2, 32, 32), generator=random, dtype=torch.uint8)


@pytest.mark.parametrize("difference", [*SHARED, *NOT_SHARED], ids=str)
@pytest.mark.parametrize("pixels", [4, 8])
def test_maps_move_with_the_image_by_multiples_of_4_where_kernels_are_shared(
    lenet5: NetworkSpec, difference: dict[str, Any], pixels: int, noise: Tensor
) -> None:
    spec = replace(lenet5, **difference)
    before, after = feature_maps(spec, noise), feature_maps(spec, moved(noise, pixels))
    shared = spec.connectivity == "shared"
    for name, maps in before.items():
        places = pixels // (account(spec)[name].step or 4)
        if places < maps.shape[-1]:
            assert commutes(maps, after[name], places) == shared, name


def test_a_shift_by_4_pixels_is_one_place_of_s4(lenet5: NetworkSpec) -> None:
    # C1 reads every pixel, S2 and C3 every second one, S4 every fourth.
    steps = [account(lenet5)[name].step for name in MAPS]
    assert steps == [1, 2, 2, 4]


@pytest.mark.parametrize("pixels", [1, 2, 3])
def test_no_move_of_s4_undoes_a_smaller_shift(
    lenet5: NetworkSpec, pixels: int, noise: Tensor
) -> None:
    before = feature_maps(lenet5, noise)["s4"]
    after = feature_maps(lenet5, moved(noise, pixels))["s4"]
    assert not torch.allclose(before, after, atol=1e-2)
    assert not commutes(before, after, 1)


@pytest.mark.parametrize(
    ("connectivity", "same"), [("shared", True), ("unshared", False), ("full", False)]
)
@pytest.mark.parametrize("pixels", [1, 2, 3])
@torch.no_grad()
def test_c1_and_c3_alone_commute_with_every_shift_where_kernels_are_shared(
    lenet5: NetworkSpec, connectivity: Any, same: bool, pixels: int
) -> None:
    spec = replace(lenet5, connectivity=connectivity)
    network = trained_somewhat(build(spec, init="fan_in", seed=0))
    random = torch.Generator().manual_seed(3)
    for name in ("c1", "c3"):
        layer = network.get_submodule(name)
        maps = torch.randn(2, *account(spec)[name].input_shape, generator=random)
        assert commutes(layer(maps), layer(moved(maps, pixels)), pixels) == same


@torch.no_grad()
def test_untied_network_commutes_until_it_is_trained(lenet5: NetworkSpec, noise: Tensor) -> None:
    layers = dict(
        build(replace(lenet5, connectivity="untied"), init="fan_in", seed=0).named_children()
    )
    before, after = (layers["c1"](layers["input"](each)) for each in (noise, moved(noise, 3)))
    assert commutes(before, after, 3)
