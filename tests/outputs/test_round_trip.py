"""What results become on disk, and what is read of it again."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.data.mnist import Digits
from pipeline.execution.task import Result
from pipeline.outputs.corrupted import CorruptedPredictions, read_corrupted, write_corrupted
from pipeline.outputs.filters import Filters, read_filters, write_filters
from pipeline.outputs.predictions import Predictions, read_predictions, write_predictions
from pipeline.outputs.probes import Probes, read_probes, write_probes
from pipeline.outputs.runs import common, curve, training
from pipeline.outputs.samples import (
    SamplePredictions,
    SampleTraining,
    SampleTrainings,
    read_sample_trainings,
    read_samples,
    write_samples,
)
from tests.conftest import MakePlan

SEEDS = (4, 2)
LABELS = np.array([5, 9, 0], dtype=np.uint8)


def results(**arrays: list[np.ndarray]) -> list[Result]:
    """One a seed."""
    record = {"stages": ["s2", "f6"], "layers": ["c1"]}
    return [
        Result(arrays=dict(zip(arrays, each, strict=True)), record=record)
        for each in zip(*arrays.values(), strict=True)
    ]


def same(one: object, other: object) -> None:
    assert vars(one).keys() == vars(other).keys()
    for name, value in vars(one).items():
        found = vars(other)[name]
        assert np.asarray(value).dtype == np.asarray(found).dtype, name
        np.testing.assert_array_equal(value, found)


@pytest.fixture
def predictions() -> Predictions:
    scores = [np.arange(30, dtype=np.float32).reshape(3, 10) / 7 * sign for sign in (1, -1)]
    return Predictions.of_results(SEEDS, results(scores=scores), LABELS)


def test_scores_are_kept_to_the_last_bit(tmp_path: Path, predictions: Predictions) -> None:
    write_predictions(tmp_path, "lenet5", predictions)
    same(predictions, read_predictions(tmp_path, "lenet5", seeds=SEEDS))
    with np.load(tmp_path / "lenet5.npz") as found:
        types = {name: (array.dtype.name, array.shape) for name, array in found.items()}
    assert types == {
        "seeds": ("int64", (2,)),
        "scores": ("float32", (2, 3, 10)),
        "labels": ("int64", (3,)),
    }


def test_scores_of_a_diverged_network_are_kept(tmp_path: Path, predictions: Predictions) -> None:
    predictions.scores[1] = np.nan
    write_predictions(tmp_path, "lenet5", predictions)
    same(predictions, read_predictions(tmp_path, "lenet5", seeds=SEEDS, failed={2: "diverged"}))


def test_scores_of_different_numbers_of_images_are_refused() -> None:
    with pytest.raises(ValueError, match="same shape"):
        Predictions.of_results(
            SEEDS, results(scores=[np.zeros((2, 10)), np.zeros((3, 10))]), LABELS
        )


def test_corrupted_answers_lie_by_set_and_seed(tmp_path: Path, predictions: Predictions) -> None:
    answers = [np.array([[1, 2, 3], [4, 5, 255]], dtype=np.uint8) for _ in SEEDS]
    answers[1][0, 0] = 9
    given = CorruptedPredictions.of_results(SEEDS, ("a", "b"), results(answers=answers))
    assert given.predictions.tolist() == [[[1, 2, 3], [9, 2, 3]], [[4, 5, 255]] * 2]
    write_corrupted(tmp_path, "lenet5", given)
    same(given, read_corrupted(tmp_path, "lenet5", predictions))


def test_answers_after_fewer_images_lie_by_size_and_seed(
    tmp_path: Path, predictions: Predictions, make_plan: MakePlan
) -> None:
    answers = [np.array([size, seed, 255], dtype=np.uint8) for size in (1, 2) for seed in (7, 8)]
    given = SamplePredictions.of_results(SEEDS, (50, 200), results(answers=answers))
    assert given.predictions[1].tolist() == [[2, 7, 255], [2, 8, 255]]
    (task,) = make_plan().tasks
    row = {"epoch": 1, "train_loss": float("nan"), "train_error": 0.5, "learning_rate": 0.1}
    failed = Result(arrays={}, record={"history": [row], "failure": "the loss was nan"})
    entry = SampleTraining(images=50, history=curve(failed), **training(task, failed))
    trainings = SampleTrainings(**common(task), trainings=[entry])
    write_samples(tmp_path, "lenet5", given, trainings)
    same(given, read_samples(tmp_path, "lenet5", predictions, sizes=(50, 200)))
    found = read_sample_trainings(tmp_path, "lenet5")
    assert repr(found) == repr(trainings)  # NaN is not equal to itself


@pytest.mark.parametrize("map_layers", [["c1"], []], ids=["maps", "none"])
def test_probes_lie_by_layer_and_seed(
    tmp_path: Path, predictions: Predictions, map_layers: list[str]
) -> None:
    trained = [np.full((2, 3), seed, dtype=np.uint8) for seed in (1, 2)]
    done = results(
        trained=trained,
        untrained=[5 + each for each in trained],
        input=[np.zeros(3, dtype=np.uint8)] * 2,
        shift_errors=[np.array([error] * len(map_layers)) for error in (0.25, np.nan)],
    )
    done[0].record["layers"] = map_layers
    given = Probes.of_results(SEEDS, done)
    assert given.trained.tolist() == [[[1] * 3, [2] * 3]] * 2
    assert given.layers == ("s2", "f6")
    assert given.equivariance_errors.shape == (len(map_layers), 2)
    write_probes(tmp_path, "lenet5", given)
    same(given, read_probes(tmp_path, "lenet5", predictions))


def test_filters_come_with_the_digits_that_most_networks_misclassify(tmp_path: Path) -> None:
    right = np.eye(10, dtype=np.float32)[LABELS]
    tied, nan = right.copy(), right.copy()
    tied[1] = 0
    nan[1:] = np.nan
    done = results(scores=[right, tied, nan])
    test = Digits(np.arange(3 * 784, dtype=np.uint8).reshape(3, 28, 28), LABELS, "three")
    given = Filters.of_result(
        results(kernels=[np.ones((2, 6, 5, 5), np.float32)], maps=[np.ones((2, 6, 28, 28))])[0],
        digit=test.images[0],
        predictions=Predictions.of_results((0, 1, 2), done, LABELS),
        test=test,
    )
    assert given.misclassified.tolist() == [1]
    assert (given.images == test.images[1:2]).all()
    write_filters(tmp_path, "lenet5", given)
    same(given, read_filters(tmp_path, "lenet5"))
