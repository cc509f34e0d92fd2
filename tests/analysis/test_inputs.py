import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.analysis.inputs import (
    BEST_KEYS,
    SPEC_KEYS,
    read_finalists,
    read_history,
    read_json,
    read_spec,
    read_sweep,
)
from pipeline.execution.errors import UserError

COLUMNS = "cell,seed,epoch,train_loss,train_error,learning_rate"


def test_a_spec_has_all_its_keys(tmp_path: Path) -> None:
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(dict.fromkeys(SPEC_KEYS, 1)))
    assert read_spec(path)["epochs"] == 1
    path.write_text(json.dumps(dict.fromkeys(SPEC_KEYS[1:], 1)))
    with pytest.raises(UserError, match=r"spec\.json.*no \['network'\]"):
        read_spec(path)


@pytest.mark.parametrize("content", [None, "", "{", "[1]", '{"a": NaN}', '{"a": Infinity}'])
def test_json_that_is_no_object_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "x.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=r"x\.json"):
        read_json(path)


def test_a_history_is_sorted_by_seed_and_epoch(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text(f"{COLUMNS}\nb,1,2,0,0.1,0\nb,1,1,0,0.2,0\na,0,1,0,nan,0\n")
    found = read_history(path, seeds=[0, 1])
    assert found[["seed", "epoch"]].to_numpy().tolist() == [[0, 1], [1, 1], [1, 2]]


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (None, "readable table"),
        ("", "readable table"),
        ("seed,epoch\n0,1\n", "must have the columns"),
        (f"{COLUMNS}\n", "must have rows"),
        (f"{COLUMNS}\nc,7,1,0,0,0\n", "its seeds must be"),
    ],
)
def test_a_history_with_a_mistake_is_refused(
    tmp_path: Path, content: str | None, cause: str
) -> None:
    path = tmp_path / "history.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=cause):
        read_history(path, seeds=[0, 1])


BEST: dict[str, Any] = dict.fromkeys(BEST_KEYS) | {
    "trial": 1,
    "hyperparameters": {"learning_rate": 0.1, "init": "fan_in", "j": None},
    "candidates": [{"trial": 1}],
    "budget": {"trials": 2},
}
TRIALS = """\
trial,cell,learning_rate,init,j,seed,epochs,value,best,state,reason
0,a,0.3,paper,,100,4,,,failed,the loss was nan
1,b,0.1,fan_in,,100,4,0.30000000000000004,0.30000000000000004,complete,
"""


def sweep(folder: Path, best: object = BEST, trials: str = TRIALS) -> Path:
    (folder / "best.json").write_text(json.dumps(best))
    (folder / "trials.csv").write_text(trials)
    return folder


def test_a_sweep_comes_with_its_winner_and_its_trials_to_the_last_bit(tmp_path: Path) -> None:
    found = read_sweep(sweep(tmp_path))
    assert found.best["trial"] == 1
    failed, complete = found.trials
    assert (failed["value"], failed["best"], failed["j"]) == (None, None, None)
    assert failed["reason"] == "the loss was nan"
    assert (complete["value"], complete["init"], complete["reason"]) == (0.1 + 0.2, "fan_in", None)
    json.dumps(found.trials, allow_nan=False)


@pytest.mark.parametrize(
    ("best", "trials", "cause"),
    [
        ([], TRIALS, r"best\.json`: it must be a JSON object"),
        ({key: BEST[key] for key in BEST if key != "audit"}, TRIALS, r"no \['audit'\]"),
        (BEST | {"candidates": []}, TRIALS, "first candidate must be the winner"),
        (BEST | {"candidates": [{"trial": 0}]}, TRIALS, "first candidate must be the winner"),
        (BEST | {"budget": {"trials": 3}}, TRIALS, r"trials\.csv`: it must have 3 trials"),
        (BEST, "", r"trials\.csv` must be a readable table"),
        (BEST, TRIALS.replace("reason", "why"), r"no \['reason'\]"),
        (BEST, TRIALS.replace("init", "start"), r"no \['init'\]"),
        (BEST, TRIALS.replace("0.30000000000000004", "1.5"), "`value` must be a share"),
        (BEST, TRIALS.replace("0.30000000000000004", "much"), "must be a readable table"),
    ],
)
def test_a_sweep_with_a_mistake_is_refused(
    tmp_path: Path, best: object, trials: str, cause: str
) -> None:
    with pytest.raises(UserError, match=cause):
        read_sweep(sweep(tmp_path, best, trials))


def test_a_sweep_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"best\.json"):
        read_sweep(tmp_path)


HISTORY = """\
phase,trial,cell,seed,epoch,validation_error
trials,0,a,100,1,0.05
finalists,0,b,101,1,0.04
finalists,3,c,101,1,0.03
audit,0,d,104,1,0.02
"""


def test_full_trainings_of_a_trial_are_read_alone(tmp_path: Path) -> None:
    (path := tmp_path / "history.csv").write_text(HISTORY)
    assert read_finalists(path, trial=0)["validation_error"].tolist() == [0.04]
    with pytest.raises(UserError, match=r"history\.csv`: trial 1 must be a finalist"):
        read_finalists(path, trial=1)
