"""What several rooms are tested with: LeNet-5's words and a few hundred real digits."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import settings

from pipeline.data.mnist import Digits, load_digits
from pipeline.execution.provenance import cpu_environment
from pipeline.native.build import kernels_name
from pipeline.networks.spec import NetworkSpec
from pipeline.training.hyperparameters import Hyperparameters
from pipeline.training.plan import Plan, final_plan
from tests.chromium import CHROMIUM, QUIET

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MakePlan = Callable[..., Plan]

# An example may take as long as it takes: a busy machine is no failure.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
# What is expected is computed on the CPU; tests of a GPU say that they are.
os.environ["CUDA_VISIBLE_DEVICES"] = ""


@pytest.fixture(scope="session")
def lenet5() -> NetworkSpec:
    """LeNet-5 as published, not as params.yaml happens to have it."""
    return NetworkSpec(
        input_size=32,
        connectivity="shared",
        feature_stages=2,
        c3_table="paper",
        subsampling="trainable",
        activation="scaled_tanh",
        output="rbf",
        hidden_sizes=(),
        c5_units="paper",
    )


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Digits:
    """500 digits, 50 of each class."""
    folder = tmp_path_factory.mktemp("digits")
    for file in (Path(__file__).parent / "digits").glob("train-*"):
        shutil.copy(file, folder)
    return load_digits(folder)


@pytest.fixture(scope="session")
def make_plan(digits: Digits, lenet5: NetworkSpec) -> MakePlan:
    """A plan of short trainings on the 500 digits; keywords change words and settings."""

    def make(
        *,
        seeds: tuple[int, ...] = (0,),
        epochs: int = 1,
        batch_size: int = 64,
        learning_rate: float = 0.004,
        stack_size: int = 1,
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
            environment=cpu_environment(kernels=kernels_name()),
            stack=stack_size,
        )

    return make


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As in a worker: the last bits of a result depend on it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder of this test alone."""
    monkeypatch.setenv("ABLATION_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Chromium, where a test is allowed to need it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()
