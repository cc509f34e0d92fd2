"""`predictions/<variant>-filters.npz`: filters and feature maps, and misclassified images."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from pipeline.data.mnist import Digits
from pipeline.execution.task import Result
from pipeline.outputs.files import read_arrays, require, write_arrays
from pipeline.outputs.misclassified import is_wrong
from pipeline.outputs.predictions import FILTERS, Predictions, predictions_file, require_shape

Pixels = npt.NDArray[np.uint8]
Levels = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Filters:
    """Of one network of a variant, and what most of its networks misclassify.

    Attributes:
        kernels: (positions, units, side, side), weights of units of the first layer.
        maps: (2, maps, size, size), the feature maps of `digit`, and of it shifted; no maps
            without locality.
        digit: (28, 28), a training image.
        misclassified: (K,), the test images that more than half of the networks misclassify,
            counted from 0.
        images: (K, 28, 28), theirs.
    """

    kernels: Levels
    maps: Levels
    digit: Pixels
    misclassified: npt.NDArray[np.int64]
    images: Pixels

    @classmethod
    def of_result(
        cls, result: Result, *, digit: Pixels, predictions: Predictions, test: Digits
    ) -> Self:
        """Of what was drawn of one network with `digit`, and of the scores of all of them."""
        wrong = is_wrong(predictions.scores, test.labels)
        often = np.flatnonzero(wrong.mean(axis=0) > 0.5)
        return cls(**result.arrays, digit=digit, misclassified=often, images=test.images[often])


def write_filters(folder: Path, variant: str, filters: Filters) -> None:
    """Into the folder of all variants' predictions."""
    write_arrays(predictions_file(folder, variant, FILTERS), vars(filters))


def read_filters(folder: Path, variant: str) -> Filters:
    """What the report shows of one variant.

    Raises:
        UserError: Naming the file, if it is missing, unreadable or misshapen.
    """
    path = predictions_file(folder, variant, FILTERS)
    arrays = read_arrays(path, ("kernels", "maps", "digit", "misclassified", "images"))
    count = len(arrays["misclassified"]) if arrays["misclassified"].ndim else 0
    require_shape(path, "kernels", arrays["kernels"], (None, None, None, None))
    require_shape(path, "maps", arrays["maps"], (2, None, None, None))
    require_shape(path, "digit", arrays["digit"], (28, 28))
    require_shape(path, "misclassified", arrays["misclassified"], (count,))
    require_shape(path, "images", arrays["images"], (count, 28, 28))
    for name in ("digit", "images"):
        found = arrays[name].dtype
        require(path, found == np.uint8, f"`{name}` must be uint8", found)
    return Filters(**arrays)
