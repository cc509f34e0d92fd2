import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.tracking.address import tracking_uri
from pipeline.tracking.opening import find_run, open_client
from pipeline.tracking.process import this_process
from pipeline.tracking.record import Dataset, Outcome, Training
from pipeline.tracking.tracker import Tracker

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

TRAINING = Training(
    name="no_pooling seed 3",
    run_key="c0ffee",
    variant="no_pooling",
    seed=3,
    stage="train",
    network={"subsampling": "stride"},
    settings={"learning_rate": 0.01, "epochs": 2},
    tags={"git.sha": "abc", "device": "cpu"},
    dataset=Dataset(name="mnist", digest="d1" * 32, source="https://example.org/mnist/"),
)
OUTCOME = Outcome(
    history=[
        {"epoch": 1, "train_loss": 0.5, "train_error": 0.25},
        {"epoch": 2, "train_loss": 0.125, "train_error": 0.0625},
    ],
    epoch_ends=[1_700_000_010.25, 1_700_000_020.5],
    started=1_700_000_000.0,
    ended=1_700_000_021.125,
    failure=None,
)
# The same task, trained once more.
LATER = replace(
    OUTCOME,
    epoch_ends=[1_800_000_010.0, 1_800_000_020.0],
    started=1_800_000_000.0,
    ended=1_800_000_030.0,
)
FAILED = replace(
    OUTCOME,
    history=OUTCOME.history[:1],
    epoch_ends=OUTCOME.epoch_ends[:1],
    failure="loss is not finite",
)
POINTS = {  # run's task, key, step, timestamp in ms, value
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


def tracker(uri: str, experiment: str) -> Tracker:
    study, _, name = experiment.partition("/")
    return Tracker(uri=uri, study=study, experiment=name)


def break_off(uri: str, experiment: str) -> None:
    """A stage that fails within its first training."""
    with tracker(uri, experiment) as track:
        track.begin(TRAINING, OUTCOME.started)
        track.extend(TRAINING.run_key, OUTCOME.history[0], OUTCOME.epoch_ends[0])
        raise OSError("the disk is full")


def record(uri: str, experiment: str, *trainings: Training, outcome: Outcome = OUTCOME) -> None:
    with tracker(uri, experiment) as track:
        for training in trainings:
            track.record(training, outcome)


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


def wait_for(condition: Callable[[], bool], patience_s: float = 60) -> None:
    end = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.05)


def points_of(uri: str, experiment: str) -> list[tuple]:
    """Every row there is, straight from the database."""
    with closing(sqlite3.connect(uri.removeprefix("sqlite:///"))) as database:
        return database.execute(
            "select coalesce(t.value, 'parent'), m.key, m.step, m.timestamp, m.value"
            " from metrics m join runs r using (run_uuid) join experiments e using (experiment_id)"
            " left join tags t on t.run_uuid = r.run_uuid and t.key = 'ablation.run_key'"
            " where e.name = ? and r.lifecycle_stage = 'active'",
            [experiment],
        ).fetchall()


def test_importing_it_imports_no_mlflow():
    check = "import sys, pipeline.tracking; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0


def test_the_first_record_of_a_process_prints_nothing(tmp_path: Path):
    code = (
        "from tests.tracking.test_tracker import TRAINING, record; import sys;"
        "record(sys.argv[1], 'standard/final', TRAINING)"
    )
    command = [sys.executable, "-c", code, f"sqlite:///{tmp_path}/mlflow.db"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""
    assert runs_of(command[-1], "standard/final").keys() == {"no_pooling", "no_pooling seed 3"}


def test_a_record_becomes_a_run_below_its_variant(uri: str, experiment: str, root: Path):
    record(uri, experiment, TRAINING)
    runs = runs_of(uri, experiment)
    assert runs.keys() == {"no_pooling", "no_pooling seed 3"}
    parent, run = runs["no_pooling"], runs["no_pooling seed 3"]
    assert run.data.params == {"subsampling": "stride", "learning_rate": "0.01", "epochs": "2"}
    assert run.data.tags == {
        "git.sha": "abc",
        "device": "cpu",
        "ablation.run_key": "c0ffee",
        "ablation.variant": "no_pooling",
        "ablation.seed": "3",
        "ablation.stage": "train",
        "mlflow.parentRunId": parent.info.run_id,
        "mlflow.runName": "no_pooling seed 3",
        **this_process(),
    }
    assert parent.data.params == {"subsampling": "stride"}
    assert parent.data.tags == {
        "ablation.parent": "no_pooling",
        "ablation.variant": "no_pooling",
        "mlflow.runName": "no_pooling",
        **this_process(),
    }
    assert run.inputs
    [shown] = run.inputs.dataset_inputs
    assert (shown.dataset.name, shown.dataset.digest) == ("mnist", ("d1" * 32)[:36])
    assert "https://example.org/mnist/" in shown.dataset.source
    assert str(run.info.artifact_uri).startswith((root / "var" / "mlartifacts").as_uri())


def test_a_run_is_called_as_the_record_says(uri: str, experiment: str):
    record(uri, experiment, replace(TRAINING, name="no_pooling trials 7", stage="sweep trials"))
    runs = runs_of(uri, experiment)
    assert runs.keys() == {"no_pooling", "no_pooling trials 7"}
    assert runs["no_pooling trials 7"].data.tags["ablation.stage"] == "sweep trials"


def test_times_and_steps_are_the_workers(uri: str, experiment: str):
    record(uri, experiment, TRAINING)
    points = points_of(uri, experiment)
    assert set(points) == POINTS
    assert len(points) == len(POINTS)
    for run in runs_of(uri, experiment).values():
        assert run.info.start_time == 1_700_000_000_000
        assert run.info.end_time == 1_700_000_021_125
        assert run.info.status == "FINISHED"


def test_a_second_tracker_finds_what_the_first_wrote(uri: str, experiment: str):
    other = replace(TRAINING, name="no_pooling seed 4", run_key="decaf", seed=4)
    record(uri, experiment, TRAINING)
    first = runs_of(uri, experiment)
    record(uri, experiment, TRAINING, other, other)
    both = runs_of(uri, experiment)
    assert both.keys() == {"no_pooling", "no_pooling seed 3", "no_pooling seed 4"}
    assert both["no_pooling seed 3"].to_dictionary() == first["no_pooling seed 3"].to_dictionary()
    assert len(points_of(uri, experiment)) == 2 * len(POINTS)


def test_a_repetition_at_another_commit_keeps_the_first_tags(uri: str, experiment: str):
    record(uri, experiment, TRAINING)
    record(uri, experiment, replace(TRAINING, tags={"git.sha": "later"}))
    tags = runs_of(uri, experiment)["no_pooling seed 3"].data.tags
    assert tags["git.sha"] == "abc"
    assert "git.dirty" not in tags


def test_a_run_grows_while_its_task_is_trained(uri: str, experiment: str):
    with tracker(uri, experiment) as track:
        track.begin(TRAINING, OUTCOME.started)
        track.extend(TRAINING.run_key, OUTCOME.history[0], OUTCOME.epoch_ends[0])
        wait_for(lambda: len(points_of(uri, experiment)) == 2)
        assert {run.info.status for run in runs_of(uri, experiment).values()} == {"RUNNING"}
        run = runs_of(uri, experiment)["no_pooling seed 3"]
        assert run.data.params["learning_rate"] == "0.01"
        track.extend(TRAINING.run_key, OUTCOME.history[1], OUTCOME.epoch_ends[1])
        track.record(TRAINING, OUTCOME)
    assert sorted(points_of(uri, experiment)) == sorted(POINTS)
    runs = runs_of(uri, experiment)
    assert runs["no_pooling seed 3"].info.run_id == run.info.run_id
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    assert runs["no_pooling"].info.end_time == 1_700_000_021_125


def test_a_task_that_is_trained_again_takes_the_place_of_what_was_broken_off(
    uri: str, experiment: str
):
    with pytest.raises(OSError, match="disk"):
        break_off(uri, experiment)
    killed = runs_of(uri, experiment)
    assert {run.info.status for run in killed.values()} == {"KILLED"}
    with tracker(uri, experiment) as track:
        track.begin(TRAINING, LATER.started)
        track.record(TRAINING, LATER)
    runs = runs_of(uri, experiment)
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    run = runs["no_pooling seed 3"]
    assert run.info.run_id != killed["no_pooling seed 3"].info.run_id
    points = reader(uri).get_metric_history(run.info.run_id, "train_loss")
    assert [point.timestamp for point in points] == [1_800_000_010_000, 1_800_000_020_000]


def test_what_was_trained_but_not_recorded_is_completed(uri: str, experiment: str):
    with pytest.raises(OSError, match="disk"):
        break_off(uri, experiment)
    killed = runs_of(uri, experiment)["no_pooling seed 3"]
    record(uri, experiment, TRAINING)
    run = runs_of(uri, experiment)["no_pooling seed 3"]
    assert (run.info.run_id, run.info.status) == (killed.info.run_id, "FINISHED")
    assert sorted(points_of(uri, experiment)) == sorted(POINTS)


def test_a_task_that_lost_its_workers_keeps_what_it_had_learned(uri: str, experiment: str):
    lost = replace(LATER, history=[], epoch_ends=[], failure="its workers died")
    with tracker(uri, experiment) as track:
        track.begin(TRAINING, OUTCOME.started)
        track.extend(TRAINING.run_key, OUTCOME.history[0], OUTCOME.epoch_ends[0])
        track.record(TRAINING, lost)
    record(uri, experiment, TRAINING, outcome=lost)
    run = runs_of(uri, experiment)["no_pooling seed 3"]
    assert run.info.status == "FAILED"
    assert run.data.tags["ablation.failure"] == "its workers died"
    assert run.data.metrics == {"train_loss": 0.5, "train_error": 0.25}


def test_of_two_runs_of_a_task_the_whole_one_stays(uri: str, experiment: str):
    """A server that answers late is asked twice, and may do twice what it was asked."""
    record(uri, experiment, TRAINING)
    whole = runs_of(uri, experiment)["no_pooling seed 3"].info.run_id
    client, number = reader(uri), number_of(uri, experiment)
    for tag, name in (
        ("ablation.run_key", TRAINING.run_key),
        ("ablation.parent", TRAINING.variant),
    ):
        client.create_run(number, 0, {tag: name})
    record(uri, experiment, TRAINING)
    assert runs_of(uri, experiment).keys() == {"no_pooling", "no_pooling seed 3"}
    assert runs_of(uri, experiment)["no_pooling seed 3"].info.run_id == whole


def test_a_run_that_was_only_half_made_is_made_again(uri: str, experiment: str):
    record(uri, experiment, replace(TRAINING, name="no_pooling seed 4", run_key="decaf", seed=4))
    tags = {"ablation.run_key": TRAINING.run_key}
    reader(uri).create_run(number_of(uri, experiment), 1_700_000_000_000, tags, TRAINING.name)
    record(uri, experiment, TRAINING)
    run = runs_of(uri, experiment)["no_pooling seed 3"]
    assert run.data.params.keys() == {"subsampling", "learning_rate", "epochs"}
    assert run.inputs
    assert run.inputs.dataset_inputs


def test_an_experiment_that_was_deleted_comes_back(uri: str, experiment: str):
    record(uri, experiment, TRAINING)
    reader(uri).delete_experiment(number_of(uri, experiment))
    record(uri, experiment, replace(TRAINING, name="no_pooling seed 4", run_key="decaf", seed=4))
    assert "no_pooling seed 4" in runs_of(uri, experiment)


def test_a_whole_run_is_left_alone_when_its_task_is_trained_once_more(uri: str, experiment: str):
    record(uri, experiment, TRAINING)
    with tracker(uri, experiment) as track:
        track.begin(TRAINING, LATER.started)
        track.extend(TRAINING.run_key, LATER.history[0], LATER.epoch_ends[0])
        track.record(TRAINING, LATER)
    assert sorted(points_of(uri, experiment)) == sorted(POINTS)


def test_runs_of_a_dead_process_are_closed_at_the_next_start(uri: str, experiment: str):
    open_client(uri)
    code = (
        "import os, sys, time;"
        "from tests.tracking.test_tracker import OUTCOME, TRAINING, points_of, tracker, wait_for;"
        "track = tracker(*sys.argv[1:]); track.__enter__();"
        "track.begin(TRAINING, OUTCOME.started);"
        "track.extend(TRAINING.run_key, OUTCOME.history[0], OUTCOME.epoch_ends[0]);"
        "wait_for(lambda: len(points_of(*sys.argv[1:])) == 2);"
        "os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", code, uri, experiment])
    assert killed.returncode == -9
    assert {run.info.status for run in runs_of(uri, experiment).values()} == {"RUNNING"}
    open_client(uri)
    assert {run.info.status for run in runs_of(uri, experiment).values()} == {"KILLED"}


def test_runs_of_a_living_process_and_of_other_machines_stay_open(uri: str, experiment: str):
    record(uri, experiment, TRAINING)
    client, number = reader(uri), number_of(uri, experiment)
    elsewhere = this_process() | {"ablation.host": "another"}
    for tags in (this_process(), elsewhere, {}):
        client.create_run(number, 0, tags, "under way")
    open_client(uri)
    found = client.search_runs([number], "attributes.status = 'RUNNING'")
    assert len(found) == 3


def test_a_failure_keeps_its_reason_until_the_task_succeeds(uri: str, experiment: str):
    for _ in range(2):
        record(uri, experiment, TRAINING, outcome=FAILED)
        failed = runs_of(uri, experiment)["no_pooling seed 3"]
        assert failed.info.status == "FAILED"
        assert failed.data.tags["ablation.failure"] == "loss is not finite"
        assert failed.data.metrics == {"train_loss": 0.5, "train_error": 0.25}
    record(uri, experiment, TRAINING, outcome=LATER)
    run = runs_of(uri, experiment)["no_pooling seed 3"]
    assert run.info.status == "FINISHED"
    assert "ablation.failure" not in run.data.tags


def test_later_findings_join_the_task_and_its_variant_once(uri: str, experiment: str):
    record(uri, experiment, TRAINING)
    for at in (1_700_000_100.0, 1_700_000_200.0):
        with tracker(uri, experiment) as track:
            track.measure("c0ffee", {"test_error": 0.0104}, at=at)
            track.summarise("no_pooling", {"test_error_mean": 0.0102, "n": 10}, at=at)
    assert set(points_of(uri, experiment)) - POINTS == {
        ("c0ffee", "test_error", 0, 1_700_000_100_000, 0.0104),
        ("parent", "test_error_mean", 0, 1_700_000_100_000, 0.0102),
        ("parent", "n", 0, 1_700_000_100_000, 10.0),
    }
    assert len(points_of(uri, experiment)) == len(POINTS) + 3


def test_a_finding_about_an_unknown_task_is_said_and_the_rest_is_written(
    uri: str, experiment: str, capsys: pytest.CaptureFixture[str]
):
    with tracker(uri, experiment) as track:
        for run_key in ("unknown", "missing", "lost"):
            track.measure(run_key, {"test_error": 0.5}, at=1.0)
        track.record(TRAINING, OUTCOME)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"MLflow at {uri}: LookupError: there is no run of unknown." in said
    assert "no_pooling seed 3" in runs_of(uri, experiment)


def test_a_run_is_found_by_its_task_in_any_experiment(uri: str, experiment: str):
    record(uri, experiment, replace(TRAINING, run_key="fee1"))
    run = find_run(open_client(uri), "fee1")
    assert run
    assert run.info.run_id == runs_of(uri, experiment)["no_pooling seed 3"].info.run_id
    assert find_run(open_client(uri), "fee") is None


def test_stages_that_start_together_on_no_database_make_one(tmp_path: Path):
    uri = f"sqlite:///{tmp_path}/var/mlflow.db"
    runs = [replace(TRAINING, name=f"run {n}", run_key=f"c{n}", seed=n) for n in range(3)]
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
    record("http://me:secret@127.0.0.1:9", "standard/final", *[TRAINING] * 20)
    assert time.monotonic() - begun < 30
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "MLflow at http://127.0.0.1:9: ConnectionRefusedError" in said
    assert "secret" not in said


@pytest.mark.slow
def test_a_server_that_never_answers_is_waited_for_only_briefly(
    capsys: pytest.CaptureFixture[str],
):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        record(f"http://127.0.0.1:{silent.getsockname()[1]}", "standard/final", *[TRAINING] * 20)
        assert time.monotonic() - begun < 45  # two calls, each tried twice for 5 s
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "The study goes on without it" in said


@pytest.mark.slow
def test_a_locked_database_is_said_once_and_given_up_after_two_waits(tmp_path: Path):
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    record(uri, "before/final", TRAINING)
    with closing(sqlite3.connect(tmp_path / "mlflow.db", isolation_level=None)) as other:
        other.execute("begin exclusive")
        code = (
            "import sys; from tests.tracking.test_tracker import TRAINING, record;"
            "record(sys.argv[1], 'locked/final', *[TRAINING] * 20)"
        )
        start = time.monotonic()
        done = subprocess.run([sys.executable, "-c", code, uri], capture_output=True, text=True)
    assert time.monotonic() - start < 58  # MLflow waits 20 s for a lock
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1
    assert "OperationalError: database is locked. The study goes on" in done.stderr


def test_a_damaged_database_is_said_once_and_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    database = tmp_path / "mlflow.db"
    database.write_bytes(b"no database at all" * 100)
    record(f"sqlite:///{database}", "standard/final", TRAINING, TRAINING)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"MLflow at sqlite:///{database}: DatabaseError: file is not a database" in said
    assert database.read_bytes() == b"no database at all" * 100


def test_an_exception_of_the_stage_passes_and_leaves_its_runs_whole(uri: str, experiment: str):
    def stage() -> None:
        with tracker(uri, experiment) as track:
            track.record(TRAINING, OUTCOME)
            raise ValueError("the stage's own")

    with pytest.raises(ValueError, match="the stage's own"):
        stage()
    assert runs_of(uri, experiment)["no_pooling seed 3"].info.status == "FINISHED"


def test_ctrl_c_does_not_wait_for_the_tracker():
    begun = time.monotonic()
    with (
        pytest.raises(KeyboardInterrupt),
        tracker("http://127.0.0.1:9", "x/final"),
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
