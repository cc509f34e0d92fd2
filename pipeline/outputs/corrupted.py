"""`predictions/<variant>-corrupted.npz`: what networks answer on corrupted test images."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from pipeline.execution.task import Result
from pipeline.outputs.files import read_arrays, write_arrays
from pipeline.outputs.misclassified import Answers
from pipeline.outputs.predictions import (
    CORRUPTED,
    Predictions,
    predictions_file,
    require_answers,
    require_names,
    require_seeds,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class CorruptedPredictions:
    """Of the networks of one variant.

    Attributes:
        seeds: Those of the study, in its order.
        sets: The names of D corruptions.
        predictions: (D, S, N).
    """

    seeds: tuple[int, ...]
    sets: tuple[str, ...]
    predictions: Answers

    @classmethod
    def of_results(
        cls, seeds: Sequence[int], sets: Sequence[str], results: Sequence[Result]
    ) -> Self:
        """Of each network's evaluation on all sets."""
        answers = np.stack([result.arrays["answers"] for result in results], axis=1)
        return cls(seeds=tuple(seeds), sets=tuple(sets), predictions=answers)


def write_corrupted(folder: Path, variant: str, corrupted: CorruptedPredictions) -> None:
    """Into the folder of all variants' predictions."""
    arrays = {
        "seeds": np.array(corrupted.seeds, dtype=np.int64),
        "sets": np.array(corrupted.sets, dtype=str),
        "predictions": corrupted.predictions,
    }
    write_arrays(predictions_file(folder, variant, CORRUPTED), arrays)


def read_corrupted(folder: Path, variant: str, predictions: Predictions) -> CorruptedPredictions:
    """One variant's answers on corrupted images, checked against those on the images.

    Raises:
        UserError: Naming the file, if it is missing, unreadable or misshapen, of other seeds, or
            if an answer is neither a class nor 255.
    """
    path = predictions_file(folder, variant, CORRUPTED)
    arrays = read_arrays(path, ("seeds", "sets", "predictions"))
    require_seeds(path, arrays["seeds"], predictions.seeds)
    names = require_names(path, "sets", arrays["sets"])
    expected = (len(names), *predictions.scores.shape[:2])
    require_answers(path, "predictions", arrays["predictions"], expected)
    return CorruptedPredictions(
        seeds=predictions.seeds, sets=names, predictions=arrays["predictions"]
    )
