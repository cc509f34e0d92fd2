"""What the earlier stages left for the analysis, read and checked file by file."""

import json
from collections.abc import Iterable, Mapping, Sequence
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
BEST_KEYS = (
    *("trial", "hyperparameters", "tuned", "runner_up", "candidates"),
    *("audit", "edges", "importance", "budget"),
)
TRIAL_COLUMNS = ("trial", "cell", "seed", "epochs", "value", "best", "reason")


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


@dataclass(frozen=True, kw_only=True, eq=False)
class Sweep:
    """How one variant was tuned.

    Attributes:
        best: Its `best.json`; the first of the candidates is the winner.
        trials: The rows of its `trials.csv`; None where a cell is empty.
    """

    best: Mapping[str, Any]
    trials: Sequence[Mapping[str, Any]]


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
    _require_all(path, "keys", SPEC_KEYS, spec)
    return spec


def read_history(path: Path, *, seeds: Sequence[int]) -> pd.DataFrame:
    """One variant's training curves: a row a seed and epoch, in that order.

    Raises:
        UserError: Naming `path`, if it is missing, lacks a column, or has no row or foreign seeds.
    """
    history = _read_table(path, HISTORY_COLUMNS)
    found = sorted(set(history["seed"]))
    _require(path, bool(found), "it must have rows", "none")
    _require(path, set(found) <= set(seeds), f"its seeds must be {list(seeds)}", found)
    return history.sort_values(["seed", "epoch"], kind="stable", ignore_index=True)


def read_sweep(folder: Path) -> Sweep:
    """One variant's `best.json` and `trials.csv`, checked against each other.

    Raises:
        UserError: Naming the file that is missing, unreadable or lacks a key or column; or if
            they are not of one sweep, or an error is not a share.
    """
    best = read_json(path := folder / "best.json")
    _require_all(path, "keys", BEST_KEYS, best)
    first = [each["trial"] for each in best["candidates"][:1]]
    _require(path, first == [best["trial"]], "its first candidate must be the winner", first)
    table = _read_table(path := folder / "trials.csv", (*TRIAL_COLUMNS, *best["hyperparameters"]))
    trials, number = table["trial"].tolist(), best["budget"]["trials"]
    _require(path, trials == list(range(number)), f"it must have {number} trials", trials)
    known = table["value"].dropna()
    _require(path, bool(known.between(0, 1).all()), "`value` must be a share", known.tolist())
    cells = table.astype(object).where(table.notna(), None)
    return Sweep(best=best, trials=cells.to_dict("records"))


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object, in which every number is one.

    Raises:
        UserError: Naming `path`, if it is missing or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf8"), parse_constant=_no_number)
    except (OSError, ValueError) as problem:
        raise UserError(f"`{path}` must be readable JSON, but got: {problem}.") from problem
    _require(path, isinstance(content, dict), "it must be a JSON object", content)
    return content


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype={"value": float})
    except (OSError, ValueError) as problem:
        raise UserError(f"`{path}` must be a readable table, but got: {problem}.") from problem
    _require_all(path, "columns", columns, table.columns)
    return table


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


def _require_all(path: Path, kind: str, names: Sequence[str], found: Iterable[str]) -> None:
    missing = [name for name in names if name not in set(found)]
    _require(path, not missing, f"it must have the {kind} {names}", f"no {missing}")
