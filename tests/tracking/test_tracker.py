import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.tracking.address import tracking_uri
from pipeline.tracking.tracker import RunRecord, Tracker, find_run

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

RECORD = RunRecord(
    name="no_pooling seed 3",
    cell="c0ffee",
    variant="no_pooling",
    seed=3,
    stage="train",
    parameters={"subsampling": "stride", "learning_rate": 0.01, "epochs": 2},
    tags={"git.sha": "abc", "device": "cpu"},
    history=[
        {"epoch": 1, "train_loss": 0.5, "train_error": 0.25},
        {"epoch": 2, "train_loss": 0.125, "train_error": 0.0625},
    ],
    epoch_ends=[1_700_000_010.25, 1_700_000_020.5],
    started=1_700_000_000.0,
    ended=1_700_000_021.125,
    failure=None,
)
POINTS = {  # run's cell, key, step, timestamp in ms, value
    ("c0ffee", "train_loss", 1, 1_700_000_010_250, 0.5),
    ("c0ffee", "train_error", 1, 1_700_000_010_250, 0.25),
    ("c0ffee", "train_loss", 2, 1_700_000_020_500, 0.125),
    ("c0ffee", "train_error", 2, 1_700_000_020_500, 0.0625),
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("a repository")


@pytest.fixture
def uri(root: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """One real database; each test writes to an experiment of its own name."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tracking_uri(root)


@pytest.fixture
def experiment(request: pytest.FixtureRequest) -> str:
    return f"{request.node.name}/final"


def record(uri: str, experiment: str, *runs: RunRecord) -> None:
    artifacts = Path(uri.removeprefix("sqlite:///")).with_name("mlartifacts")
    with Tracker(uri=uri, artifacts=artifacts, experiment=experiment) as tracker:
        for run in runs:
            tracker.record(run)


def reader(uri: str) -> "MlflowClient":
    from mlflow import MlflowClient  # after the tracker, which says how MLflow is to behave

    return MlflowClient(uri)


def number_of(uri: str, experiment: str) -> str:
    known = reader(uri).get_experiment_by_name(experiment)
    assert known
    return known.experiment_id


def runs_of(uri: str, experiment: str) -> "dict[str, Run]":
    """By run name; a second run of one name fails."""
    runs = list(reader(uri).search_runs([number_of(uri, experiment)]))
    named = {run.data.tags["mlflow.runName"]: run for run in runs}
    assert len(named) == len(runs)
    return named


def points_of(uri: str, experiment: str) -> list[tuple]:
    """Every row there is, straight from the database."""
    with closing(sqlite3.connect(uri.removeprefix("sqlite:///"))) as database:
        return database.execute(
            "select coalesce(t.value, 'parent'), m.key, m.step, m.timestamp, m.value"
            " from metrics m join runs r using (run_uuid) join experiments e using (experiment_id)"
            " left join tags t on t.run_uuid = r.run_uuid and t.key = 'ablation.cell'"
            " where e.name = ?",
            [experiment],
        ).fetchall()


def test_importing_it_imports_no_mlflow():
    check = "import sys, pipeline.tracking; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0


def test_the_first_record_of_a_process_prints_nothing(tmp_path: Path):
    code = (
        "from tests.tracking.test_tracker import RECORD, record; import sys;"
        "record(sys.argv[1], 'standard/final', RECORD)"
    )
    command = [sys.executable, "-c", code, f"sqlite:///{tmp_path}/mlflow.db"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""
    assert runs_of(command[-1], "standard/final").keys() == {"no_pooling", "no_pooling seed 3"}


def test_a_record_becomes_a_run_below_its_variant(uri: str, experiment: str, root: Path):
    record(uri, experiment, RECORD)
    runs = runs_of(uri, experiment)
    assert runs.keys() == {"no_pooling", "no_pooling seed 3"}
    parent, run = runs["no_pooling"], runs["no_pooling seed 3"]
    assert run.data.params == {"subsampling": "stride", "learning_rate": "0.01", "epochs": "2"}
    assert run.data.tags == {
        "git.sha": "abc",
        "device": "cpu",
        "ablation.cell": "c0ffee",
        "ablation.variant": "no_pooling",
        "ablation.seed": "3",
        "ablation.stage": "train",
        "mlflow.parentRunId": parent.info.run_id,
        "mlflow.runName": "no_pooling seed 3",
    }
    assert parent.data.tags == {"ablation.parent": "no_pooling", "mlflow.runName": "no_pooling"}
    assert str(run.info.artifact_uri).startswith((root / "var" / "mlartifacts").as_uri())


def test_a_run_is_called_as_the_record_says(uri: str, experiment: str):
    record(uri, experiment, replace(RECORD, name="no_pooling trials 7", stage="sweep trials"))
    runs = runs_of(uri, experiment)
    assert runs.keys() == {"no_pooling", "no_pooling trials 7"}
    assert runs["no_pooling trials 7"].data.tags["ablation.stage"] == "sweep trials"


def test_times_and_steps_are_the_workers(uri: str, experiment: str):
    record(uri, experiment, RECORD)
    points = points_of(uri, experiment)
    assert set(points) == POINTS
    assert len(points) == len(POINTS)
    for run in runs_of(uri, experiment).values():
        assert run.info.start_time == 1_700_000_000_000
        assert run.info.end_time == 1_700_000_021_125
        assert run.info.status == "FINISHED"


def test_a_second_tracker_finds_what_the_first_wrote(uri: str, experiment: str):
    other = replace(RECORD, name="no_pooling seed 4", cell="decaf", seed=4)
    record(uri, experiment, RECORD)
    first = runs_of(uri, experiment)
    record(uri, experiment, RECORD, other, other)
    both = runs_of(uri, experiment)
    assert both.keys() == {"no_pooling", "no_pooling seed 3", "no_pooling seed 4"}
    assert both["no_pooling seed 3"].to_dictionary() == first["no_pooling seed 3"].to_dictionary()
    assert len(points_of(uri, experiment)) == 2 * len(POINTS)


def test_a_repetition_at_another_commit_keeps_the_first_tags(uri: str, experiment: str):
    record(uri, experiment, RECORD)
    record(uri, experiment, replace(RECORD, tags={"git.sha": "later", "git.dirty": "true"}))
    tags = runs_of(uri, experiment)["no_pooling seed 3"].data.tags
    assert tags["git.sha"] == "abc"
    assert "git.dirty" not in tags


def test_a_run_that_a_killed_stage_left_running_is_completed(uri: str, experiment: str):
    record(uri, experiment, replace(RECORD, name="no_pooling seed 4", cell="decaf", seed=4))
    client, number = reader(uri), number_of(uri, experiment)
    tags = {"ablation.cell": "c0ffee", "git.sha": "first"}
    left = client.create_run(number, 1_700_000_000_000, tags, "no_pooling seed 3")
    client.log_param(left.info.run_id, "epochs", "2")
    client.log_metric(left.info.run_id, "train_loss", 0.5, 1_700_000_010_250, 1)
    record(uri, experiment, RECORD)
    run = runs_of(uri, experiment)["no_pooling seed 3"]
    assert run.info.run_id == left.info.run_id
    assert run.info.status == "FINISHED"
    assert run.data.params.keys() == RECORD.parameters.keys()
    assert run.data.tags["git.sha"] == "first"
    points = points_of(uri, experiment)
    assert set(points) >= POINTS
    assert len(points) == 2 * len(POINTS)


def test_a_failure_keeps_its_reason_until_the_cell_succeeds(uri: str, experiment: str):
    half = {"history": RECORD.history[:1], "epoch_ends": RECORD.epoch_ends[:1]}
    record(uri, experiment, replace(RECORD, failure="loss is not finite", **half))
    failed = runs_of(uri, experiment)["no_pooling seed 3"]
    assert failed.info.status == "FAILED"
    assert failed.data.tags["ablation.failure"] == "loss is not finite"
    assert failed.data.metrics == {"train_loss": 0.5, "train_error": 0.25}
    record(uri, experiment, RECORD)
    run = runs_of(uri, experiment)["no_pooling seed 3"]
    assert run.info.run_id == failed.info.run_id
    assert run.info.status == "FINISHED"
    assert "ablation.failure" not in run.data.tags
    assert sorted(points_of(uri, experiment)) == sorted(POINTS)


def test_later_findings_join_the_cell_and_its_variant_once(uri: str, experiment: str):
    record(uri, experiment, RECORD)
    for at in (1_700_000_100.0, 1_700_000_200.0):
        with Tracker(uri=uri, artifacts=None, experiment=experiment) as tracker:
            tracker.measure("c0ffee", {"test_error": 0.0104}, at=at)
            tracker.summarise("no_pooling", {"test_error_mean": 0.0102, "n": 10}, at=at)
    assert set(points_of(uri, experiment)) - POINTS == {
        ("c0ffee", "test_error", 0, 1_700_000_100_000, 0.0104),
        ("parent", "test_error_mean", 0, 1_700_000_100_000, 0.0102),
        ("parent", "n", 0, 1_700_000_100_000, 10.0),
    }
    assert len(points_of(uri, experiment)) == len(POINTS) + 3


def test_a_finding_about_an_unknown_cell_is_said_and_the_rest_is_written(
    uri: str, experiment: str, capsys: pytest.CaptureFixture[str]
):
    with Tracker(uri=uri, artifacts=None, experiment=experiment) as tracker:
        for cell in ("unknown", "missing", "lost"):
            tracker.measure(cell, {"test_error": 0.5}, at=1.0)
        tracker.record(RECORD)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"MLflow at {uri}: LookupError: there is no run with ablation.cell = unknown." in said
    assert "no_pooling seed 3" in runs_of(uri, experiment)


def test_a_run_is_found_by_its_cell_in_any_experiment(uri: str, experiment: str):
    record(uri, experiment, replace(RECORD, cell="fee1"))
    run = find_run(uri, "fee1")
    assert run
    assert run.info.run_id == runs_of(uri, experiment)["no_pooling seed 3"].info.run_id
    assert find_run(uri, "fee") is None


def test_stages_that_start_together_on_no_database_make_one(tmp_path: Path):
    uri = f"sqlite:///{tmp_path}/var/mlflow.db"
    runs = [replace(RECORD, name=f"run {n}", cell=f"c{n}", seed=n) for n in range(3)]
    stages = [threading.Thread(target=record, args=(uri, f"s{r.seed}/final", r)) for r in runs]
    for stage in stages:
        stage.start()
    for stage in stages:
        stage.join()
    assert all(f"run {n}" in runs_of(uri, f"s{n}/final") for n in range(3))
    with closing(sqlite3.connect(tmp_path / "var" / "mlflow.db")) as database:
        assert database.execute("pragma journal_mode").fetchone() == ("wal",)


def test_an_unreachable_server_is_said_once_and_stops_nothing(
    capsys: pytest.CaptureFixture[str],
):
    begun = time.monotonic()
    record("http://me:secret@127.0.0.1:9", "standard/final", *[RECORD] * 20)
    assert time.monotonic() - begun < 30
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "MLflow at http://127.0.0.1:9: ConnectionRefusedError" in said
    assert "secret" not in said


def test_a_damaged_database_is_said_once_and_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    database = tmp_path / "mlflow.db"
    database.write_bytes(b"no database at all" * 100)
    record(f"sqlite:///{database}", "standard/final", RECORD, RECORD)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"MLflow at sqlite:///{database}: DatabaseError: file is not a database" in said
    assert database.read_bytes() == b"no database at all" * 100


def test_an_exception_of_the_stage_passes_and_leaves_its_runs_whole(uri: str, experiment: str):
    def stage() -> None:
        with Tracker(uri=uri, artifacts=None, experiment=experiment) as tracker:
            tracker.record(RECORD)
            raise ValueError("the stage's own")

    with pytest.raises(ValueError, match="the stage's own"):
        stage()
    assert runs_of(uri, experiment)["no_pooling seed 3"].info.status == "FINISHED"


def test_ctrl_c_does_not_wait_for_the_tracker():
    begun = time.monotonic()
    with (
        pytest.raises(KeyboardInterrupt),
        Tracker(uri="http://127.0.0.1:9", artifacts=None, experiment="x/final"),
    ):
        raise KeyboardInterrupt
    assert time.monotonic() - begun < 1


def test_the_environment_chooses_the_tracker_before_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    assert tracking_uri(Path()) == f"sqlite:///{tmp_path}/var/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracker:5000")
    assert tracking_uri(tmp_path) == "http://tracker:5000"
