"""Scores, answers on corrupted images and answers of probes, read and checked."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.execution.errors import UserError
from pipeline.outputs.corrupted import read_corrupted
from pipeline.outputs.predictions import Predictions, read_predictions, require_mnist
from pipeline.outputs.probes import read_probes
from pipeline.outputs.samples import read_samples

NAME = "lenet5"
PREDICTIONS = Predictions(
    seeds=(4, 5), scores=np.zeros((2, 3, 10), dtype=np.float32), labels=np.array([0, 9, 5])
)


def predictions(folder: Path, **changes: Any) -> Path:
    arrays: dict[str, Any] = {
        "seeds": np.array([4, 5]),
        "scores": np.zeros((2, 3, 10), dtype=np.float32),
        "labels": np.array([0, 9, 5]),
    }
    np.savez(folder / "lenet5.npz", **(arrays | changes))
    return folder


def test_predictions_come_with_their_seeds_and_labels(tmp_path: Path) -> None:
    found = read_predictions(predictions(tmp_path), NAME, seeds=[4, 5])
    assert found.seeds == (4, 5)
    assert found.scores.shape == (2, 3, 10)
    assert found.labels.tolist() == [0, 9, 5]


@pytest.mark.parametrize(
    "seeds", [[4], [3, 4, 5], [5, 4], [6, 7]], ids=["more", "fewer", "order", "others"]
)
def test_seeds_that_are_not_the_study_s_are_refused(tmp_path: Path, seeds: list[int]) -> None:
    with pytest.raises(UserError, match=r"lenet5\.npz.*its seeds must be"):
        read_predictions(predictions(tmp_path), NAME, seeds=seeds)


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
        read_predictions(predictions(tmp_path, **changes), NAME, seeds=[4, 5])
    assert str(tmp_path / "lenet5.npz") in str(raised.value)


@pytest.mark.parametrize("content", [None, b"", b"no archive", b"PK\x03\x04broken"])
def test_unreadable_predictions_are_the_user_s_to_know(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "lenet5.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"lenet5\.npz` must hold"):
        read_predictions(tmp_path, NAME, seeds=[0])


def test_scores_that_are_no_numbers_need_a_training_that_failed(tmp_path: Path) -> None:
    scores = np.zeros((2, 3, 10), dtype=np.float32)
    scores[1] = np.nan
    path = predictions(tmp_path, scores=scores)
    with pytest.raises(UserError, match=r"lenet5\.npz`: `scores` must be numbers.* seeds \[5\]"):
        read_predictions(path, NAME, seeds=[4, 5])
    assert np.isnan(
        read_predictions(path, NAME, seeds=[4, 5], failed={5: "diverged"}).scores[1]
    ).all()


def test_labels_must_be_mnist_s(tmp_path: Path) -> None:
    path = predictions(tmp_path)
    with pytest.raises(UserError, match=r"lenet5\.npz`: its labels must be MNIST's"):
        require_mnist(path, NAME, read_predictions(path, NAME, seeds=[4, 5]))


def test_an_archive_without_labels_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "lenet5.npz", seeds=[0], scores=[0])
    with pytest.raises(UserError, match="labels"):
        read_predictions(tmp_path, NAME, seeds=[0])


def corrupted(folder: Path, **changes: Any) -> Path:
    arrays: dict[str, Any] = {
        "seeds": np.array([4, 5]),
        "sets": np.array(["a", "b"]),
        "predictions": np.full((2, 2, 3), 9, dtype=np.uint8),
    }
    np.savez(folder / "lenet5-corrupted.npz", **(arrays | changes))
    return folder


def probes(folder: Path, **changes: Any) -> Path:
    arrays: dict[str, Any] = {
        "seeds": np.array([4, 5]),
        "layers": np.array(["s2", "f6"]),
        "map_layers": np.array([], dtype=str),
        "trained": np.zeros((2, 2, 3), dtype=np.uint8),
        "untrained": np.full((2, 2, 3), 255, dtype=np.uint8),
        "input": np.zeros(3, dtype=np.uint8),
        "equivariance_errors": np.zeros((0, 2)),
    }
    np.savez(folder / "lenet5-probes.npz", **(arrays | changes))
    return folder


def test_answers_come_by_the_names_of_their_sets_and_stages(tmp_path: Path) -> None:
    found = read_corrupted(corrupted(tmp_path), NAME, PREDICTIONS)
    assert found.sets == ("a", "b")
    assert found.predictions.shape == (2, 2, 3)
    read = read_probes(probes(tmp_path), NAME, PREDICTIONS)
    assert read.layers == ("s2", "f6")
    assert read.map_layers == ()
    assert read.untrained.min() == 255


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"seeds": np.array([4])}, r"its seeds must be \[4, 5\], but got \[4\]"),
        ({"predictions": np.zeros((2, 3, 3), np.uint8)}, r"must have shape \(2, 2, 3\)"),
        ({"predictions": np.zeros((2, 2, 3))}, "`predictions` must be uint8"),
        ({"predictions": np.full((2, 2, 3), 10, np.uint8)}, "must be 0 ... 9 or 255"),
        ({"sets": np.array(["a", "a"])}, "`sets` must differ"),
        ({"sets": np.array([1, 2])}, "`sets` must be a list of names"),
    ],
)
def test_misshapen_answers_are_named_with_their_cause(
    tmp_path: Path, changes: dict[str, Any], cause: str
) -> None:
    with pytest.raises(UserError, match=cause) as raised:
        read_corrupted(corrupted(tmp_path, **changes), NAME, PREDICTIONS)
    assert str(tmp_path / "lenet5-corrupted.npz") in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"seeds": np.array([5, 4])}, "its seeds must be"),
        ({"trained": np.zeros((1, 2, 3), np.uint8)}, "`trained` must have shape"),
        ({"untrained": np.full((2, 2, 3), 77, np.uint8)}, "`untrained` must be 0 ... 9 or 255"),
        ({"input": np.zeros(4, np.uint8)}, "`input` must have shape"),
        ({"equivariance_errors": np.zeros((1, 2))}, "`equivariance_errors` must have shape"),
    ],
)
def test_misshapen_probes_are_named_with_their_cause(
    tmp_path: Path, changes: dict[str, Any], cause: str
) -> None:
    with pytest.raises(UserError, match=cause) as raised:
        read_probes(probes(tmp_path, **changes), NAME, PREDICTIONS)
    assert str(tmp_path / "lenet5-probes.npz") in str(raised.value)


def samples(folder: Path, **changes: Any) -> Path:
    arrays: dict[str, Any] = {
        "seeds": np.array([4, 5]),
        "sizes": np.array([50, 200]),
        "predictions": np.full((2, 2, 3), 255, dtype=np.uint8),
    }
    np.savez(folder / "lenet5-samples.npz", **(arrays | changes))
    return folder


def test_answers_after_fewer_images_come_by_their_numbers(tmp_path: Path) -> None:
    found = read_samples(samples(tmp_path), NAME, PREDICTIONS, sizes=[50, 200])
    assert found.sizes == (50, 200)
    assert found.predictions.shape == (2, 2, 3)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"seeds": np.array([4])}, r"its seeds must be \[4, 5\], but got \[4\]"),
        ({"sizes": np.array([50])}, r"its sizes must be \[50, 200\], but got \[50\]"),
        ({"sizes": np.array([200, 50])}, "its sizes must be"),
        ({"predictions": np.zeros((1, 2, 3), np.uint8)}, r"must have shape \(2, 2, 3\)"),
        ({"predictions": np.zeros((2, 2, 3))}, "`predictions` must be uint8"),
        ({"predictions": np.full((2, 2, 3), 10, np.uint8)}, "must be 0 ... 9 or 255"),
    ],
)
def test_misshapen_answers_after_fewer_images_are_named_with_their_cause(
    tmp_path: Path, changes: dict[str, Any], cause: str
) -> None:
    with pytest.raises(UserError, match=cause) as raised:
        read_samples(samples(tmp_path, **changes), NAME, PREDICTIONS, sizes=[50, 200])
    assert str(tmp_path / "lenet5-samples.npz") in str(raised.value)


def test_missing_files_and_arrays_are_the_user_s_to_know(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"lenet5-corrupted\.npz` must hold `seeds`, `sets`"):
        read_corrupted(tmp_path, NAME, PREDICTIONS)
    with pytest.raises(UserError, match=r"lenet5-samples\.npz` must hold `seeds`, `sizes`"):
        read_samples(tmp_path, NAME, PREDICTIONS, sizes=[50])
    corrupted(tmp_path).joinpath("lenet5-corrupted.npz").rename(tmp_path / "lenet5-probes.npz")
    with pytest.raises(UserError, match=r"probes\.npz` must hold `seeds`, `layers`.* not a file"):
        read_probes(tmp_path, NAME, PREDICTIONS)
