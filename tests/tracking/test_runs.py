"""What the stages log, in a real database."""

from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from mlflow import MlflowClient

from pipeline.data.mnist import Digits
from pipeline.execution.events import Finished, Progressed, Started
from pipeline.execution.provenance import cpu_environment
from pipeline.execution.task import Result
from pipeline.outputs.misclassified import error_rate
from pipeline.study import Study, load_study
from pipeline.tracking.findings import log_findings
from pipeline.tracking.opening import open_runs
from pipeline.tracking.runs import evaluation_runs, sample_runs, sweep_runs, training_runs
from pipeline.training.plan import final_plan
from pipeline.training.samples import trained_networks
from pipeline.training.task import TrainingTask

if TYPE_CHECKING:
    from mlflow.entities import Run

VARIANT = "linear_output"
NAN = "the loss was nan in epoch 1"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("a repository")


@pytest.fixture
def study(request: pytest.FixtureRequest, root: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """The standard study, recorded in one database under the name of the test."""
    study = replace(load_study(), name=request.node.name)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(root)
    return study


@pytest.fixture
def tasks(study: Study, digits: Digits) -> list[TrainingTask]:
    plan = final_plan(
        digits,
        study.networks[VARIANT],
        study.defaults[VARIANT],
        seeds=(100, 101, 102),
        epochs=1,
        batch_size=128,
        environment=cpu_environment(),
    )
    return plan.tasks


def finished(index: int, failure: str | None = None) -> Finished:
    rows = [] if failure else [{"epoch": 1, "train_loss": 0.5, "validation_error": 0.25}]
    timing = {"started": 10.0, "ended": 30.0, "epochs": [(10.0, 20.0) for _ in rows]}
    record = {"history": rows, "failure": failure, "timing": timing}
    return Finished(index=index, result=Result(arrays={}, record=record), cached=False)


def recorded(study: Study, experiment: str) -> "dict[str, Run]":
    """Runs by their names."""
    client = MlflowClient("sqlite:///var/mlflow.db")
    found = client.get_experiment_by_name(f"{study.name}/{experiment}")
    assert found is not None
    runs = list(client.search_runs([found.experiment_id]))
    named = {run.data.tags["mlflow.runName"]: run for run in runs}
    assert len(named) == len(runs)
    return named


def test_each_training_of_a_sweep_is_a_run_of_its_phase(
    study: Study, tasks: list[TrainingTask]
) -> None:
    other = replace(tasks[0].hyperparameters, learning_rate=0.02)
    trials = [tasks[0], replace(tasks[0], hyperparameters=other)]
    finalist = replace(trials[1], seed=101)
    with sweep_runs(study, VARIANT) as runs:
        observe = runs("trials", trials)
        observe(finished(1))
        observe(finished(0))
        runs("finalists", [finalist])(finished(0))
    found = recorded(study, "sweep")
    expected = {
        "linear_output trial 00": (trials[0], "sweep trials", "0.004"),
        "linear_output trial 01": (trials[1], "sweep trials", "0.02"),
        "linear_output finalist 01 seed 101": (finalist, "sweep finalists", "0.02"),
    }
    parent = found.pop("linear_output")
    assert found.keys() == expected.keys()
    for name, (task, stage, rate) in expected.items():
        tags = found[name].data.tags
        assert tags["ablation.run_key"] == task.key
        assert tags["ablation.stage"] == stage
        assert tags["ablation.seed"] == str(task.seed)
        assert tags["ablation.study"] == study.name
        for field, value in asdict(task.environment).items():
            assert tags[f"environment.{field}"] == str(value)
        assert tags["dvc.stage"] == "sweep@linear_output"
        assert tags["mlflow.source.name"] == "python -m pipeline sweep linear_output"
        assert tags["mlflow.parentRunId"] == parent.info.run_id
        assert found[name].data.metrics == {"train_loss": 0.5, "validation_error": 0.25}
        assert found[name].data.params["learning_rate"] == rate
        assert found[name].data.params["parameters"] == "60850"


def test_a_run_is_there_from_the_beginning_of_its_task(
    study: Study, tasks: list[TrainingTask]
) -> None:
    with training_runs(study, VARIANT, tasks) as observe:
        observe(Started(key=tasks[1].key, at=10.0))
        row = {"epoch": 1, "train_loss": 0.5}
        observe(Progressed(key=tasks[1].key, step=1, row=row, at=20.0))
        observe(finished(1))
        observe(Started(key=tasks[2].key, at=30.0))
    found = recorded(study, "final")
    assert found["linear_output seed 101"].info.status == "FINISHED"
    assert found["linear_output seed 102"].info.status == "KILLED"
    assert found["linear_output seed 102"].info.start_time == 30_000
    run = found["linear_output seed 101"].info.run_id
    [point] = MlflowClient("sqlite:///var/mlflow.db").get_metric_history(run, "train_loss")
    assert (point.step, point.timestamp) == (1, 20_000)


def test_failed_trial_is_a_failed_run_with_its_reason(
    study: Study, tasks: list[TrainingTask]
) -> None:
    with sweep_runs(study, VARIANT) as runs:
        observe = runs("trials", tasks)
        for event in (finished(0, NAN), finished(1)):
            observe(event)
    found = recorded(study, "sweep")
    failed = found["linear_output trial 00"]
    assert (failed.info.status, failed.data.tags["ablation.failure"]) == ("FAILED", NAN)
    assert found["linear_output trial 01"].info.status == "FINISHED"


def test_sweep_that_is_replayed_leaves_one_run_a_task(
    study: Study, tasks: list[TrainingTask]
) -> None:
    for _ in range(2):
        with sweep_runs(study, VARIANT) as runs:
            runs("trials", tasks[:1])(replace(finished(0), cached=True))
            observe = runs("audit", tasks)
            for index in range(3):
                observe(replace(finished(index), cached=True))
    assert len(recorded(study, "sweep")) == 1 + 3


def test_final_trainings_are_named_by_their_seeds_and_lie_apart(
    study: Study, tasks: list[TrainingTask]
) -> None:
    with training_runs(study, VARIANT, tasks) as observe:
        observe(finished(2))
    with sweep_runs(study, VARIANT) as runs:
        runs("trials", tasks)(finished(0))
    final = recorded(study, "final")
    assert final.keys() == {"linear_output", "linear_output seed 102"}
    assert final["linear_output seed 102"].data.tags["ablation.stage"] == "train"
    sweep = recorded(study, "sweep")
    assert sweep.keys() == {"linear_output", "linear_output trial 00"}


def test_trainings_on_fewer_images_are_named_by_their_number_and_lie_apart(
    study: Study, tasks: list[TrainingTask]
) -> None:
    twice = [tasks[0], replace(tasks[0], epochs=2)]
    with sample_runs(study, VARIANT, twice, [50, 200]) as observe:
        for place in range(2):
            observe(finished(place))
    found = recorded(study, "samples")
    names = [f"linear_output {size} images seed 100" for size in (50, 200)]
    assert found.keys() == {"linear_output", *names}
    assert found[names[1]].data.params["epochs"] == "2"
    assert found[names[1]].data.tags["ablation.stage"] == "samples"


def test_evaluation_and_report_agree_on_a_mean_that_is_not_round(
    study: Study, tasks: list[TrainingTask]
) -> None:
    """To the last digit, or a curve of two points would stand there."""
    labels = np.array([0, 1, 2], np.uint8)
    results = []
    with training_runs(study, VARIANT, tasks) as observe:
        for place in range(len(tasks)):
            observe(finished(place))
            results.append(finished(place).result)
    models = trained_networks(tasks, results)
    with evaluation_runs(study, VARIANT, models, partial(error_rate, labels=labels)) as observe:
        for place, wrong in enumerate((0, 1, 1)):
            scores = np.eye(10, dtype=np.float32)[[0, 1, 3 if wrong else 2]]
            result = replace(results[place], arrays={"scores": scores})
            observe(Finished(index=place, result=result, cached=False))
    errors = [0.0, 1 / 3, 1 / 3]
    error = {"per_seed": errors, "mean": 2 / 9, "ci95": None, "n_seeds": 3, "n_images": 3}
    keys = {str(task.seed): task.key for task in tasks}
    found = {"run_keys": keys, "test_error": error, "validation_error": {"mean": None}}
    reported = {"study": {"baseline": "lenet5"}, "comparisons": [], "variants": {VARIANT: found}}
    uri = "sqlite:///var/mlflow.db"
    final, sweep = (open_runs(uri, study.name, name) for name in ("final", "sweep"))
    log_findings(final, sweep, reported, 99.0)
    runs = recorded(study, "final")
    for name, value in {VARIANT: 0.222222, "linear_output seed 101": 1 / 3}.items():
        points = MlflowClient(uri).get_metric_history(runs[name].info.run_id, "test_error")
        assert [point.value for point in points] == [pytest.approx(value, abs=1e-12)]
    assert runs[VARIANT].data.metrics["images"] == 3
