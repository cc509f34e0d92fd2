"""Training curves: what the seeds of a variant have in common, epoch by epoch."""

from typing import Any

import pandas as pd


def summarise(history: pd.DataFrame) -> list[dict[str, Any]]:
    """One row an epoch: `epoch`, and `mean`, `low`, `high` of the training error over `n` seeds.

    Training errors are fractions, measured during the epoch. Seeds whose error is not a number are
    left out of their row, and `n` says so; an epoch without any has no row.
    """
    by_epoch = history.dropna(subset=["train_error"]).groupby("epoch")["train_error"]
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
