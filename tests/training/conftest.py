"""A few hundred real digits, a result cache for each test, and plans that take a second."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline.data.mnist import Digits, load_digits
from pipeline.networks.spec import NetworkSpec
from pipeline.training.cells import Hyperparameters
from pipeline.training.plan import Plan, final_plan

MakePlan = Callable[..., Plan]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """As in a worker: the last bits of a result depend on it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The result cache of this test alone."""
    monkeypatch.setenv("ABLATION_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Digits:
    """500 digits, 50 of each class."""
    folder = tmp_path_factory.mktemp("digits")
    for file in (Path(__file__).parents[1] / "digits").glob("train-*"):
        shutil.copy(file, folder)
    return load_digits(folder)


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
def make_plan(digits: Digits, lenet5: NetworkSpec) -> MakePlan:
    """A plan of short trainings on the 500 digits; keywords change words and settings."""

    def make(
        *,
        seeds: tuple[int, ...] = (0,),
        epochs: int = 1,
        batch_size: int = 64,
        learning_rate: float = 0.004,
        **difference: Any,
    ) -> Plan:
        network = replace(lenet5, **difference)
        return final_plan(
            digits,
            network,
            Hyperparameters(
                learning_rate=learning_rate,
                init="fan_in",
                j=1.0 if network.output == "rbf" else None,
            ),
            seeds=seeds,
            epochs=epochs,
            batch_size=batch_size,
        )

    return make
