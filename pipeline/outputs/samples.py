"""`predictions/<variant>-samples.npz` and `.json`: networks trained on fewer images."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np

from pipeline.execution.task import Result
from pipeline.outputs.files import read_arrays, read_record, require, write_arrays, write_json
from pipeline.outputs.misclassified import Answers
from pipeline.outputs.predictions import (
    SAMPLES,
    Predictions,
    predictions_file,
    require_answers,
    require_seeds,
)
from pipeline.outputs.trainings import Common, Epoch, Training


@dataclass(frozen=True, kw_only=True, eq=False)
class SamplePredictions:
    """What they answer on the test images.

    Attributes:
        seeds: Those of the study, in its order.
        sizes: K numbers of training images.
        predictions: (K, S, N).
    """

    seeds: tuple[int, ...]
    sizes: tuple[int, ...]
    predictions: Answers

    @classmethod
    def of_results(
        cls, seeds: Sequence[int], sizes: Sequence[int], results: Sequence[Result]
    ) -> Self:
        """Of each network's evaluation, size by size."""
        answers = np.stack([result.arrays["answers"] for result in results])
        shape = (len(sizes), len(seeds), -1)
        return cls(seeds=tuple(seeds), sizes=tuple(sizes), predictions=answers.reshape(shape))


@dataclass(frozen=True, kw_only=True)
class SampleTraining(Training):
    """One training; no other file describes it."""

    images: int
    history: tuple[Epoch, ...]


@dataclass(frozen=True, kw_only=True)
class SampleTrainings(Common):
    """All of a variant, size by size."""

    trainings: list[SampleTraining]


def write_samples(
    folder: Path, variant: str, samples: SamplePredictions, trainings: SampleTrainings
) -> None:
    """Into the folder of all variants' predictions."""
    path = predictions_file(folder, variant, SAMPLES)
    write_json(trainings_file(folder, variant), asdict(trainings))
    arrays = {
        "seeds": np.array(samples.seeds, dtype=np.int64),
        "sizes": np.array(samples.sizes, dtype=np.int64),
        "predictions": samples.predictions,
    }
    write_arrays(path, arrays)


def read_samples(
    folder: Path, variant: str, predictions: Predictions, *, sizes: Sequence[int]
) -> SamplePredictions:
    """One variant's answers after fewer training images, checked against those after all.

    Raises:
        UserError: Naming the file, if it is missing, unreadable or misshapen, of other seeds or
            sizes, or if an answer is neither a class nor 255.
    """
    path = predictions_file(folder, variant, SAMPLES)
    arrays = read_arrays(path, ("seeds", "sizes", "predictions"))
    require_seeds(path, arrays["seeds"], predictions.seeds)
    found = arrays["sizes"].tolist()
    require(path, found == list(sizes), f"its sizes must be {list(sizes)}", found)
    expected = (len(sizes), *predictions.scores.shape[:2])
    require_answers(path, "predictions", arrays["predictions"], expected)
    return SamplePredictions(
        seeds=predictions.seeds, sizes=tuple(sizes), predictions=arrays["predictions"]
    )


def read_sample_trainings(folder: Path, variant: str) -> SampleTrainings:
    """Every training of one variant on fewer images.

    Raises:
        UserError: Naming the file, if it is missing or not as it was written.
    """
    return read_record(trainings_file(folder, variant), SampleTrainings, nan=True)


def trainings_file(folder: Path, variant: str) -> Path:
    return predictions_file(folder, variant, SAMPLES).with_suffix(".json")
