import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.analysis.inputs import (
    BEST_KEYS,
    SPEC_KEYS,
    read_history,
    read_json,
    read_predictions,
    read_spec,
    read_sweep,
)
from pipeline.errors import UserError

COLUMNS = "cell,seed,epoch,train_loss,train_error,learning_rate"


def predictions(folder: Path, **changes: Any) -> Path:
    arrays: dict[str, Any] = {
        "seeds": np.array([4, 5]),
        "scores": np.zeros((2, 3, 10), dtype=np.float32),
        "labels": np.array([0, 9, 5]),
    }
    path = folder / "lenet5.npz"
    np.savez(path, **(arrays | changes))
    return path


def test_predictions_come_with_their_seeds_and_labels(tmp_path: Path) -> None:
    found = read_predictions(predictions(tmp_path), seeds=[4, 5])
    assert found.seeds == (4, 5)
    assert found.scores.shape == (2, 3, 10)
    assert found.labels.tolist() == [0, 9, 5]


def test_a_missing_seed_is_left_to_the_verdict(tmp_path: Path) -> None:
    assert read_predictions(predictions(tmp_path), seeds=[3, 4, 5]).seeds == (4, 5)


@pytest.mark.parametrize("seeds", [[4], [5, 4], [6, 7]], ids=["more", "order", "others"])
def test_seeds_that_are_not_the_study_s_are_refused(tmp_path: Path, seeds: list[int]) -> None:
    with pytest.raises(UserError, match=r"lenet5\.npz.*its seeds must be"):
        read_predictions(predictions(tmp_path), seeds=seeds)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"scores": np.zeros((2, 3, 9))}, "`scores` must have shape"),
        ({"scores": np.zeros((3, 3, 10))}, "`scores` must have shape"),
        ({"labels": np.array([0, 1, 10])}, "`labels` must be 0 ... 9"),
        ({"labels": np.array([0, 1, np.nan])}, "`labels` must be 0 ... 9"),
        ({"labels": np.zeros((3, 1))}, "must be lists"),
        ({"seeds": np.array(4)}, "must be lists"),
        ({"seeds": np.array([4, 4])}, "its seeds must be"),
        ({"seeds": np.array([], int), "scores": np.zeros((0, 3, 10))}, "there must be networks"),
    ],
)
def test_misshapen_predictions_are_named_with_their_cause(
    tmp_path: Path, changes: dict[str, Any], cause: str
) -> None:
    with pytest.raises(UserError, match=cause) as raised:
        read_predictions(predictions(tmp_path, **changes), seeds=[4, 5])
    assert str(tmp_path / "lenet5.npz") in str(raised.value)


@pytest.mark.parametrize("content", [None, b"", b"no archive", b"PK\x03\x04broken"])
def test_unreadable_predictions_are_the_user_s_to_know(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "lenet5.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"lenet5\.npz` must hold"):
        read_predictions(path, seeds=[0])


def test_an_archive_without_labels_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", seeds=[0], scores=[0])
    with pytest.raises(UserError, match="labels"):
        read_predictions(tmp_path / "x.npz", seeds=[0])


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
