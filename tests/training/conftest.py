"""A result cache for each test, and plans that take a second."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.data.mnist import Digits
from pipeline.networks.spec import NetworkSpec
from pipeline.training.cells import Hyperparameters
from pipeline.training.plan import Plan, final_plan

MakePlan = Callable[..., Plan]


@pytest.fixture(autouse=True)
def _alone(one_thread: None, cache: Path) -> None:
    """For every test of this room."""


@pytest.fixture(scope="session")
def make_plan(digits: Digits, lenet5: NetworkSpec) -> MakePlan:
    """A plan of short trainings on the 500 digits; keywords change words and settings."""

    def make(
        *,
        seeds: tuple[int, ...] = (0,),
        epochs: int = 1,
        batch_size: int = 64,
        learning_rate: float = 0.004,
        group: int = 1,
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
            group=group,
        )

    return make
