import zipfile
from pathlib import Path

import numpy as np
import pytest

from pipeline.training.predictions import write_predictions

SCORES = [
    np.arange(20, dtype=np.float32).reshape(2, 10) / 7,
    -np.arange(20, dtype=np.float32).reshape(2, 10),
]


def write(path: Path) -> Path:
    labels = np.array([5, 9], dtype=np.uint8)
    write_predictions(path, seeds=(4, 2), scores=SCORES, labels=labels)
    return path


def test_predictions_have_the_promised_names_types_and_shapes(tmp_path: Path) -> None:
    with np.load(write(tmp_path / "new" / "lenet5.npz")) as found:
        assert sorted(found) == ["labels", "scores", "seeds"]
        assert found["seeds"].dtype == np.int64
        assert found["scores"].dtype == np.float32
        assert found["labels"].dtype == np.int64
        assert found["seeds"].tolist() == [4, 2]
        assert found["labels"].tolist() == [5, 9]
        assert found["scores"].shape == (2, 2, 10)
        assert found["scores"].tobytes() == SCORES[0].tobytes() + SCORES[1].tobytes()


def test_equal_predictions_are_equal_files_on_any_day(tmp_path: Path) -> None:
    one, other = write(tmp_path / "one.npz"), write(tmp_path / "other.npz")
    assert one.read_bytes() == other.read_bytes()
    with zipfile.ZipFile(one) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_scores_of_another_precision_are_stored_as_float32(tmp_path: Path) -> None:
    scores = np.full((1, 10), 1 / 3, dtype=np.float64)
    write_predictions(tmp_path / "x.npz", seeds=(0,), scores=[scores], labels=np.array([1]))
    with np.load(tmp_path / "x.npz") as found:
        assert found["scores"].dtype == np.float32
        assert found["scores"][0, 0, 0] == np.float32(1 / 3)


def test_scores_that_are_no_numbers_are_kept(tmp_path: Path) -> None:
    scores = np.full((1, 10), np.nan, dtype=np.float32)
    path = tmp_path / "lenet5.npz"
    write_predictions(path, seeds=(0,), scores=[scores], labels=np.array([1]))
    with np.load(path) as found:
        assert np.isnan(found["scores"]).all()


def test_scores_of_different_sets_of_images_are_refused(tmp_path: Path) -> None:
    scores = [np.zeros((2, 10)), np.zeros((3, 10))]
    with pytest.raises(ValueError, match="same shape"):
        write_predictions(tmp_path / "x.npz", seeds=(0, 1), scores=scores, labels=np.zeros(2))
    assert not (tmp_path / "x.npz").exists()
