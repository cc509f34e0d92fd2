import zipfile
from pathlib import Path

import numpy as np
import pytest

from pipeline.data.mnist import Digits
from pipeline.evaluation.outs import (
    write_corrupted,
    write_pictures,
    write_predictions,
    write_probes,
    write_samples,
)
from pipeline.execution.task import Result

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


def results(**arrays: list[np.ndarray]) -> list[Result]:
    """One a seed."""
    record = {"stages": ["s2", "f6"], "layers": ["c1"]}
    return [
        Result(arrays=dict(zip(arrays, each, strict=True)), record=record)
        for each in zip(*arrays.values(), strict=True)
    ]


def test_corrupted_answers_have_the_promised_names_types_and_shapes(tmp_path: Path) -> None:
    answers = [np.array([[1, 2, 3], [4, 5, 255]], dtype=np.uint8) + seed for seed in (0, 0)]
    answers[1][0, 0] = 9
    path = tmp_path / "lenet5-corrupted.npz"
    write_corrupted(path, seeds=(4, 2), sets=("a", "b"), results=results(answers=answers))
    with np.load(path) as found:
        assert sorted(found) == ["predictions", "seeds", "sets"]
        assert found["sets"].tolist() == ["a", "b"]
        assert found["seeds"].tolist() == [4, 2]
        assert found["predictions"].dtype == np.uint8
        assert found["predictions"].tolist() == [[[1, 2, 3], [9, 2, 3]], [[4, 5, 255]] * 2]


def test_answers_after_fewer_images_have_the_promised_names_types_and_shapes(
    tmp_path: Path,
) -> None:
    answers = [np.array([size, seed, 255], dtype=np.uint8) for size in (1, 2) for seed in (7, 8)]
    path = tmp_path / "lenet5-samples.npz"
    write_samples(path, seeds=(4, 2), sizes=(50, 200), results=results(answers=answers))
    with np.load(path) as found:
        assert sorted(found) == ["predictions", "seeds", "sizes"]
        assert found["seeds"].dtype == found["sizes"].dtype == np.int64
        assert found["seeds"].tolist() == [4, 2]
        assert found["sizes"].tolist() == [50, 200]
        assert found["predictions"].dtype == np.uint8
        assert found["predictions"].tolist() == [
            [[1, 7, 255], [1, 8, 255]],
            [[2, 7, 255], [2, 8, 255]],
        ]


def test_probes_have_the_promised_names_types_and_shapes(tmp_path: Path) -> None:
    trained = [np.full((2, 3), seed, dtype=np.uint8) for seed in (1, 2)]
    path = tmp_path / "lenet5-probes.npz"
    write_probes(
        path,
        seeds=(4, 2),
        results=results(
            trained=trained,
            untrained=[5 + each for each in trained],
            input=[np.zeros(3, dtype=np.uint8)] * 2,
            shift_errors=[np.array([0.25]), np.array([np.nan])],
        ),
    )
    with np.load(path) as found:
        assert found["stages"].tolist() == ["s2", "f6"]
        assert found["layers"].tolist() == ["c1"]
        assert found["trained"].tolist() == [[[1] * 3, [2] * 3]] * 2
        assert found["untrained"].tolist() == [[[6] * 3, [7] * 3]] * 2
        assert found["input"].shape == (3,)
        assert found["shift_errors"].shape == (1, 2)
        assert np.isnan(found["shift_errors"][0, 1])


def test_perceptron_has_no_layers_of_maps_and_is_stored(tmp_path: Path) -> None:
    (result,) = results(
        trained=[np.zeros((2, 3), dtype=np.uint8)],
        untrained=[np.zeros((2, 3), dtype=np.uint8)],
        input=[np.zeros(3, dtype=np.uint8)],
        shift_errors=[np.zeros(0)],
    )
    result.record["layers"] = []
    write_probes(tmp_path / "x.npz", seeds=(0,), results=[result])
    with np.load(tmp_path / "x.npz") as found:
        assert found["shift_errors"].shape == (0, 1)
        assert found["layers"].dtype.kind == "U"


def test_pictures_hold_the_digits_that_most_networks_misread(tmp_path: Path) -> None:
    labels = np.array([0, 1, 2], dtype=np.uint8)
    right = np.eye(10, dtype=np.float32)[labels]
    tied, nan = right.copy(), right.copy()
    tied[1] = 0
    nan[1:] = np.nan
    test = Digits(np.arange(3 * 784, dtype=np.uint8).reshape(3, 28, 28), labels, "three")
    kernels = np.ones((2, 6, 5, 5), dtype=np.float32)
    picture = Result(arrays={"kernels": kernels, "maps": kernels}, record={})
    path = tmp_path / "lenet5-pictures.npz"
    digit = test.images[0]
    write_pictures(path, picture, digit=digit, scores=[right, tied, nan], test=test)
    with np.load(path) as found:
        assert sorted(found) == ["digit", "images", "kernels", "maps", "misread"]
        assert found["misread"].tolist() == [1]
        assert (found["images"] == test.images[1:2]).all()
        assert (found["digit"] == digit).all()
    turned = Result(arrays=dict(reversed(picture.arrays.items())), record={})
    other = tmp_path / "other.npz"
    write_pictures(other, turned, digit=digit, scores=[right, tied, nan], test=test)
    assert other.read_bytes() == path.read_bytes()
