"""What the stages tell the tracker, in a real database."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.data.mnist import Digits
from pipeline.study import Study, load_study
from pipeline.tracking.runs import sample_runs, sweep_runs, training_runs
from pipeline.training.cells import Result, TrainingCell
from pipeline.training.plan import final_plan
from pipeline.training.workers import Epoch, Finished

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
def cells(study: Study, digits: Digits) -> list[TrainingCell]:
    plan = final_plan(
        digits,
        study.networks[VARIANT],
        study.defaults[VARIANT],
        seeds=(100, 101, 102),
        epochs=1,
        batch_size=128,
    )
    return plan.cells


def finished(index: int, failure: str | None = None) -> Finished:
    rows = [] if failure else [{"epoch": 1, "train_loss": 0.5, "validation_error": 0.25}]
    timing = {"started": 10.0, "ended": 30.0, "epochs": [(10.0, 20.0) for _ in rows]}
    record = {"history": rows, "failure": failure, "timing": timing}
    return Finished(index=index, result=Result(arrays={}, record=record), cached=False)


def recorded(study: Study, experiment: str) -> "dict[str, Run]":
    """Runs by their names."""
    from mlflow import MlflowClient  # after the tracker, which says how MLflow is to behave

    client = MlflowClient("sqlite:///var/mlflow.db")
    found = client.get_experiment_by_name(f"{study.name}/{experiment}")
    assert found is not None
    runs = list(client.search_runs([found.experiment_id]))
    named = {run.data.tags["mlflow.runName"]: run for run in runs}
    assert len(named) == len(runs)
    return named


def test_each_training_of_a_sweep_is_a_run_of_its_phase(
    study: Study, cells: list[TrainingCell]
) -> None:
    with sweep_runs(study, VARIANT) as runs:
        trials = runs("trials", cells[:2])
        trials(Epoch(key=cells[0].key, row={"epoch": 1}))  # a preview is no run
        trials(finished(1))
        trials(finished(0))
        runs("finalists", cells[2:])(finished(0))
    found = recorded(study, "sweep")
    assert found.keys() == {
        "linear_output",
        "linear_output trials 0",
        "linear_output trials 1",
        "linear_output finalists 0",
    }
    parent = found.pop("linear_output")
    expected = {
        "linear_output trials 0": (cells[0], "sweep trials"),
        "linear_output trials 1": (cells[1], "sweep trials"),
        "linear_output finalists 0": (cells[2], "sweep finalists"),
    }
    for name, (cell, stage) in expected.items():
        tags = found[name].data.tags
        assert tags["ablation.cell"] == cell.key
        assert tags["ablation.stage"] == stage
        assert tags["ablation.seed"] == str(cell.seed)
        assert tags["ablation.study"] == study.name
        assert tags["mlflow.parentRunId"] == parent.info.run_id
        assert found[name].data.metrics == {"train_loss": 0.5, "validation_error": 0.25}
        assert found[name].data.params["learning_rate"] == "0.004"


def test_failed_trial_is_a_failed_run_with_its_reason(
    study: Study, cells: list[TrainingCell]
) -> None:
    with sweep_runs(study, VARIANT) as runs:
        observe = runs("trials", cells)
        for event in (finished(0, NAN), finished(1)):
            observe(event)
    found = recorded(study, "sweep")
    failed = found["linear_output trials 0"]
    assert (failed.info.status, failed.data.tags["ablation.failure"]) == ("FAILED", NAN)
    assert found["linear_output trials 1"].info.status == "FINISHED"


def test_sweep_that_is_replayed_leaves_one_run_a_cell(
    study: Study, cells: list[TrainingCell]
) -> None:
    for _ in range(2):
        with sweep_runs(study, VARIANT) as runs:
            observe = runs("audit", cells)
            for index in range(3):
                observe(replace(finished(index), cached=True))
    assert len(recorded(study, "sweep")) == 1 + 3


def test_final_trainings_are_named_by_their_seeds_and_lie_apart(
    study: Study, cells: list[TrainingCell]
) -> None:
    with training_runs(study, VARIANT, cells) as observe:
        observe(finished(2))
    with sweep_runs(study, VARIANT) as runs:
        runs("trials", cells)(finished(0))
    final = recorded(study, "final")
    assert final.keys() == {"linear_output", "linear_output seed 102"}
    assert final["linear_output seed 102"].data.tags["ablation.stage"] == "train"
    sweep = recorded(study, "sweep")
    assert sweep.keys() == {"linear_output", "linear_output trials 0"}


def test_trainings_on_fewer_images_are_named_by_their_number_and_lie_apart(
    study: Study, cells: list[TrainingCell]
) -> None:
    twice = [cells[0], replace(cells[0], epochs=2)]
    with sample_runs(study, VARIANT, twice, [50, 200]) as observe:
        for place in range(2):
            observe(finished(place))
    found = recorded(study, "samples")
    names = [f"linear_output {size} images seed 100" for size in (50, 200)]
    assert found.keys() == {"linear_output", *names}
    assert found[names[1]].data.params["epochs"] == "2"
    assert found[names[1]].data.tags["ablation.stage"] == "samples"
