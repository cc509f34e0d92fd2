"""The baseline's words and a few hundred real digits."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from pipeline.data.mnist import frame, load_digits
from pipeline.networks.spec import NetworkSpec


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """As in a worker; these layers are too small for two."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def lenet5() -> NetworkSpec:
    """LeNet-5 as published, not as params.yaml happens to have it."""
    return NetworkSpec(
        connectivity="shared",
        c3_table="paper",
        subsampling="trainable",
        activation="scaled_tanh",
        output="rbf",
        hidden=(),
    )


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Tensor:
    """500 digits, 50 of each class, on the network's frame. Shape [500, 32, 32]."""
    folder = tmp_path_factory.mktemp("digits")
    for file in (Path(__file__).parents[1] / "digits").glob("train-*"):
        shutil.copy(file, folder)
    return torch.from_numpy(frame(load_digits(folder).images))
