"""What a worker really imports while it runs each kind of task, against what its key digests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.data.mnist import Digits
from pipeline.evaluation.plan import evaluation_plan, evaluations
from pipeline.evaluation.tasks.clean import PredictionTask
from pipeline.execution.errors import UserError
from pipeline.execution.pool import open_pool
from pipeline.execution.provenance import imported_files
from pipeline.execution.runner import Runner
from pipeline.execution.task import WORKER, Result, Task
from pipeline.networks.lenet5 import build
from pipeline.networks.spec import NetworkSpec
from pipeline.program import program
from pipeline.training.images import Images
from pipeline.training.models import TrainedNetwork
from pipeline.training.plan import Plan

# Evaluated in the worker: a function of ours would bring its own module along.
LOADED = """[
    module.__file__
    for name, module in __import__("sys").modules.items()
    if name.partition(".")[0] == "pipeline"
]"""
KINDS = (
    "TrainingTask",
    "EvaluationTask",
    "PredictionTask",
    "CorruptionTask",
    "CorruptedEvaluationTask",
    "ProbeTask",
    "FiltersTask",
)


@dataclass(frozen=True)
class Work:
    """A task of each kind, by its name, and what their workers are given."""

    tasks: dict[str, Task]
    shared: Images


@pytest.fixture(scope="module")
def work(make_plan: Callable[..., Plan], digits: Digits, lenet5: NetworkSpec) -> Work:
    environment = open_pool(program()).environment
    plan = make_plan()
    few = Digits(digits.images[:40], digits.labels[:40], "forty digits")
    weights = {n: v.numpy() for n, v in build(lenet5, init="paper", seed=0).state_dict().items()}
    models = [TrainedNetwork(network=lenet5, init="paper", seed=0, run_key="", weights=weights)]
    split: dict[str, Any] = {"validation_images": 100, "split_seed": 1}
    asked = evaluation_plan(models, few, digits, **split, environment=environment)
    asked = replace(asked, corrupted_sets=asked.corrupted_sets[:1])
    made = [Result(arrays={}, record={"digest": "of other bytes"})]
    tasks: Sequence[Task] = [
        *plan.tasks,
        *evaluations(PredictionTask, models, few, environment=environment),
        *asked.corrupted_sets,
        *asked.tasks(made),
        asked.filters,
    ]
    return Work(
        {type(task).__name__: task for task in tasks},
        replace(
            asked.digits,
            subsets={**asked.digits.subsets, plan.tasks[0].train_on: asked.digits.subsets["test"]},
        ),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_key_digests_every_module_that_a_worker_imports(
    work: Work, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("ABLATION_WORKERS", "1")
    task = work.tasks[kind]
    with Runner(open_pool(program()), work.shared, most=1) as runner:
        if kind == "CorruptedEvaluationTask":  # its set has no such digest
            with pytest.raises(UserError, match="came out differently"):
                runner.complete([task], observers=[])
        else:
            runner.complete([task], observers=[])
        client: Any = runner.connection.client
        (loaded,) = client.run(eval, LOADED).values()
    found = {Path(file) for file in loaded if file}
    module = type(task).__module__
    assert {path.stem for path in found} >= {module.rpartition(".")[2], "worker"}
    assert found <= imported_files(module, WORKER)


def test_workers_have_the_code_of_every_kind_and_no_other(work: Work) -> None:
    assert set(work.tasks) == set(KINDS)
    assert set(program().modules) == {type(task).__module__ for task in work.tasks.values()}


def test_task_of_another_environment_is_refused(
    work: Work, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABLATION_WORKERS", "1")
    task = work.tasks["PredictionTask"]
    other = replace(task, environment=replace(task.environment, kernels="gcc 14"))
    with (
        Runner(open_pool(program()), work.shared, most=1) as runner,
        pytest.raises(UserError) as refusal,
    ):
        runner.complete([other], observers=[])
    said = str(refusal.value)
    assert said.startswith("a task must be computed in the environment that its key names, ")
    assert "gcc 14 kernels" in said
    assert "but this worker has" in said
    assert list(cache.rglob(other.key)) == []


def test_pool_whose_workers_have_other_kernels_names_them() -> None:
    pool = open_pool(replace(program(), kernels="gcc 14"))
    assert pool.environment.kernels == "gcc 14"
    assert pool.resource != open_pool(program()).resource
