"""The sweep stage on a few hundred digits: the same bytes from any number of workers."""

import csv
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml

from pipeline.outputs.best import read_best
from pipeline.stages.sweep import main
from pipeline.study import PARAMS, STUDIES, merged, read_yaml
from pipeline.training.hyperparameters import Hyperparameters

REPOSITORY = Path(__file__).parents[2]
VARIANT = "mlp_60k"
# Up to a rate that no network survives: one of the four trials fails.
TRIALS = 4
SEARCH = {"trials": TRIALS, "dimensions": {"learning_rate": {"high": 1e38}}}
CELLS = TRIALS + 2 * 1 + 1
FILES = ("best.json", "trials.csv", "trainings.json", "history.csv")

Folder = Callable[..., Path]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Makes folders of studies that belong to one repository."""
    root = tmp_path_factory.mktemp("repository")

    def make(name: str, **search: Any) -> Path:
        made = root / STUDIES / name
        (made / "data/train").mkdir(parents=True)
        for file in (REPOSITORY / "tests/digits").glob("train-*"):
            shutil.copy(file, made / "data/train")
        tiny = merged(read_yaml(REPOSITORY / PARAMS), read_yaml(REPOSITORY / "studies/tiny.yaml"))
        params = {**merged(tiny, {"search": SEARCH | search}), "name": "tiny"}
        (made / PARAMS).write_text(yaml.safe_dump(params), encoding="utf8")
        return made

    return make


def run(folder: Path, cache: Path, *, workers: int) -> Mapping[str, Any]:
    """Run the stage; what it says about its time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.setenv("ABLATION_CACHE", str(cache))
        patch.setenv("ABLATION_WORKERS", str(workers))
        patch.chdir(folder)
        main(VARIANT)
    return json.loads((folder / f"timings/sweep-{VARIANT}.json").read_bytes())


def outputs(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (folder / "sweeps" / VARIANT).iterdir()}


@pytest.fixture(scope="module")
def swept(folder: Folder) -> tuple[Path, Mapping[str, Any]]:
    """A finished sweep of one worker, whose cache is its own."""
    made = folder("one")
    return made, run(made, made / "cache", workers=1)


@pytest.mark.parametrize("workers", [2, 7])
def test_many_workers_leave_the_same_bytes_as_one(
    swept: tuple[Path, Mapping[str, Any]], folder: Folder, workers: int
) -> None:
    one, other = swept[0], folder(str(workers))
    timing = run(other, other / "cache", workers=workers)
    assert (timing["workers"], timing["cached"]) == (min(workers, TRIALS), 0)
    assert outputs(other).keys() == set(FILES)
    assert outputs(other) == outputs(one)


def test_trial_that_diverges_is_recorded_and_the_rest_goes_on(
    swept: tuple[Path, Mapping[str, Any]],
) -> None:
    found = outputs(swept[0])
    trials = list(csv.DictReader(found["trials.csv"].decode().splitlines()))
    assert [row["state"] for row in trials] == ["complete", "failed", "complete", "complete"]
    assert trials[1]["reason"].startswith("the loss was nan")
    assert float(trials[1]["learning_rate"]) > 1e36
    best = json.loads(found["best.json"])
    assert best["budget"] == {"trials": 4, "failed": 1, "trainings": CELLS, "epochs": 4 + 4 + 4}
    default = Hyperparameters(learning_rate=0.004, init="fan_in", j=None)
    assert read_best(swept[0] / "sweeps" / VARIANT).hyperparameters == default


def test_each_training_is_timed(swept: tuple[Path, Mapping[str, Any]]) -> None:
    made, timing = swept
    assert (timing["stage"], timing["variant"]) == ("sweep", VARIANT)
    assert (timing["workers"], timing["cached"]) == (1, 0)
    history = outputs(made)["history.csv"].decode().splitlines()
    keys = dict.fromkeys(row["run_key"] for row in csv.DictReader(history))
    assert [run["run_key"] for run in timing["runs"]] == list(keys)
    assert len(keys) == CELLS


def test_trials_are_there_for_the_dashboard(swept: tuple[Path, Mapping[str, Any]]) -> None:
    database = swept[0].parents[2] / "var/optuna.db"
    study = optuna.load_study(study_name=f"tiny/{VARIANT}", storage=f"sqlite:///{database}")
    assert len(study.get_trials()) == 4
    assert study.best_trial.number == 0


def test_damaged_database_of_the_dashboard_costs_the_dashboard_alone(
    swept: tuple[Path, Mapping[str, Any]], capfd: pytest.CaptureFixture[str]
) -> None:
    made, _ = swept
    before = outputs(made)
    database = made.parents[2] / "var/optuna.db"
    whole = database.read_bytes()
    database.write_bytes(b"no database")
    run(made, made / "cache", workers=1)
    database.write_bytes(whole)
    assert outputs(made) == before
    said = capfd.readouterr().err
    assert f"Optuna at {database}: DatabaseError" in said
    assert said.endswith("`make dashboard` will not show this sweep.\n")


def test_finished_sweep_trains_nothing_again(swept: tuple[Path, Mapping[str, Any]]) -> None:
    made, _ = swept
    before = outputs(made)
    shutil.rmtree(made / "sweeps")
    timing = run(made, made / "cache", workers=2)
    assert (timing["workers"], timing["cached"]) == (0, CELLS)
    assert outputs(made) == before


def test_damaged_result_is_trained_again_to_the_same_bytes(
    swept: tuple[Path, Mapping[str, Any]],
) -> None:
    made, timing = swept
    before = outputs(made)
    for each in (timing["runs"][2], timing["runs"][-1]):  # a trial and the audit
        (file,) = (made / "cache").rglob(each["run_key"])
        file.write_bytes(file.read_bytes()[:-100])
    again = run(made, made / "cache", workers=1)
    assert (again["workers"], again["cached"]) == (1, CELLS - 2)
    assert outputs(made) == before


def test_sweep_without_an_audit_is_the_same_but_for_it(
    swept: tuple[Path, Mapping[str, Any]], folder: Folder
) -> None:
    made = folder("unaudited", audit_seeds=[])
    assert run(made, swept[0] / "cache", workers=1)["cached"] == CELLS - 1
    best, whole = (json.loads(outputs(each)["best.json"]) for each in (made, swept[0]))
    assert best["audit"] is None
    assert whole["audit"]["seeds"] == [104]
    different = {name for name in whole if best[name] != whole[name]}
    assert different == {"audit", "budget"}
