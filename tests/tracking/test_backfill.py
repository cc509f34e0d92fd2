"""What a whole small study leaves in MLflow, from its outputs, too, and wherever it is moved."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlflow import MlflowClient

from pipeline.study import load_study, sole_run
from pipeline.tracking.backfill import backfill_in_background
from pipeline.tracking.opening import open_client
from pipeline.tracking.process import this_process
from tests.test_pipeline import VARIANTS, copy_with_three_variants, run_tiny

STUDY = Path("var/studies/tiny")
# What a process knows of itself, and what MLflow numbers.
PASSING = ("git.", "ablation.host", "ablation.process", "mlflow.parentRunId", "mlflow.source.git")
ASK = """
import sys
import mlflow, numpy as np
images = np.load(sys.argv[2])
model = mlflow.pyfunc.load_model("models:/tiny-lenet5@champion")
assert not [name for name in sys.modules if name.split(".")[0] == "pipeline"]
answers = model.predict(images)
np.savez(sys.argv[1], **answers)
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copy_with_three_variants(tmp_path_factory.mktemp("a repository") / "first")
    result = run_tiny(folder)
    assert result.returncode == 0, result.stderr
    assert "MLflow" not in result.stderr
    return folder


def uri_of(repository: Path) -> str:
    return f"sqlite:///{repository}/var/mlflow.db"


def reader(repository: Path) -> MlflowClient:
    """Of a copy: MLflow would go on with a database that was replaced."""
    folder = Path(tempfile.mkdtemp(dir=repository.parent))
    for file in (repository / "var").glob("mlflow.db*"):
        shutil.copy(file, folder)
    return MlflowClient(f"sqlite:///{folder}/mlflow.db")


def logged(repository: Path) -> dict[tuple[str, str], Any]:
    """Everything that is recorded, by experiment and name of the run."""
    client, found = reader(repository), {}
    for experiment in client.search_experiments(filter_string="name LIKE 'tiny/%'"):
        for run in client.search_runs([experiment.experiment_id]):
            history = {
                name: [(p.step, p.value) for p in client.get_metric_history(run.info.run_id, name)]
                for name in run.data.metrics
            }
            tags = {
                name: value
                for name, value in run.data.tags.items()
                if not name.startswith(PASSING)
            }
            key = (experiment.name, run.data.tags["mlflow.runName"])
            assert key not in found
            # That of a variant begins with whichever of its tasks was heard of first.
            times = (
                (run.info.start_time, run.info.end_time) if "ablation.run_key" in tags else None
            )
            found[key] = (run.info.status, times, run.data.params, tags, history)
    return found


def assert_same(after: dict[tuple[str, str], Any], before: dict[tuple[str, str], Any]) -> None:
    assert after.keys() == before.keys()
    for key, run in after.items():
        assert run == before[key], key


def rebuilt(repository: Path, uri: str = "") -> subprocess.CompletedProcess[str]:
    """With another database or server than the repository's, if one is named."""
    command = [sys.executable, "-m", "pipeline", "rebuild"]
    env = os.environ | ({"MLFLOW_TRACKING_URI": uri} if uri else {})
    return subprocess.run(
        command, cwd=repository, env=env, capture_output=True, text=True, check=False
    )


def test_variants_have_mean_interval_and_n(repository: Path) -> None:
    results = json.loads((repository / STUDY / "reports/results.json").read_text())
    recorded = logged(repository)
    for variant in VARIANTS:
        error = results["variants"][variant]["test_error"]
        _, _, _, _, history = recorded["tiny/final", variant]
        last = {name: points[-1][1] for name, points in history.items()}
        assert last["test_error"] == pytest.approx(error["mean"], abs=1e-6)
        assert last["seeds"] == error["n_seeds"] == 2
        low, high = last["test_error_low"], last["test_error_high"]
        assert [low, high] == pytest.approx(error["ci95"], abs=1e-6)


def test_a_rebuilt_database_says_the_same(repository: Path) -> None:
    before = logged(repository)
    done = rebuilt(repository)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "tiny: rebuilt\nthe database before is in var/before-1\n"
    assert (repository / "var/before-1/mlflow.db").exists()
    assert_same(logged(repository), before)
    again = rebuilt(repository)
    assert again.stdout.splitlines()[-1] == "the database before is in var/before-2"
    assert (repository / "var/before-1/mlflow.db").exists()
    assert_same(logged(repository), before)
    with closing(sqlite3.connect(repository / "var/mlflow.db")) as database:
        assert not [line for line in database.iterdump() if "var/rebuilt" in line]


@pytest.fixture
def second(repository: Path) -> Iterator[Path]:
    """The folder of a second study, with outputs like the first's."""
    folder = repository / "var/studies/second"
    shutil.copytree(repository / STUDY, folder)
    text = (folder / "params.yaml").read_text(encoding="utf8")
    assert text.count("name: tiny") == 1
    (folder / "params.yaml").write_text(text.replace("name: tiny", "name: second"))
    yield folder
    shutil.rmtree(folder)


def test_every_study_is_rebuilt_or_nothing_is_replaced(repository: Path, second: Path) -> None:
    before = logged(repository)
    spec = second / "models/lenet5/spec.json"
    whole = spec.read_bytes()
    spec.unlink()  # DVC may have linked it to its cache
    spec.write_bytes(whole[: len(whole) // 2])
    done = rebuilt(repository)
    assert done.returncode == 2
    assert done.stdout == "tiny: rebuilt\n"
    assert done.stderr.startswith(f"{second}: UserError: ")
    assert f"these have not: {second}; nothing was replaced." in done.stderr
    assert_same(logged(repository), before)
    spec.write_bytes(whole)
    done = rebuilt(repository)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("second: rebuilt\ntiny: rebuilt\n")
    assert_same(logged(repository), before)
    names = {each.name for each in reader(repository).search_experiments()}
    assert {"second/final", "second/sweep"} <= names


@pytest.mark.parametrize("missing", ["timings/train-lenet5.json", "sweeps/mlp_60k/history.csv"])
def test_a_missing_out_of_a_stage_is_no_stage_to_come(
    repository: Path, second: Path, missing: str
) -> None:
    before = logged(repository)
    (second / missing).unlink()
    done = rebuilt(repository)
    assert done.returncode == 2
    assert f"{second}: UserError: " in done.stderr
    assert missing in done.stderr
    assert_same(logged(repository), before)


def test_a_study_that_has_only_sweeps_is_recorded(repository: Path, second: Path) -> None:
    for room in ("models", "predictions", "reports"):
        shutil.rmtree(second / room)
    done = rebuilt(repository)
    assert done.returncode == 0, done.stderr
    assert "second: rebuilt" in done.stdout
    names = {each.name for each in reader(repository).search_experiments()}
    assert "second/sweep" in names


def test_a_study_that_has_no_outs_yet_may_be_under_way(repository: Path, second: Path) -> None:
    for room in ("models", "sweeps", "predictions"):
        shutil.rmtree(second / room)
    with sole_run(second):
        done = rebuilt(repository)
    assert done.returncode == 2
    assert "only one run may be going on in a folder" in done.stderr


def test_a_broken_lock_is_said_and_nothing_else(
    repository: Path,
    second: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(second)
    (second / "dvc.lock").write_text("<<<<<<< ours\n: [", encoding="utf8")
    backfill_in_background(load_study(), Path())
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "dvc.lock must be DVC's, but got" in said
    done = rebuilt(repository)
    assert done.returncode == 2
    assert f"{second}: ValueError: " in done.stderr


def test_two_that_fill_at_once_make_each_run_once(repository: Path, tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    code = f"""
from pathlib import Path
from pipeline.study import load_study, sole_run
from pipeline.tracking.backfill import backfill
backfill(load_study(), Path(), {uri!r})
"""
    env = os.environ | {"PYTHONPATH": str(repository)}
    command = [sys.executable, "-c", code]
    both = [subprocess.Popen(command, cwd=repository / STUDY, env=env) for _ in range(2)]
    assert [each.wait(timeout=120) for each in both] == [0, 0]
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database:
        [(count,)] = database.execute("select count(*) from runs")
    assert count == len(logged(repository))


def test_a_report_of_other_trainings_is_left_out(repository: Path, second: Path) -> None:
    """That of before, where `train` was done again and `report` not yet."""
    file = second / "reports/results.json"
    results = json.loads(file.read_text(encoding="utf8"))
    results["variants"]["lenet5"]["run_keys"] = {"0": "old", "1": "older"}
    file.unlink()
    file.write_text(json.dumps(results), encoding="utf8")
    done = rebuilt(repository)
    assert done.returncode == 0, done.stderr
    client = reader(repository)
    experiment = client.get_experiment_by_name("second/final")
    assert experiment
    runs = client.search_runs([experiment.experiment_id])
    assert len(runs) == 3 * len(VARIANTS)
    assert not [run for run in runs if "test_error" in run.data.metrics]


def test_nothing_is_replaced_while_a_run_is_under_way(repository: Path) -> None:
    client = open_client(uri_of(repository))
    run = client.create_run("0", tags=this_process(), run_name="busy").info.run_id
    try:
        done = rebuilt(repository)
        assert done.returncode == 2
        assert "no study may be under way, but run 'busy' is (process" in done.stderr
    finally:
        client.set_terminated(run)
    assert "busy" in names_of_runs(repository)


def test_a_run_that_another_machine_left_open_hinders_nothing(repository: Path) -> None:
    """A container that is gone, say: nobody would ever close it."""
    before = logged(repository)
    elsewhere = {"ablation.host": "elsewhere", "ablation.process": "7 1.0"}
    client = open_client(uri_of(repository))
    known = client.get_experiment_by_name("tiny/final")
    assert known
    wanted = "tags.`ablation.parent` = 'lenet5'"
    [parent] = client.search_runs([known.experiment_id], wanted)
    client.update_run(parent.info.run_id, "RUNNING")
    for name, value in elsewhere.items():
        client.set_tag(parent.info.run_id, name, value)
    client.delete_experiment_tag(known.experiment_id, "ablation.backfilled")
    assert run_tiny(repository).returncode == 0
    assert_same(logged(repository), before)
    client.update_run(parent.info.run_id, "RUNNING")
    for name, value in elsewhere.items():
        client.set_tag(parent.info.run_id, name, value)
    (repository / "var/before-9.tar.gz").touch()
    done = rebuilt(repository)
    assert done.returncode == 0, done.stderr
    assert_same(logged(repository), before)


def names_of_runs(repository: Path) -> list[str]:
    with closing(sqlite3.connect(repository / "var/mlflow.db")) as database:
        return [name for (name,) in database.execute("select name from runs")]


def test_a_damaged_database_is_rebuilt(repository: Path) -> None:
    before = logged(repository)
    for name in ("mlflow.db-wal", "mlflow.db-shm"):
        (repository / "var" / name).unlink(missing_ok=True)
    (repository / "var/mlflow.db").write_bytes(b"damaged" * 1000)
    done = rebuilt(repository)
    assert done.returncode == 0, done.stderr
    assert_same(logged(repository), before)


def test_a_database_of_the_users_keeps_what_it_has(repository: Path, tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/own.db"
    own = open_client(uri).create_experiment("mine")
    run = open_client(uri).create_run(own, run_name="theirs").info.run_id
    before = logged(repository)
    for _ in range(2):
        done = rebuilt(repository, uri)
        assert (done.returncode, done.stdout) == (0, "tiny: rebuilt\n"), done.stderr
    client = open_client(uri)
    assert client.get_run(run).info.run_name == "theirs"
    known = [each.experiment_id for each in client.search_experiments() if "/" in each.name]
    assert len(client.search_runs(known)) == len(before)
    assert {path.name for path in tmp_path.iterdir()} >= {"own.db", "mlartifacts"}
    assert_same(logged(repository), before)


def test_what_nobody_trained_is_filled_in_once(repository: Path) -> None:
    before = logged(repository)
    for name in ("mlflow.db", "mlflow.db-wal", "mlflow.db-shm"):
        (repository / "var" / name).unlink(missing_ok=True)
    for _ in range(2):
        result = run_tiny(repository)
        assert result.returncode == 0, result.stderr
        assert "Running stage" not in result.stdout
        assert_same(logged(repository), before)
        with closing(sqlite3.connect(repository / "var/mlflow.db")) as database, database:
            gone = database.execute(
                "delete from experiment_tags where key = 'ablation.backfilled'"
            )
            assert gone.rowcount == 1


def test_the_report_and_what_it_was_made_with_are_artifacts(repository: Path) -> None:
    client = reader(repository)
    experiment = client.get_experiment_by_name("tiny/final")
    assert experiment
    [run] = client.search_runs([experiment.experiment_id], "tags.`ablation.report` = 'tiny'")
    names = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert names == {"ablation.html", "results.json", "params.yaml"}


def test_every_experiment_has_views_that_its_description_leads_to(repository: Path) -> None:
    client = reader(repository)
    for experiment in client.search_experiments(filter_string="name LIKE 'tiny/%'"):
        tags = experiment.tags
        first, *_ = tags["mlflow.note.content"].splitlines()
        for view in ("variants", "runs", "curves"):
            state = json.loads(json.loads(tags[f"mlflow.sharedViewState.{view}"])["state"])
            link = f"#/experiments/{experiment.experiment_id}/runs?viewStateShareKey={view}&"
            assert link in first
            assert state["orderByKey"]


def asked(uri: str, images: np.ndarray, folder: Path) -> dict[str, np.ndarray]:
    """What the registered model answers in a process that knows nothing of this project."""
    folder.mkdir()
    np.save(folder / "images.npy", images)
    command = [sys.executable, "-P", "-c", ASK, "answers.npz", "images.npy"]
    env = {"MLFLOW_TRACKING_URI": uri, "MLFLOW_DISABLE_TELEMETRY": "true", "PATH": "/usr/bin:/bin"}
    subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True)
    with np.load(folder / "answers.npz") as answers:
        return dict(answers)


def digits(repository: Path) -> np.ndarray:
    from pipeline.data.mnist import load_digits

    return load_digits(repository / STUDY / "data/test").images


def test_the_champion_answers_as_the_study_did(repository: Path, tmp_path: Path) -> None:
    found = asked(uri_of(repository), digits(repository), tmp_path / "elsewhere")
    with np.load(repository / STUDY / "predictions/lenet5.npz") as stored:
        scores = stored["scores"][0]
    np.testing.assert_allclose(found["scores"], scores, atol=1e-4)
    assert (found["digit"] == scores.argmax(axis=1)).all()


def test_artifacts_and_models_follow_a_repository_that_is_moved(
    repository: Path, tmp_path: Path
) -> None:
    moved = shutil.copytree(repository, tmp_path / "100 % elsewhere")
    shutil.move(repository, hidden := repository.with_name("hidden"))
    try:
        client = open_client(uri_of(moved))
        experiment = client.get_experiment_by_name("tiny/final")
        assert experiment
        [run] = client.search_runs([experiment.experiment_id], "tags.`ablation.report` = 'tiny'")
        assert client.list_artifacts(run.info.run_id)
        assert asked(uri_of(moved), digits(moved)[:3], tmp_path / "out")["digit"].shape == (3,)
    finally:
        shutil.move(hidden, repository)


def test_what_a_server_missed_is_filled_in_at_the_next_chance(
    repository: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(repository / STUDY)
    study = load_study()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    backfill_in_background(study, Path())
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "MLflow at http://127.0.0.1:9: ConnectionRefusedError" in said
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    backfill_in_background(study, Path())
    assert "MLflow at" not in capsys.readouterr().err
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    known = [each.experiment_id for each in client.search_experiments() if "/" in each.name]
    assert len(client.search_runs(known)) == len(logged(repository))
