"""The outs of a sweep: `sweeps/<variant>/` with its trials, curves, trainings and winner."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline.execution.files import write_atomic
from pipeline.search.summary import summary
from pipeline.search.sweep import Sweep
from pipeline.search.winner import BEST
from pipeline.training.hyperparameters import TUNED
from pipeline.training.models import write_trainings

TRIALS = (
    *("trial", "cell", *TUNED, "seed", "epochs"),
    *("value", "best", "state", "reason"),
)
HISTORY = (
    *("phase", "trial", "cell", "seed", "epoch"),
    *("train_loss", "train_error", "validation_error", "learning_rate"),
)


def write_sweep(
    folder: Path,
    variant: str,
    sweep: Sweep,
    *,
    dimensions: Sequence[str],
    importance: Mapping[str, float] | None,
) -> None:
    """`dimensions` are the names of what was searched; the other settings kept their defaults."""
    best = summary(variant, sweep, dimensions=dimensions, importance=importance)
    write_atomic(folder / BEST, f"{json.dumps(best, indent=2)}\n".encode())
    write_atomic(folder / "trials.csv", _table(TRIALS, trial_rows(sweep)))
    write_atomic(folder / "history.csv", _table(HISTORY, _history_rows(sweep)))
    trained = sweep.trainings()
    write_trainings(
        folder / "trainings.json",
        [each.cell for _, each in trained],
        [each.result for _, each in trained],
        [{"phase": phase, "trial": each.trial} for phase, each in trained],
    )


def trial_rows(sweep: Sweep) -> list[dict[str, Any]]:
    """One a trial; `best` is the lowest value so far, empty before there is one."""
    rows, best = [], None
    for each in sweep.trials:
        known = [error for error in (best, each.error) if error is not None]
        best = min(known, default=None)
        rows.append(
            {
                "trial": each.trial,
                "cell": each.cell.key,
                **asdict(each.cell.hyperparameters),
                "seed": each.cell.seed,
                "epochs": each.cell.epochs,
                "value": each.error,
                "best": best,
                "state": "failed" if each.failure else "complete",
                "reason": each.failure,
            }
        )
    return rows


def _history_rows(sweep: Sweep) -> list[dict[str, Any]]:
    return [
        {
            "phase": phase,
            "trial": each.trial,
            "cell": each.cell.key,
            "seed": each.cell.seed,
            **row,
        }
        for phase, each in sweep.trainings()
        for row in each.result.record["history"]
    ]


def _table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
