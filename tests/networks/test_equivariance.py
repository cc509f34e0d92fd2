"""What a shift of the image does to feature maps is a fact of the architecture."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pipeline.networks.lenet5 import build
from pipeline.networks.spec import NetworkSpec
from pipeline.networks.summary import summarize

MAPS = ("c1", "s2", "c3", "s4")
SHARED = [
    {},
    {"subsampling": "stride"},
    {"subsampling": "none"},
    {"subsampling": "average"},
    {"subsampling": "max", "activation": "relu", "c3_table": "complete", "output": "linear"},
    {"feature_stages": 1},
    {"input_size": 28},
]
NOT_SHARED = [{"connectivity": "unshared"}, {"connectivity": "full"}, {"connectivity": "untied"}]


def trained_somewhat(network: nn.Module) -> nn.Module:
    """With kernels, biases and coefficients that are not what they start from."""
    random = torch.Generator().manual_seed(1)
    for parameter in network.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=random)
    return network


@torch.no_grad()
def feature_maps(network: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """What each layer of maps makes of images [batch, 32, 32], activated."""
    units, found = images, dict[str, Tensor]()
    for name, layer in network.named_children():
        units = layer(units)
        if (map_layer := name.removesuffix("_activation")) in MAPS:
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
    network = trained_somewhat(build(spec, init="fan_in", seed=0))
    before, after = (feature_maps(network, each) for each in (noise, moved(noise, pixels)))
    assert list(before) == [layer.name for layer in summarize(spec).layers if layer.name in MAPS]
    shared = spec.connectivity == "shared"
    for name, maps in before.items():
        places = pixels // (summarize(spec)[name].step or 4)
        assert commutes(maps, after[name], places) == shared, name


def test_a_shift_by_4_pixels_is_one_place_of_s4(lenet5: NetworkSpec) -> None:
    # C1 reads every pixel, S2 and C3 every second one, S4 every fourth.
    steps = [summarize(lenet5)[name].step for name in MAPS]
    assert steps == [1, 2, 2, 4]


def is_moved(before: Tensor, after: Tensor, down: int, right: int) -> bool:
    """Whether `after` is `before`, moved by so many places, nearly.

    Its first row and column may see what came in on the other side: they do not count.
    """
    height, width = after.shape[-2:]
    rows = [row for row in range(1, height) if 0 <= row - down < height]
    columns = [column for column in range(1, width) if 0 <= column - right < width]
    kept = after[..., rows, :][..., columns]
    expected = before[..., [row - down for row in rows], :][
        ..., [column - right for column in columns]
    ]
    assert kept.numel() > 0
    return torch.allclose(kept, expected, atol=1e-2)


@pytest.mark.parametrize(
    ("pixels", "moves"), [(0, [(0, 0)]), (1, []), (2, []), (3, []), (4, [(1, 1)])]
)
def test_no_move_of_s4_undoes_a_shift_by_less_than_4_pixels(
    lenet5: NetworkSpec, pixels: int, moves: list[tuple[int, int]], noise: Tensor
) -> None:
    network = trained_somewhat(build(lenet5, init="fan_in", seed=0))
    before, after = (feature_maps(network, each)["s4"] for each in (noise, moved(noise, pixels)))
    tried = list(product((-1, 0, 1), repeat=2))
    assert [move for move in tried if is_moved(before, after, *move)] == moves


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
        maps = torch.randn(2, *summarize(spec)[name].input_shape, generator=random)
        before, after = (layer(each) for each in (maps, moved(maps, pixels)))
        assert commutes(before, after, pixels) == same


def test_untied_network_commutes_until_it_is_trained(lenet5: NetworkSpec, noise: Tensor) -> None:
    spec = replace(lenet5, connectivity="untied")
    network = build(spec, init="fan_in", seed=0)
    before, after = (feature_maps(network, each) for each in (noise, moved(noise, 4)))
    assert tuple(before) == MAPS
    for name, maps in before.items():
        assert commutes(maps, after[name], 4 // summarize(spec)[name].step), name
