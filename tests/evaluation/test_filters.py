"""What is drawn of a network is what it has: its weights, and its maps."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.data.mnist import Digits, frame
from pipeline.evaluation.filters import SHIFT, UNITS, filters_and_maps
from pipeline.evaluation.plan import evaluation_plan
from pipeline.evaluation.reading import rebuilt
from pipeline.execution.provenance import cpu_environment
from pipeline.execution.task import Context
from pipeline.networks.spec import NetworkSpec
from pipeline.training.models import TrainedNetwork
from tests.evaluation.conftest import nan, network

SETTINGS: dict[str, Any] = {
    "validation_images": 100,
    "split_seed": 1,
    "environment": cpu_environment(),
}
CPU = torch.device("cpu")


def drawn(model: TrainedNetwork, digits: Digits) -> dict[str, np.ndarray]:
    shown = torch.from_numpy(frame(digits.images[:1])[0])
    return filters_and_maps(model.network, rebuilt(model.network, model.weights, CPU), shown)


def test_shared_kernels_are_the_layer_s_weights_at_both_places(
    models: list[TrainedNetwork], digits: Digits
) -> None:
    kernels = drawn(models[0], digits)["kernels"]
    weights = next(array for array in models[0].weights.values() if array.size == 6 * 25)
    assert kernels.shape == (2, 6, 5, 5)
    assert kernels.dtype == np.float32
    for place in kernels:
        np.testing.assert_allclose(place, weights.reshape(6, 5, 5), rtol=1e-6)


def test_unshared_kernels_differ_from_place_to_place(lenet5: NetworkSpec, digits: Digits) -> None:
    kernels = drawn(network(replace(lenet5, connectivity="unshared"), 0), digits)["kernels"]
    assert kernels.shape == (2, 6, 5, 5)
    assert (kernels[0] != kernels[1]).all()
    assert np.abs(kernels).min(axis=(2, 3)).all()


@pytest.mark.parametrize(
    ("words", "shape"),
    [
        ({"connectivity": "full"}, (2, 6, 32, 32)),
        ({"subsampling": "stride"}, (2, 6, 5, 5)),
        ({"hidden_sizes": (20, 15), "output": "linear"}, (1, UNITS, 28, 28)),
        ({"hidden_sizes": (4,), "output": "linear"}, (1, 4, 28, 28)),
    ],
    ids=str,
)
def test_units_are_drawn_as_what_they_read(
    lenet5: NetworkSpec, digits: Digits, words: dict[str, object], shape: tuple[int, ...]
) -> None:
    model = network(replace(lenet5, **words), 0)
    kernels = drawn(model, digits)["kernels"]
    assert kernels.shape == shape
    assert np.count_nonzero(kernels) == kernels.size


def test_maps_are_those_of_c1_and_move_with_the_digit(
    models: list[TrainedNetwork], digits: Digits
) -> None:
    still, moved = drawn(models[0], digits)["maps"]
    assert still.shape == (6, 28, 28)
    np.testing.assert_allclose(moved[..., SHIFT:], still[..., :-SHIFT], atol=1e-5)
    assert np.abs(still).max() <= 1.7159
    assert still.std(axis=(1, 2)).all()


def test_perceptron_has_no_maps(perceptron: TrainedNetwork, digits: Digits) -> None:
    assert drawn(perceptron, digits)["maps"].shape == (2, 0, 0, 0)


def test_network_that_diverged_is_drawn_as_no_numbers(
    models: list[TrainedNetwork], digits: Digits
) -> None:
    assert np.isnan(drawn(nan(models[0]), digits)["kernels"]).all()


def test_the_picture_is_of_the_first_network_and_a_training_image(
    models: list[TrainedNetwork], few: Digits, digits: Digits
) -> None:
    asked = evaluation_plan(
        models, few, digits, validation_images=100, split_seed=1, environment=cpu_environment()
    )
    assert asked.filters.weights is models[0].weights
    assert (asked.filters.digit == digits.images[0]).all()
    found = asked.filters.run(Context(shared=asked.digits, device=CPU, report=lambda *_: None))
    for name, array in drawn(models[0], digits).items():
        assert found.arrays[name].tobytes() == array.tobytes()
    other = replace(digits, images=digits.images[::-1])
    again = evaluation_plan(
        models, few, other, validation_images=100, split_seed=1, environment=cpu_environment()
    )
    assert again.filters.key != asked.filters.key
