import math

import pytest
import torch
from torch import Tensor

from pipeline.networks.layers import (
    AverageSubsampling,
    EuclideanRBF,
    InputCoding,
    MaxSubsampling,
    Rows,
    ScaledTanh,
    TrainableSubsampling,
)


def test_subsampling_adds_four_multiplies_and_adds_a_bias() -> None:
    layer = TrainableSubsampling(2, stride=False)
    layer.load_state_dict(
        {"coefficient": torch.tensor([0.5, -1]), "bias": torch.tensor([7, 0.25])}
    )
    maps = torch.tensor([[[1.0, 2], [3, 4]], [[0, 0.5], [0, 0.25]]])[..., None]
    # 0.5 * (1 + 2 + 3 + 4) + 7 and -1 * (0.5 + 0.25) + 0.25
    assert layer(maps).tolist() == [[[[12.0]]], [[[-0.5]]]]


def test_subsampling_takes_neighbourhoods_that_do_not_overlap() -> None:
    layer = TrainableSubsampling(1, stride=False)
    layer.load_state_dict({"coefficient": torch.ones(1), "bias": torch.zeros(1)})
    # 0 + 1 + 4 + 5, 2 + 3 + 6 + 7, and the same eight higher for each unit below
    assert layer(torch.arange(16.0).view(1, 4, 4, 1)).squeeze().tolist() == [[10, 18], [42, 50]]


def test_average_and_largest_of_a_neighbourhood() -> None:
    # Two images, the second with the first one's pixels doubled.
    maps = torch.arange(16.0).view(1, 4, 4, 1) * torch.tensor([1, 2])
    average, largest = AverageSubsampling()(maps), MaxSubsampling()(maps)
    assert average[0, :, :, 0].tolist() == [[2.5, 4.5], [10.5, 12.5]]
    assert largest[0, :, :, 0].tolist() == [[5, 7], [13, 15]]
    assert torch.equal(average[..., 1], 2 * average[..., 0])
    assert torch.equal(largest[..., 1], 2 * largest[..., 0])


def test_rows_are_the_units_of_an_image_map_by_map() -> None:
    maps = torch.arange(24).view(2, 2, 2, 3)
    assert Rows()(maps).tolist() == [list(range(image, 24, 3)) for image in range(3)]


def test_subsampling_with_stride_reads_one_unit() -> None:
    layer = TrainableSubsampling(1, stride=True)
    layer.load_state_dict({"coefficient": torch.tensor([2.0]), "bias": torch.tensor([1.0])})
    maps = torch.tensor([[1.0, 2], [3, 4]])[None, :, :, None]
    assert layer(maps).squeeze().tolist() == [[3, 5], [7, 9]]


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


def gradient(scores: Tensor, units: Tensor) -> Tensor:
    """Of a sum with different weights, so that no score stands for another."""
    weights = torch.linspace(-1, 1, scores.numel(), dtype=scores.dtype).view_as(scores)
    return torch.autograd.grad((scores * weights).sum(), units)[0]


def test_score_is_minus_the_sum_of_squares_that_equation_7_says() -> None:
    random = torch.Generator().manual_seed(6)
    units = torch.randn(4, 84, generator=random, dtype=torch.float64).requires_grad_()
    layer = EuclideanRBF().double()
    expected = -torch.stack(
        [((units - layer.codes[digit]) ** 2).sum(1) for digit in range(10)], dim=1
    )
    torch.testing.assert_close(layer(units), expected)
    torch.testing.assert_close(gradient(layer(units), units), gradient(expected, units))


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
    coded = InputCoding(frame=32, field=32, relaid=True)(images)
    assert coded.shape == (1, 32, 32, 3)
    assert coded.dtype == torch.float32
    # 51 / 255 = 0.2: -0.1 + 0.2 * 1.275
    torch.testing.assert_close(coded[0, 0, 0], torch.tensor([-0.1, 1.175, 0.155]))


def test_field_of_a_perceptron_is_the_central_28_by_28() -> None:
    images = torch.arange(2 * 32 * 32).remainder(251).to(torch.uint8).view(2, 32, 32)
    field = InputCoding(frame=32, field=28, relaid=False)(images)
    whole = InputCoding(frame=32, field=32, relaid=False)(images)
    assert field.shape == (1, 28, 28, 2)
    assert torch.equal(field, whole[:, 2:30, 2:30])


@pytest.mark.parametrize("field", [28, 32])
def test_relaid_pixels_are_the_same_pixels(field: int) -> None:
    images = torch.arange(3 * 32 * 32).remainder(253).to(torch.uint8).view(3, 32, 32)
    as_given, relaid = (
        InputCoding(frame=32, field=field, relaid=flag)(images) for flag in (False, True)
    )
    assert torch.equal(as_given, relaid)
    assert relaid.is_contiguous()
    assert not as_given.is_contiguous()
