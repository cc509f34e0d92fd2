"""A cache folder for each test, and two small networks, trained a little."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.data.mnist import Digits
from pipeline.networks.lenet5 import build
from pipeline.networks.spec import NetworkSpec
from pipeline.training.models import TrainedNetwork


@pytest.fixture(autouse=True)
def _alone(one_thread: None, cache: Path) -> None:
    """For every test of this room."""


@pytest.fixture(scope="session")
def few(digits: Digits) -> Digits:
    """Forty of the digits, four of each class, as test images."""
    return Digits(digits.images[::12][:40], digits.labels[::12][:40], "forty digits")


def network(spec: NetworkSpec, seed: int) -> TrainedNetwork:
    """With parameters that are not those it began with."""
    built = build(spec, init="fan_in", seed=seed)
    random = torch.Generator().manual_seed(seed)
    weights = {
        name: (value + 0.05 * torch.randn(value.shape, generator=random)).numpy()
        for name, value in built.state_dict().items()
    }
    return TrainedNetwork(
        network=spec, init="fan_in", seed=seed, run_key=f"training {seed}", weights=weights
    )


@pytest.fixture(scope="session")
def models(lenet5: NetworkSpec) -> list[TrainedNetwork]:
    return [network(lenet5, 0), network(lenet5, 1)]


@pytest.fixture(scope="session")
def perceptron(lenet5: NetworkSpec) -> TrainedNetwork:
    return network(replace(lenet5, hidden_sizes=(20, 15), output="linear"), 0)


def nan(model: TrainedNetwork) -> TrainedNetwork:
    """The same, diverged."""
    lost = {name: np.full_like(array, np.nan) for name, array in model.weights.items()}
    return replace(model, weights=lost)
