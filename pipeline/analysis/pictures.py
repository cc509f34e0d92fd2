"""What the report shows of one network and of test images, read and checked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.analysis.inputs import read_arrays, require

Pixels = npt.NDArray[np.uint8]
Levels = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Pictures:
    """Of one variant.

    Attributes:
        kernels: (places, units, side, side), weights of units of the first layer.
        maps: (2, maps, size, size), what C1 makes of `digit`, and of it shifted; no maps without
            locality.
        digit: (28, 28), a training image.
        misread: Test images that most of the networks misread, counted from 0.
        images: (K, 28, 28), theirs.
    """

    kernels: Levels
    maps: Levels
    digit: Pixels
    misread: npt.NDArray[np.int64]
    images: Pixels


def read_pictures(path: Path) -> Pictures:
    """What the evaluation has drawn of one variant.

    Raises:
        UserError: Naming `path`, if it is missing, unreadable or misshapen.
    """
    arrays = read_arrays(path, ("kernels", "maps", "digit", "misread", "images"))
    count = len(arrays["misread"]) if arrays["misread"].ndim else 0
    _require_shape(path, "kernels", arrays, (None, None, None, None))
    _require_shape(path, "maps", arrays, (2, None, None, None))
    _require_shape(path, "digit", arrays, (28, 28))
    _require_shape(path, "misread", arrays, (count,))
    _require_shape(path, "images", arrays, (count, 28, 28))
    for name in ("digit", "images"):
        found = arrays[name].dtype
        require(path, found == np.uint8, f"`{name}` must be uint8", found)
    return Pictures(**arrays)


def _require_shape(
    path: Path, name: str, arrays: dict[str, npt.NDArray[Any]], expected: tuple[int | None, ...]
) -> None:
    """None stands for any size."""
    found = arrays[name].shape
    fits = len(found) == len(expected) and all(
        size in (None, length) for size, length in zip(expected, found, strict=True)
    )
    told = tuple("any" if size is None else size for size in expected)
    require(path, fits, f"`{name}` must have shape {told}", found)
