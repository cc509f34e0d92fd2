"""What several rooms are tested with: LeNet-5's words and a few hundred real digits."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from pipeline.data.mnist import Digits, load_digits
from pipeline.networks.spec import NetworkSpec
from tests.chromium import CHROMIUM, QUIET

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# What is expected is computed on the CPU; tests of a GPU say that they are.
os.environ["CUDA_VISIBLE_DEVICES"] = ""


@pytest.fixture(scope="session")
def lenet5() -> NetworkSpec:
    """LeNet-5 as published, not as params.yaml happens to have it."""
    return NetworkSpec(
        frame=32,
        connectivity="shared",
        hierarchy="two",
        c3_table="paper",
        subsampling="trainable",
        activation="scaled_tanh",
        output="rbf",
        hidden=(),
        c5_units="paper",
    )


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Digits:
    """500 digits, 50 of each class."""
    folder = tmp_path_factory.mktemp("digits")
    for file in (Path(__file__).parent / "digits").glob("train-*"):
        shutil.copy(file, folder)
    return load_digits(folder)


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
