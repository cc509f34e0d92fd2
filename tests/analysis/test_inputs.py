import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.analysis.inputs import (
    SPEC_KEYS,
    read_history,
    read_json,
    read_predictions,
    read_spec,
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


@pytest.mark.parametrize("content", [None, "", "{", "[1]"])
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
