"""What the networks of a variant answered, read and checked file by file."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.analysis.errors import Answers
from pipeline.analysis.inputs import read_arrays, require
from pipeline.data.mnist import pack_idx
from pipeline.data.sources import SHA256
from pipeline.evaluation.misclassified import NO_ANSWER


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """What the networks of one variant say of the test images.

    Attributes:
        seeds: Those of the study, in its order.
        scores: (S, N, 10), larger is more likely; NaN where a network diverged.
        labels: (N,).
    """

    seeds: tuple[int, ...]
    scores: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class CorruptedPredictions:
    """What they answer on corrupted images: (D, S, N), by the names of the D sets."""

    sets: tuple[str, ...]
    answers: Answers


@dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """What networks trained on fewer images answer: (K, S, N), by the K numbers of images."""

    sizes: tuple[int, ...]
    answers: Answers


@dataclass(frozen=True, kw_only=True, eq=False)
class Probes:
    """What linear classifiers read off their stages.

    Attributes:
        stages: L names of layers, from the image on.
        trained, untrained: (L, S, N), off the networks as they are and as they began.
        input: (N,), off the image itself.
        layers: M names of layers of maps; none of a network without locality.
        shift_errors: (M, S), see `evaluation.probing`; NaN where a network diverged.
    """

    stages: tuple[str, ...]
    trained: Answers
    untrained: Answers
    input: Answers
    layers: tuple[str, ...]
    shift_errors: npt.NDArray[np.float64]


def read_predictions(
    path: Path, *, seeds: Sequence[int], failed: Collection[str] = ()
) -> Predictions:
    """One variant's scores, checked against the seeds of the study, of which some may have failed.

    Raises:
        UserError: Naming `path`, if it is missing, unreadable or misshapen, if its labels are no
            digits, if its seeds are not the study's, or if scores are not numbers though the
            training of their seed did not fail.
    """
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
    require(
        path, found.tolist() == list(seeds), f"its seeds must be {list(seeds)}", found.tolist()
    )
    strange = [
        seed for seed, each in zip(seeds, scores, strict=True) if not np.isfinite(each).all()
    ]
    unexpected = [seed for seed in strange if str(seed) not in failed]
    require(path, not unexpected, "`scores` must be numbers", f"others for the seeds {unexpected}")
    return Predictions(seeds=tuple(seeds), scores=scores, labels=labels.astype(np.int64))


def require_mnist(path: Path, predictions: Predictions) -> None:
    """Refuse labels that are not those of MNIST's test images.

    Raises:
        UserError: Naming `path`.
    """
    found = hashlib.sha256(pack_idx(predictions.labels.astype(np.uint8))).hexdigest()
    expected = SHA256["t10k-labels-idx1-ubyte"]
    require(path, found == expected, f"its labels must be MNIST's, SHA-256 {expected}", found)


def read_corrupted(path: Path, predictions: Predictions) -> CorruptedPredictions:
    """One variant's answers on corrupted images, checked against those on the images.

    Raises:
        UserError: Naming `path`, if it is missing, unreadable or misshapen, of other seeds, or if
            an answer is neither a digit nor 255.
    """
    arrays = read_arrays(path, ("seeds", "sets", "predictions"))
    _require_seeds(path, arrays["seeds"], predictions)
    names = _names(path, "sets", arrays["sets"])
    expected = (len(names), *predictions.scores.shape[:2])
    _require_answers(path, "predictions", arrays["predictions"], expected)
    return CorruptedPredictions(sets=names, answers=arrays["predictions"])


def read_samples(path: Path, predictions: Predictions, *, sizes: Sequence[int]) -> Samples:
    """One variant's answers after fewer training images, checked against those after all.

    Raises:
        UserError: Naming `path`, if it is missing, unreadable or misshapen, of other seeds or
            sizes, or if an answer is neither a digit nor 255.
    """
    arrays = read_arrays(path, ("seeds", "sizes", "predictions"))
    _require_seeds(path, arrays["seeds"], predictions)
    found = arrays["sizes"].tolist()
    require(path, found == list(sizes), f"its sizes must be {list(sizes)}", found)
    expected = (len(sizes), *predictions.scores.shape[:2])
    _require_answers(path, "predictions", arrays["predictions"], expected)
    return Samples(sizes=tuple(sizes), answers=arrays["predictions"])


def read_probes(path: Path, predictions: Predictions) -> Probes:
    """What one variant's probes answer, checked against its scores.

    Raises:
        UserError: Naming `path`, if it is missing, unreadable or misshapen, of other seeds, or if
            an answer is neither a digit nor 255.
    """
    arrays = read_arrays(
        path, ("seeds", "stages", "layers", "trained", "untrained", "input", "shift_errors")
    )
    _require_seeds(path, arrays["seeds"], predictions)
    stages, layers = (_names(path, name, arrays[name]) for name in ("stages", "layers"))
    num_seeds, num_images, _ = predictions.scores.shape
    for name in ("trained", "untrained"):
        _require_answers(path, name, arrays[name], (len(stages), num_seeds, num_images))
    _require_answers(path, "input", arrays["input"], (num_images,))
    shifts, expected = arrays["shift_errors"], (len(layers), num_seeds)
    require(
        path, shifts.shape == expected, f"`shift_errors` must have shape {expected}", shifts.shape
    )
    return Probes(
        stages=stages,
        layers=layers,
        **{name: arrays[name] for name in ("trained", "untrained", "input", "shift_errors")},
    )


def _names(path: Path, name: str, found: npt.NDArray[Any]) -> tuple[str, ...]:
    texts = found.ndim == 1 and found.dtype.kind == "U"
    require(path, texts, f"`{name}` must be a list of names", f"{found.dtype} {found.shape}")
    require(path, len(set(found)) == len(found), f"`{name}` must differ", found.tolist())
    return tuple(found.tolist())


def _require_seeds(path: Path, found: npt.NDArray[Any], predictions: Predictions) -> None:
    seeds = list(predictions.seeds)
    require(path, found.tolist() == seeds, f"its seeds must be {seeds}", found.tolist())


def _require_answers(
    path: Path, name: str, found: npt.NDArray[Any], shape: tuple[int, ...]
) -> None:
    require(path, found.shape == shape, f"`{name}` must have shape {shape}", found.shape)
    require(path, found.dtype == np.uint8, f"`{name}` must be uint8", found.dtype)
    strange = found[(found > 9) & (found != NO_ANSWER)]
    require(path, not strange.size, f"`{name}` must be 0 ... 9 or 255", strange[:3])
