from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.networks.convolutions import TableConv2d
from pipeline.networks.mechanisms import C1_TABLE, C3_TABLE, CONNECTIVITY, Table

PAPER_TABLE, COMPLETE_TABLE = C3_TABLE["paper"].table, C3_TABLE["complete"].table

# Table I of the paper, read column by column: the C3 maps that each S2 map feeds.
FED_BY = {
    0: {0, 4, 5, 6, 9, 10, 11, 12, 14, 15},
    1: {0, 1, 5, 6, 7, 10, 11, 12, 13, 15},
    2: {0, 1, 2, 6, 7, 8, 11, 13, 14, 15},
    3: {1, 2, 3, 6, 7, 8, 9, 12, 14, 15},
    4: {2, 3, 4, 7, 8, 9, 10, 12, 13, 15},
    5: {3, 4, 5, 8, 9, 10, 11, 13, 14, 15},
}
# table, input maps, size of a map: C1 and C3 with fewer places
SHAPES = {"c1": (C1_TABLE, 1, 8), "paper": (PAPER_TABLE, 6, 6), "all": (COMPLETE_TABLE, 6, 8)}


@pytest.fixture(params=[1, 2], ids=["stride 1", "stride 2"])
def stride(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest) -> tuple[Table, int, int]:
    return SHAPES[request.param]


def randomise(layer: nn.Module) -> None:
    random = torch.Generator().manual_seed(5)
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter, generator=random)


def layer_of(table: Table, connectivity: str, **sizes: int) -> TableConv2d:
    layer = TableConv2d(table, connectivity=CONNECTIVITY[connectivity], **sizes).double()
    randomise(layer)
    return layer


def shared(table: Table, inputs: int, size: int, stride: int) -> TableConv2d:
    out_size = (size - 5) // stride + 1
    return layer_of(table, "shared", inputs=inputs, window=5, stride=stride, out_size=out_size)


def unshared(table: Table, inputs: int, size: int, stride: int) -> TableConv2d:
    out_size = (size - 5) // stride + 1
    return layer_of(table, "unshared", inputs=inputs, window=5, stride=stride, out_size=out_size)


def whole(table: Table, inputs: int, size: int, out_size: int) -> TableConv2d:
    return layer_of(table, "full", inputs=inputs, window=size, stride=1, out_size=out_size)


def some_maps(*shape: int) -> Tensor:
    random = torch.Generator().manual_seed(6)
    return torch.randn(*shape, generator=random, dtype=torch.float64).requires_grad_()


def connections(table: Table) -> Iterator[tuple[int, int]]:
    """Output map and input map of each row of `weight`, in its order."""
    for output_map, row in enumerate(table):
        for input_map in row:
            yield output_map, input_map


def dense(table: Table, inputs: int, weight: Tensor) -> Tensor:
    kernels = weight.new_zeros(len(table), inputs, 5, 5)
    for (output_map, input_map), kernel in zip(connections(table), weight, strict=True):
        kernels[output_map, input_map] = kernel.view(5, 5)
    return kernels


def by_hand(layer: TableConv2d, table: Table, maps: Tensor, stride: int) -> Tensor:
    """One unit at a time, as the paper says it."""
    side = (maps.shape[-1] - 5) // stride + 1
    units = []
    for place, (kernels, biases) in enumerate(zip(layer.weight, layer.bias, strict=True)):
        top, left = place // side * stride, place % side * stride
        window = maps[:, :, top : top + 5, left : left + 5].unbind(1)
        sums = list(biases)
        for (output_map, input_map), kernel in zip(connections(table), kernels, strict=True):
            sums[output_map] = sums[output_map] + (window[input_map] * kernel.view(5, 5)).sum(
                (1, 2)
            )
        units.append(torch.stack(sums, dim=1))
    return torch.stack(units, dim=2).unflatten(2, (side, side))


def gradients(output: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
    """Of a sum with different weights, so that no unit stands for another."""
    weights = torch.linspace(-1, 1, output.numel(), dtype=output.dtype).view_as(output)
    return torch.autograd.grad((output * weights).sum(), inputs)


def test_table_convolution_is_a_convolution_with_kernels_of_zero_between(
    shape: tuple[Table, int, int], stride: int
) -> None:
    table, inputs, size = shape
    layer, maps = shared(table, inputs, size, stride), some_maps(3, inputs, size, size)
    expected = F.conv2d(maps, dense(table, inputs, layer.weight), layer.bias, stride=stride)
    of = (layer.weight, layer.bias, maps)
    expected_gradients = gradients(expected, *of)
    # Convolved on a CPU, gathered on a GPU: the same sums.
    for found in (layer(maps), layer.gathered(maps)):
        torch.testing.assert_close(found, expected)
        torch.testing.assert_close(gradients(found, *of), expected_gradients)


def test_complete_table_is_the_convolution_of_torch() -> None:
    stock = nn.Conv2d(6, 16, 5).double()
    layer, maps = shared(COMPLETE_TABLE, 6, 14, 1), some_maps(3, 6, 14, 14)
    layer.load_state_dict({"weight": stock.weight.reshape(96, 25), "bias": stock.bias})
    torch.testing.assert_close(layer(maps), stock(maps))


def test_whole_maps_with_a_complete_table_are_the_linear_layer_of_torch() -> None:
    stock = nn.Linear(6 * 14 * 14, 4 * 4 * 16).double()
    layer, maps = whole(COMPLETE_TABLE, 6, 14, 4), some_maps(3, 6, 14, 14)
    # Both have positions row by row; in each, all maps.
    layer.load_state_dict(
        {"weight": stock.weight.reshape(16, 96, 196), "bias": stock.bias.view(16, 16)}
    )
    expected = stock(maps.flatten(1)).unflatten(1, (4, 4, 16)).permute(0, 3, 1, 2)
    torch.testing.assert_close(layer(maps), expected)


def test_windows_of_another_size_make_the_same_convolution() -> None:
    layer = layer_of(COMPLETE_TABLE, "shared", inputs=6, window=3, stride=1, out_size=6)
    maps = some_maps(2, 6, 8, 8)
    expected = F.conv2d(maps, layer.weight.view(16, 6, 3, 3), layer.bias)
    torch.testing.assert_close(layer(maps), expected)
    torch.testing.assert_close(layer.gathered(maps), expected)


class Gathered(nn.Module):
    """A layer as it is on a GPU."""

    def __init__(self, layer: TableConv2d) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, maps: Tensor) -> Tensor:
        return self.layer.gathered(maps)


@pytest.mark.parametrize("kind", [shared, unshared, whole])
def test_layer_in_a_stack_is_what_it_is_alone(kind: Callable[..., TableConv2d]) -> None:
    layers = [Gathered(kind(PAPER_TABLE, 6, 8, 2)) for _ in range(2)]
    layers[1].layer.weight.data *= 2
    maps = some_maps(2, 3, 6, 8, 8)
    stacked, _ = torch.func.stack_module_state([*layers])
    together = torch.func.vmap(
        lambda values, own: torch.func.functional_call(layers[0], values, (own,))
    )(stacked, maps)
    expected = torch.stack([layer(own) for layer, own in zip(layers, maps, strict=True)])
    torch.testing.assert_close(together, expected)
    torch.testing.assert_close(gradients(together, maps), gradients(expected, maps))


@pytest.mark.parametrize(
    "layer",
    [
        shared(PAPER_TABLE, 6, 14, 1),
        unshared(PAPER_TABLE, 6, 14, 1),
        whole(PAPER_TABLE, 6, 14, 10),
    ],
)
def test_output_map_depends_on_exactly_the_maps_of_table_1(layer: nn.Module) -> None:
    maps = some_maps(1, 6, 14, 14).detach()
    before = layer(maps)
    for s2, fed in FED_BY.items():
        changed = maps.clone()
        changed[:, s2] += 1
        differs = (layer(changed) != before).flatten(2)
        assert set(torch.nonzero(differs.any(2)[0]).flatten().tolist()) == fed
        assert differs[0, sorted(fed)].all()  # and every unit of those


def test_unshared_with_equal_kernels_is_the_shared_convolution(
    shape: tuple[Table, int, int], stride: int
) -> None:
    table, inputs, size = shape
    same, own = shared(table, inputs, size, stride), unshared(table, inputs, size, stride)
    with torch.no_grad():
        own.weight.copy_(same.weight.expand_as(own.weight))
        own.bias.copy_(same.bias.expand_as(own.bias))
    maps = some_maps(3, inputs, size, size)
    torch.testing.assert_close(own(maps), same(maps))
    # A shared weight's gradient is the sum over the connections that share it.
    weight, bias, on_maps = gradients(own(maps), own.weight, own.bias, maps)
    expected = gradients(same(maps), same.weight, same.bias, maps)
    torch.testing.assert_close((weight.sum(0), bias.sum(0), on_maps), expected)


def test_unshared_with_different_kernels_is_one_sum_for_each_unit(
    shape: tuple[Table, int, int], stride: int
) -> None:
    table, inputs, size = shape
    layer, maps = unshared(table, inputs, size, stride), some_maps(2, inputs, size, size)
    expected = by_hand(layer, table, maps, stride)
    torch.testing.assert_close(layer(maps), expected)
    of = (layer.weight, layer.bias, maps)
    torch.testing.assert_close(gradients(layer(maps), *of), gradients(expected, *of))


def test_whole_maps_are_one_sum_over_a_map_for_each_unit(shape: tuple[Table, int, int]) -> None:
    table, inputs, size = shape
    layer, maps = whole(table, inputs, size, 2), some_maps(3, inputs, size, size)
    units = []
    for place in range(4):
        sums = list(layer.bias[place])
        for row, (output_map, input_map) in enumerate(connections(table)):
            weights = layer.weight[place, row].view(size, size)
            sums[output_map] = sums[output_map] + (maps[:, input_map] * weights).sum((1, 2))
        units.append(torch.stack(sums, dim=1))
    expected = torch.stack(units, dim=2).unflatten(2, (2, 2))
    torch.testing.assert_close(layer(maps), expected)
    of = (layer.weight, layer.bias, maps)
    torch.testing.assert_close(gradients(layer(maps), *of), gradients(expected, *of))


def test_whole_maps_with_zeros_outside_the_windows_are_the_unshared_convolution(
    shape: tuple[Table, int, int], stride: int
) -> None:
    table, inputs, size = shape
    local, out_size = unshared(table, inputs, size, stride), (size - 5) // stride + 1
    layer = whole(table, inputs, size, out_size)
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.copy_(local.bias)
        for place, kernels in enumerate(local.weight):
            top, left = place // out_size * stride, place % out_size * stride
            planes = layer.weight[place].view(-1, size, size)
            planes[:, top : top + 5, left : left + 5] = kernels.view(-1, 5, 5)
    maps = some_maps(3, inputs, size, size)
    torch.testing.assert_close(layer(maps), local(maps))
    torch.testing.assert_close(gradients(layer(maps), maps), gradients(local(maps), maps))


SMALL_TABLE = ((0,), (1, 0))


@pytest.mark.parametrize(
    "layer",
    [
        *(shared(SMALL_TABLE, 2, 6, stride) for stride in (1, 2)),
        *(unshared(SMALL_TABLE, 2, 6, stride) for stride in (1, 2)),
        whole(SMALL_TABLE, 2, 6, 2),
    ],
)
def test_gradients_are_those_of_finite_differences(layer: Any) -> None:

    def outputs(maps: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return torch.func.functional_call(layer, {"weight": weight, "bias": bias}, (maps,))

    assert torch.autograd.gradcheck(outputs, (some_maps(1, 2, 6, 6), layer.weight, layer.bias))


def test_table_in_another_order_connects_what_it_says() -> None:
    # Map 3 of the paper's table is written 4 5 0: a kernel belongs to the map it is written for.
    layer = shared(((2, 0),), 3, 6, 1)
    with torch.no_grad():
        layer.bias.zero_()
        layer.weight[0] = 1
        layer.weight[1] = 10
    maps = torch.zeros(1, 3, 6, 6, dtype=torch.float64)
    maps[0, 0], maps[0, 1], maps[0, 2] = 1, 2, 3
    assert (layer(maps) == 25 * (3 * 1 + 1 * 10)).all()


def test_only_what_the_table_connects_is_a_parameter() -> None:
    assert shared(PAPER_TABLE, 6, 14, 1).weight.shape == (60, 25)
    assert unshared(PAPER_TABLE, 6, 14, 1).weight.shape == (100, 60, 25)
    assert unshared(PAPER_TABLE, 6, 14, 1).bias.shape == (100, 16)
    assert whole(PAPER_TABLE, 6, 14, 10).weight.shape == (100, 60, 196)
    assert whole(PAPER_TABLE, 6, 14, 10).bias.shape == (100, 16)


@pytest.mark.parametrize(
    "layer",
    [
        shared(PAPER_TABLE, 6, 14, 1),
        unshared(PAPER_TABLE, 6, 14, 1),
        whole(PAPER_TABLE, 6, 14, 10),
    ],
)
def test_state_is_the_parameters_alone(layer: nn.Module) -> None:
    assert list(layer.state_dict()) == ["weight", "bias"]
