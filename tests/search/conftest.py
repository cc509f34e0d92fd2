"""Sweeps in no time: what a training comes to is computed from its task."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from pipeline.execution.provenance import cpu_environment
from pipeline.execution.task import Result
from pipeline.networks.spec import NetworkSpec
from pipeline.search.design import applying, points
from pipeline.search.record import Trials
from pipeline.search.space import Dimensions, LogRange, Search
from pipeline.search.sweep import Sweep, Tuner
from pipeline.training.hyperparameters import Hyperparameters
from pipeline.training.task import TrainingTask

Outcome = Callable[[TrainingTask], float | str]


@pytest.fixture(scope="session")
def search() -> Search:
    return Search(
        dimensions=Dimensions(
            learning_rate=LogRange(low=0.0003, high=0.03),
            init=("paper", "fan_in"),
            j=LogRange(low=0.3, high=100.0),
        ),
        design_seed=1998,
        trials=6,
        epochs=2,
        trial_seed=100,
        finalists=3,
        finalist_seeds=(101, 102),
        audit_seeds=(104, 105),
    )


@pytest.fixture(scope="session")
def linear(lenet5: NetworkSpec) -> NetworkSpec:
    """A network to which `j` means nothing."""
    return replace(lenet5, output="linear")


def default(network: NetworkSpec) -> Hyperparameters:
    j = 10.0 if network.output == "rbf" else None
    return Hyperparameters(learning_rate=0.004, init="fan_in", j=j)


def result(task: TrainingTask, outcome: float | str) -> Result:
    """A curve that is at its lowest before its last epoch, or a failure and its reason."""
    reason = outcome if isinstance(outcome, str) else None
    last = 0.9 if isinstance(outcome, str) else outcome
    history = [
        {
            "epoch": epoch,
            "train_loss": 1 / epoch,
            "train_error": 0.5 / epoch,
            "learning_rate": task.hyperparameters.learning_rate / epoch,
            "validation_error": last / (1 + task.epochs - epoch),
        }
        for epoch in range(1, task.epochs + 1)
    ]
    timing = {"started": 0.0, "ended": 1.0, "epochs": []}
    return Result(arrays={}, record={"history": history, "failure": reason, "timing": timing})


@dataclass
class Bench:
    """Sweeps of one network, and what they asked for."""

    search: Search
    network: NetworkSpec
    asked: list[tuple[str, list[TrainingTask]]] = field(default_factory=list)

    def sweep(self, outcome: Outcome) -> Sweep:
        self.book = Trials("study/variant", self.search.dimensions, self.dimensions)

        def train(phase: str, tasks: list[TrainingTask]) -> list[Result]:
            self.asked.append((phase, tasks))
            return [result(task, outcome(task)) for task in tasks]

        return Tuner(
            first=self.first, points=self.points, search=self.search, book=self.book, train=train
        ).run()

    @property
    def points(self) -> list[Hyperparameters]:
        return points(self.search, default(self.network), self.network)

    def trial(self, task: TrainingTask) -> int:
        """The trial whose settings a task has."""
        return self.points.index(task.hyperparameters)

    @property
    def dimensions(self) -> list[str]:
        return applying(self.search.dimensions, self.network)

    @property
    def first(self) -> TrainingTask:
        """Of the trainings at full length, 4 epochs."""
        return TrainingTask(
            network=self.network,
            hyperparameters=default(self.network),
            seed=self.search.finalist_seeds[0],
            epochs=4,
            batch_size=128,
            train_on="t" * 64,
            validate_on="v" * 64,
            data="d" * 64,
            environment=cpu_environment(),
        )


MakeBench = Callable[..., Bench]


@pytest.fixture
def bench(search: Search, lenet5: NetworkSpec) -> MakeBench:
    """A bench for LeNet-5; keywords change the search, or the network."""

    def make(*, network: NetworkSpec = lenet5, **changes: Any) -> Bench:
        return Bench(replace(search, **changes), network)

    return make
