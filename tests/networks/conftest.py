"""Digits as a network takes them."""

import pytest
import torch
from torch import Tensor

from pipeline.data.mnist import Digits, frame


@pytest.fixture(autouse=True)
def _one_thread(one_thread: None) -> None:
    """For every test of this room."""


@pytest.fixture(scope="session")
def images(digits: Digits) -> Tensor:
    """500 digits, 50 of each class, on the network's frame. Shape [500, 32, 32]."""
    return torch.from_numpy(frame(digits.images))
