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

from pipeline.execution.errors import UserError

SPEC_KEYS = (
    *("network", "hyperparameters", "epochs", "batch_size", "training_images"),
    *("data", "code", "environment", "cells", "failures"),
)
HISTORY_COLUMNS = ("cell", "seed", "epoch", "train_loss", "train_error", "learning_rate")
BEST_KEYS = (
    *("trial", "hyperparameters", "tuned", "runner_up", "candidates"),
    *("audit", "edges", "importance", "budget"),
)
FINALIST_COLUMNS = ("phase", "trial", "seed", "epoch", "validation_error")
TRIAL_COLUMNS = ("trial", "cell", "seed", "epochs", "value", "best", "reason")


@dataclass(frozen=True, kw_only=True, eq=False)
class Sweep:
    """How one variant was tuned.

    Attributes:
        best: Its `best.json`; the first of the candidates is the winner.
        trials: The rows of its `trials.csv`; None where a cell is empty.
    """

    best: Mapping[str, Any]
    trials: Sequence[Mapping[str, Any]]


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
    require(path, bool(found), "it must have rows", "none")
    require(path, set(found) <= set(seeds), f"its seeds must be {list(seeds)}", found)
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
    require(path, first == [best["trial"]], "its first candidate must be the winner", first)
    table = _read_table(path := folder / "trials.csv", (*TRIAL_COLUMNS, *best["hyperparameters"]))
    trials, number = table["trial"].tolist(), best["budget"]["trials"]
    require(path, trials == list(range(number)), f"it must have {number} trials", trials)
    known = table["value"].dropna()
    require(path, bool(known.between(0, 1).all()), "`value` must be a share", known.tolist())
    cells = table.astype(object).where(table.notna(), None)
    return Sweep(best=best, trials=cells.to_dict("records"))


def read_finalists(path: Path, *, trial: int) -> pd.DataFrame:
    """Of a sweep's `history.csv` the full trainings of one trial: a row a seed and epoch.

    Raises:
        UserError: Naming `path`, if it is missing, lacks a column, or has no such row.
    """
    history = _read_table(path, FINALIST_COLUMNS)
    chosen = history.loc[(history["phase"] == "finalists") & (history["trial"] == trial)]
    require(path, len(chosen) > 0, f"trial {trial} must be a finalist", "no row of it")
    return chosen


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object, in which every number is one.

    Raises:
        UserError: Naming `path`, if it is missing or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf8"), parse_constant=_no_number)
    except (OSError, ValueError) as problem:
        raise UserError(f"`{path}` must be readable JSON, but got: {problem}.") from problem
    require(path, isinstance(content, dict), "it must be a JSON object", content)
    return content


def read_arrays(path: Path, names: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """Of one `.npz` file.

    Raises:
        UserError: Naming `path`, if it is missing, unreadable or lacks one.
    """
    try:
        with path.open("rb") as file, np.load(file) as archive:
            return {name: archive[name] for name in names}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as problem:
        told = ", ".join(f"`{name}`" for name in names)
        raise UserError(f"`{path}` must hold {told}, but got: {problem}.") from problem


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype={"value": float})
    except (OSError, ValueError) as problem:
        raise UserError(f"`{path}` must be a readable table, but got: {problem}.") from problem
    _require_all(path, "columns", columns, table.columns)
    return table


def require(path: Path, holds: bool, rule: str, found: object) -> None:
    """Refuse a file in which `rule` does not hold.

    Raises:
        UserError: Naming the file, the rule and what was found.
    """
    if not holds:
        raise UserError(f"`{path}`: {rule}, but got {found}.")


def _require_all(path: Path, kind: str, names: Sequence[str], found: Iterable[str]) -> None:
    missing = [name for name in names if name not in set(found)]
    require(path, not missing, f"it must have the {kind} {names}", f"no {missing}")
