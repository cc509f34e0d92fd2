"""Learning curves: what the seeds of a variant have in common, epoch by epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from pipeline.outputs.trainings import Epoch

Points = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Curves:
    """By variant, from `summarise`: of the final trainings, and of what tuning chose."""

    training: Mapping[str, Points]
    validation: Mapping[str, Points]


def frame(history: Sequence[Epoch]) -> pd.DataFrame:
    """Rows of a learning curve as a table."""
    return pd.DataFrame([asdict(row) for row in history])


def summarise(history: pd.DataFrame, error: str = "train_error") -> list[dict[str, Any]]:
    """One row an epoch: `epoch`, and `mean`, `low`, `high` of an error over `n` seeds.

    Errors are fractions; that on the training images is measured during the epoch. Seeds whose
    error is not a number are left out of their row, and `n` says so; an epoch without any has no
    row.
    """
    by_epoch = history.dropna(subset=[error]).groupby("epoch")[error]
    table = by_epoch.agg(mean="mean", low="min", high="max", n="count").reset_index()
    return [
        {
            "epoch": int(row["epoch"]),
            "mean": float(row["mean"]),
            "low": float(row["low"]),
            "high": float(row["high"]),
            "n": int(row["n"]),
        }
        for row in table.to_dict("records")
    ]


def final_train_error(history: pd.DataFrame) -> float | None:
    """The mean over seeds of the last epoch's training error; None if one is not a number."""
    last = history.loc[history["epoch"] == history["epoch"].max(), "train_error"]
    return None if last.isna().any() else float(last.mean())
