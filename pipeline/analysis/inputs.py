"""What the earlier stages left for the analysis, read and checked file by file."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.errors import UserError

SPEC_KEYS = (
    *("network", "hyperparameters", "epochs", "batch_size", "training_images"),
    *("data", "code", "environment", "cells", "failures"),
)
HISTORY_COLUMNS = ("cell", "seed", "epoch", "train_loss", "train_error", "learning_rate")


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """What the networks of one variant say of the test images.

    Attributes:
        seeds: Those of the study, in its order; fewer if a network is missing.
        scores: (S, N, 10), larger is more likely; NaN where a network diverged.
        labels: (N,).
    """

    seeds: tuple[int, ...]
    scores: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]


def read_predictions(path: Path, *, seeds: Sequence[int]) -> Predictions:
    """One variant's scores, checked against the seeds of the study.

    Raises:
        UserError: Naming `path`, if it is missing, unreadable or misshapen, if its labels are no
            digits, or if its seeds are not the study's.
    """
    arrays = _read_arrays(path)
    found, scores, labels = (arrays[name] for name in ("seeds", "scores", "labels"))
    ranks = (found.ndim, labels.ndim)
    _require(path, ranks == (1, 1), "`seeds` and `labels` must be lists", f"{ranks} axes")
    expected = (len(found), len(labels), 10)
    _require(path, scores.shape == expected, f"`scores` must have shape {expected}", scores.shape)
    _require(
        path, len(found) > 0 and len(labels) > 1, "there must be networks and images", expected
    )
    _require(path, bool(np.isin(labels, range(10)).all()), "`labels` must be 0 ... 9", labels)
    present = [seed for seed in seeds if seed in found]
    _require(path, found.tolist() == present, f"its seeds must be {list(seeds)}", found.tolist())
    return Predictions(seeds=tuple(present), scores=scores, labels=labels.astype(np.int64))


def read_spec(path: Path) -> dict[str, Any]:
    """One variant's `spec.json`: what was trained, on what, and the cells it became.

    Raises:
        UserError: Naming `path`, if it is missing, not JSON, or lacks a key.
    """
    spec = read_json(path)
    missing = [key for key in SPEC_KEYS if key not in spec]
    _require(path, not missing, f"it must have the keys {SPEC_KEYS}", f"no {missing}")
    return spec


def read_history(path: Path, *, seeds: Sequence[int]) -> pd.DataFrame:
    """One variant's training curves: a row a seed and epoch, in that order.

    Raises:
        UserError: Naming `path`, if it is missing, lacks a column, or has no row or foreign seeds.
    """
    try:
        history = pd.read_csv(path)
    except (OSError, ValueError) as problem:
        raise UserError(f"`{path}` must be a readable table, but got: {problem}.") from problem
    missing = [name for name in HISTORY_COLUMNS if name not in history.columns]
    _require(path, not missing, f"it must have the columns {HISTORY_COLUMNS}", f"no {missing}")
    found = sorted(set(history["seed"]))
    _require(path, bool(found), "it must have rows", "none")
    _require(path, set(found) <= set(seeds), f"its seeds must be {list(seeds)}", found)
    return history.sort_values(["seed", "epoch"], kind="stable", ignore_index=True)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        UserError: Naming `path`, if it is missing or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf8"))
    except (OSError, ValueError) as problem:
        raise UserError(f"`{path}` must be readable JSON, but got: {problem}.") from problem
    _require(path, isinstance(content, dict), "it must be a JSON object", content)
    return content


def _read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    try:
        with path.open("rb") as file, np.load(file) as archive:
            return {name: archive[name] for name in ("seeds", "scores", "labels")}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as problem:
        raise UserError(
            f"`{path}` must hold `seeds`, `scores` and `labels`, but got: {problem}."
        ) from problem


def _require(path: Path, holds: bool, rule: str, found: object) -> None:
    if not holds:
        raise UserError(f"`{path}`: {rule}, but got {found}.")
