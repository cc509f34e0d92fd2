import math

import pytest
import torch
from torch import Tensor

from pipeline.networks.codes import output_codes
from pipeline.networks.layers import (
    EuclideanRBF,
    InputCoding,
    ScaledTanh,
    TrainableSubsampling,
)


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
    assert layer(torch.arange(16.0).view(1, 1, 4, 4)).squeeze().tolist() == [[10, 18], [42, 50]]


def test_subsampling_with_stride_reads_one_unit() -> None:
    layer = TrainableSubsampling(1, stride=True)
    layer.load_state_dict({"coefficient": torch.tensor([2.0]), "bias": torch.tensor([1.0])})
    maps = torch.tensor([[[[1.0, 2], [3, 4]]]])
    assert layer(maps).squeeze().tolist() == [[3, 5], [7, 9]]


def test_scaled_tanh_maps_plus_and_minus_one_to_themselves() -> None:
    values = ScaledTanh()(torch.tensor([1.0, -1.0, 0.0])).tolist()
    assert values == pytest.approx([1, -1, 0], abs=1e-4)


def test_scaled_tanh_has_the_constants_of_the_paper() -> None:
    activation = ScaledTanh()
    assert activation(torch.tensor([40.0, -40.0])).tolist() == pytest.approx([1.7159, -1.7159])
    at_zero = torch.zeros((), dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(activation(at_zero), at_zero)
    assert slope.item() == pytest.approx(1.7159 * 2 / 3, rel=1e-12)
    assert activation(torch.tensor(0.3)).item() == pytest.approx(1.7159 * math.tanh(0.2))


def gradient(scores: Tensor, units: Tensor) -> Tensor:
    """Of a sum with different weights, so that no score stands for another."""
    weights = torch.linspace(-1, 1, scores.numel(), dtype=scores.dtype).view_as(scores)
    return torch.autograd.grad((scores * weights).sum(), units)[0]


def test_score_is_minus_the_sum_of_squares_that_equation_7_says() -> None:
    random = torch.Generator().manual_seed(6)
    units = torch.randn(4, 84, generator=random, dtype=torch.float64).requires_grad_()
    layer = EuclideanRBF(output_codes()).double()
    expected = -torch.stack(
        [((units - layer.codes[digit]) ** 2).sum(1) for digit in range(10)], dim=1
    )
    torch.testing.assert_close(layer(units), expected)
    torch.testing.assert_close(gradient(layer(units), units), gradient(expected, units))


def test_code_is_at_distance_0_of_itself_and_4_hamming_of_the_others() -> None:
    layer = EuclideanRBF(output_codes())
    hamming = (layer.codes[:, None] != layer.codes).sum(2)
    # The smallest, 12 cells between 6 and 8, are 48; the largest, 50, are 200.
    assert layer(layer.codes).tolist() == (-4 * hamming).tolist()
    assert layer(layer.codes)[6, 8] == -48
    assert layer(layer.codes)[1, 4] == -200


def test_codes_are_no_parameters_and_no_state() -> None:
    assert list(EuclideanRBF(output_codes()).parameters()) == []
    assert EuclideanRBF(output_codes()).state_dict() == {}


def test_score_is_of_any_codes() -> None:
    # 1 + 4 and 9 + 16
    layer = EuclideanRBF(torch.tensor([[1.0, 2.0], [3.0, -4.0], [0.0, 0.0]]))
    assert layer(torch.zeros(1, 2)).tolist() == [[-5, -25, 0]]


def test_pixels_become_the_grey_levels_of_the_paper() -> None:
    images = torch.tensor([0, 255, 51], dtype=torch.uint8)[:, None, None].expand(3, 32, 32)
    coded = InputCoding(32)(images)
    assert coded.shape == (3, 1, 32, 32)
    assert coded.dtype == torch.float32
    # 51 / 255 = 0.2: -0.1 + 0.2 * 1.275
    torch.testing.assert_close(coded[:, 0, 0, 0], torch.tensor([-0.1, 1.175, 0.155]))


def test_field_is_the_central_part_of_an_image() -> None:
    images = torch.arange(2 * 32 * 32).remainder(251).to(torch.uint8).view(2, 32, 32)
    field, whole = InputCoding(28)(images), InputCoding(32)(images)
    assert torch.equal(field, whole[..., 2:30, 2:30])
