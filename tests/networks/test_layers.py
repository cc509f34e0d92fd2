import math
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.networks.accounting import C1_TABLE, PAPER_TABLE, Table
from pipeline.networks.layers import (
    EuclideanRBF,
    InputCoding,
    ScaledTanh,
    TableConv2d,
    TrainableSubsampling,
    UnsharedTableConv2d,
)

# Table I of the paper, read column by column: the C3 maps that each S2 map feeds.
FED_BY = {
    0: {0, 4, 5, 6, 9, 10, 11, 12, 14, 15},
    1: {0, 1, 5, 6, 7, 10, 11, 12, 13, 15},
    2: {0, 1, 2, 6, 7, 8, 11, 13, 14, 15},
    3: {1, 2, 3, 6, 7, 8, 9, 12, 14, 15},
    4: {2, 3, 4, 7, 8, 9, 10, 12, 13, 15},
    5: {3, 4, 5, 8, 9, 10, 11, 13, 14, 15},
}
COMPLETE_TABLE = (tuple(range(6)),) * 16
# table, input maps, size of a map: C1 and C3 with fewer places
SHAPES = {"c1": (C1_TABLE, 1, 8), "paper": (PAPER_TABLE, 6, 7), "all": (COMPLETE_TABLE, 6, 7)}


@pytest.fixture(params=[1, 2], ids=["stride 1", "stride 2"])
def stride(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest) -> tuple[Table, int, int]:
    return SHAPES[request.param]


def randomise(layer: torch.nn.Module) -> None:
    random = torch.Generator().manual_seed(5)
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter, generator=random)


def shared(table: Table, inputs: int, stride: int) -> TableConv2d:
    layer = TableConv2d(table, inputs=inputs, stride=stride).double()
    randomise(layer)
    return layer


def unshared(table: Table, inputs: int, size: int, stride: int) -> UnsharedTableConv2d:
    out_size = (size - 5) // stride + 1
    layer = UnsharedTableConv2d(
        table, inputs=inputs, in_size=size, out_size=out_size, stride=stride
    ).double()
    randomise(layer)
    return layer


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


def by_hand(layer: UnsharedTableConv2d, table: Table, maps: Tensor, stride: int) -> Tensor:
    """One unit at a time, as the paper says it."""
    side = layer.out_size
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
    layer, maps = shared(table, inputs, stride), some_maps(3, inputs, size, size)
    expected = F.conv2d(maps, dense(table, inputs, layer.weight), layer.bias, stride=stride)
    torch.testing.assert_close(layer(maps), expected)
    of = (layer.weight, layer.bias, maps)
    torch.testing.assert_close(gradients(layer(maps), *of), gradients(expected, *of))


@pytest.mark.parametrize("sharing", ["shared", "unshared"])
def test_output_map_depends_on_exactly_the_maps_of_table_1(sharing: str) -> None:
    layer = shared(PAPER_TABLE, 6, 1) if sharing == "shared" else unshared(PAPER_TABLE, 6, 14, 1)
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
    same, own = shared(table, inputs, stride), unshared(table, inputs, size, stride)
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


@pytest.mark.parametrize("make", [shared, unshared])
def test_gradients_are_those_of_finite_differences(make: object, stride: int) -> None:
    table = ((0,), (1, 0))
    layer = shared(table, 2, stride) if make is shared else unshared(table, 2, 7, stride)

    def outputs(maps: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return torch.func.functional_call(layer, {"weight": weight, "bias": bias}, (maps,))

    assert torch.autograd.gradcheck(outputs, (some_maps(1, 2, 7, 7), layer.weight, layer.bias))


def test_table_in_another_order_connects_what_it_says() -> None:
    # Map 3 of the paper's table is written 4 5 0: a kernel belongs to the map it is written for.
    layer = shared(((2, 0),), 3, 1)
    with torch.no_grad():
        layer.bias.zero_()
        layer.weight[0] = 1
        layer.weight[1] = 10
    maps = torch.zeros(1, 3, 5, 5, dtype=torch.float64)
    maps[0, 0], maps[0, 1], maps[0, 2] = 1, 2, 3
    assert layer(maps).item() == 25 * (3 * 1 + 1 * 10)


def test_only_what_the_table_connects_is_a_parameter() -> None:
    assert shared(PAPER_TABLE, 6, 1).weight.shape == (60, 25)
    assert unshared(PAPER_TABLE, 6, 14, 1).weight.shape == (100, 60, 25)
    assert unshared(PAPER_TABLE, 6, 14, 1).bias.shape == (100, 16)


@pytest.mark.parametrize("layer", [shared(PAPER_TABLE, 6, 1), unshared(PAPER_TABLE, 6, 14, 1)])
def test_state_is_the_parameters_alone(layer: torch.nn.Module) -> None:
    assert list(layer.state_dict()) == ["weight", "bias"]


def test_subsampling_adds_four_multiplies_and_adds_a_bias() -> None:
    layer = TrainableSubsampling(2, stride=False)
    layer.load_state_dict(
        {"coefficient": torch.tensor([0.5, -1]), "bias": torch.tensor([7, 0.25])}
    )
    maps = torch.tensor([[[[1.0, 2], [3, 4]], [[0, 0.5], [0, 0.25]]]])
    # 0.5 * (1 + 2 + 3 + 4) + 7 and -1 * (0.5 + 0.25) + 0.25
    assert layer(maps).tolist() == [[[[12.0]], [[-0.5]]]]


def test_subsampling_takes_neighbourhoods_that_do_not_overlap() -> None:
    layer = TrainableSubsampling(1, stride=False)
    layer.load_state_dict({"coefficient": torch.ones(1), "bias": torch.zeros(1)})
    # 0 + 1 + 4 + 5, 2 + 3 + 6 + 7, and the same eight higher for each unit below
    assert layer(torch.arange(16.0).view(1, 1, 4, 4)).tolist() == [[[[10, 18], [42, 50]]]]


def test_subsampling_with_stride_reads_one_unit() -> None:
    layer = TrainableSubsampling(1, stride=True)
    layer.load_state_dict({"coefficient": torch.tensor([2.0]), "bias": torch.tensor([1.0])})
    assert layer(torch.tensor([[[[1.0, 2], [3, 4]]]])).tolist() == [[[[3, 5], [7, 9]]]]


def test_squashing_maps_plus_and_minus_one_to_themselves() -> None:
    values = ScaledTanh()(torch.tensor([1.0, -1.0, 0.0])).tolist()
    assert values == pytest.approx([1, -1, 0], abs=1e-4)


def test_squashing_has_the_constants_of_the_paper() -> None:
    squash = ScaledTanh()
    assert squash(torch.tensor([40.0, -40.0])).tolist() == pytest.approx([1.7159, -1.7159])
    at_zero = torch.zeros((), dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(squash(at_zero), at_zero)
    assert slope.item() == pytest.approx(1.7159 * 2 / 3, rel=1e-12)
    assert squash(torch.tensor(0.3)).item() == pytest.approx(1.7159 * math.tanh(0.2))


def test_score_is_minus_the_sum_of_squares_that_equation_7_says() -> None:
    units = some_maps(4, 84)
    layer = EuclideanRBF().double()
    expected = -torch.stack(
        [((units - layer.codes[digit]) ** 2).sum(1) for digit in range(10)], dim=1
    )
    torch.testing.assert_close(layer(units), expected)
    torch.testing.assert_close(gradients(layer(units), units), gradients(expected, units))


def test_code_is_at_distance_0_of_itself_and_4_hamming_of_the_others() -> None:
    layer = EuclideanRBF()
    hamming = (layer.codes[:, None] != layer.codes).sum(2)
    # The smallest, 12 cells between 6 and 8, are 48; the largest, 50, are 200.
    assert layer(layer.codes).tolist() == (-4 * hamming).tolist()
    assert layer(layer.codes)[6, 8] == -48
    assert layer(layer.codes)[1, 4] == -200


def test_codes_are_no_parameters_and_no_state() -> None:
    assert list(EuclideanRBF().parameters()) == []
    assert EuclideanRBF().state_dict() == {}


def test_pixels_become_the_grey_levels_of_the_paper() -> None:
    images = torch.tensor([0, 255, 51], dtype=torch.uint8)[:, None, None].expand(3, 32, 32)
    coded = InputCoding(frame=32, field=32)(images)
    assert coded.shape == (3, 1, 32, 32)
    assert coded.dtype == torch.float32
    # 51 / 255 = 0.2: -0.1 + 0.2 * 1.275
    torch.testing.assert_close(coded[:, 0, 0, 0], torch.tensor([-0.1, 1.175, 0.155]))


def test_field_of_a_perceptron_is_the_central_28_by_28() -> None:
    images = torch.arange(32 * 32).remainder(256).to(torch.uint8).view(1, 32, 32)
    field = InputCoding(frame=32, field=28)(images)
    whole = InputCoding(frame=32, field=32)(images)
    assert field.shape == (1, 1, 28, 28)
    assert torch.equal(field, whole[:, :, 2:30, 2:30])
