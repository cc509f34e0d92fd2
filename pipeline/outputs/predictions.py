"""`predictions/<variant>.npz`: the scores that a variant's networks give the test images."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from pipeline.data.mnist import pack_idx
from pipeline.data.sources import SHA256
from pipeline.execution.task import Result
from pipeline.outputs.files import read_arrays, require, write_arrays
from pipeline.outputs.misclassified import NO_ANSWER

# Beside the scores, the other kinds of predictions.
CORRUPTED, PROBES, FILTERS, SAMPLES = "corrupted", "probes", "filters", "samples"


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """Scores of the networks of one variant on the test images, in MNIST's order.

    Attributes:
        seeds: Those of the study, in its order.
        scores: (S, N, 10), larger is more likely; NaN where a network diverged.
        labels: (N,).
    """

    seeds: tuple[int, ...]
    scores: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]

    @classmethod
    def of_results(
        cls, seeds: Sequence[int], results: Sequence[Result], labels: npt.NDArray[np.integer]
    ) -> Self:
        """Of each network's evaluation; labels (N,)."""
        scores = np.stack([result.arrays["scores"] for result in results]).astype(np.float32)
        return cls(seeds=tuple(seeds), scores=scores, labels=labels.astype(np.int64))


def write_predictions(folder: Path, variant: str, predictions: Predictions) -> None:
    """Into the folder of all variants' predictions."""
    arrays = {
        "seeds": np.array(predictions.seeds, dtype=np.int64),
        "scores": predictions.scores,
        "labels": predictions.labels,
    }
    write_arrays(predictions_file(folder, variant), arrays)


def read_predictions(
    folder: Path, variant: str, *, seeds: Sequence[int], failed: Collection[int] = ()
) -> Predictions:
    """One variant's scores, checked against the seeds of the study, of which some may have failed.

    Raises:
        UserError: Naming the file, if it is missing, unreadable or misshapen, if its labels are no
            digits, if its seeds are not the study's, or if scores are not numbers though the
            training of their seed did not fail.
    """
    path = predictions_file(folder, variant)
    arrays = read_arrays(path, ("seeds", "scores", "labels"))
    found, scores, labels = arrays.values()
    ranks = (found.ndim, labels.ndim)
    require(path, ranks == (1, 1), "`seeds` and `labels` must be lists", f"{ranks} axes")
    expected = (len(found), len(labels), 10)
    require(path, scores.shape == expected, f"`scores` must have shape {expected}", scores.shape)
    require(
        path, len(found) > 0 and len(labels) > 1, "there must be networks and images", expected
    )
    require(path, bool(np.isin(labels, range(10)).all()), "`labels` must be 0 ... 9", labels)
    require_seeds(path, found, seeds)
    strange = [
        seed for seed, each in zip(seeds, scores, strict=True) if not np.isfinite(each).all()
    ]
    unexpected = [seed for seed in strange if seed not in failed]
    require(path, not unexpected, "`scores` must be numbers", f"others for the seeds {unexpected}")
    return Predictions(seeds=tuple(seeds), scores=scores, labels=labels.astype(np.int64))


def require_mnist(folder: Path, variant: str, predictions: Predictions) -> None:
    """Refuse labels that are not those of MNIST's test images.

    Raises:
        UserError: Naming the file.
    """
    found = hashlib.sha256(pack_idx(predictions.labels.astype(np.uint8))).hexdigest()
    expected = SHA256["t10k-labels-idx1-ubyte"]
    rule = f"its labels must be MNIST's, SHA-256 {expected}"
    require(predictions_file(folder, variant), found == expected, rule, found)


def predictions_file(folder: Path, variant: str, kind: str = "") -> Path:
    """Of one kind; without any, that of the scores."""
    return folder / f"{'-'.join(filter(None, (variant, kind)))}.npz"


def require_seeds(path: Path, found: npt.NDArray[Any], seeds: Sequence[int]) -> None:
    """Refuse a file whose networks are not those of the study.

    Raises:
        UserError: Naming the file.
    """
    expected = list(seeds)
    require(path, found.tolist() == expected, f"its seeds must be {expected}", found.tolist())


def require_shape(
    path: Path, name: str, found: npt.NDArray[Any], shape: tuple[int | None, ...]
) -> None:
    """Refuse an array of another shape; None stands for any size.

    Raises:
        UserError: Naming the file and the array.
    """
    fits = len(found.shape) == len(shape) and all(
        size in (None, length) for size, length in zip(shape, found.shape, strict=True)
    )
    expected = tuple("any" if size is None else size for size in shape)
    require(path, fits, f"`{name}` must have shape {expected}", found.shape)


def require_answers(
    path: Path, name: str, found: npt.NDArray[Any], shape: tuple[int, ...]
) -> None:
    """Refuse an array that holds anything but classes and `NO_ANSWER`, or has another shape.

    Raises:
        UserError: Naming the file and the array.
    """
    require_shape(path, name, found, shape)
    require(path, found.dtype == np.uint8, f"`{name}` must be uint8", found.dtype)
    strange = found[(found > 9) & (found != NO_ANSWER)]
    require(path, not strange.size, f"`{name}` must be 0 ... 9 or {NO_ANSWER}", strange[:3])


def require_names(path: Path, name: str, found: npt.NDArray[Any]) -> tuple[str, ...]:
    """The names in an array, which must differ.

    Raises:
        UserError: Naming the file and the array.
    """
    texts = found.ndim == 1 and found.dtype.kind == "U"
    require(path, texts, f"`{name}` must be a list of names", f"{found.dtype} {found.shape}")
    require(path, len(set(found)) == len(found), f"`{name}` must differ", found.tolist())
    return tuple(found.tolist())
