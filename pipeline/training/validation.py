"""What trainings came to on the images held back: `var/validation.json`."""

import json
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from typing import Any

from filelock import FileLock

from pipeline.data.cache import place
from pipeline.training.cells import Result, TrainingCell

VALIDATION = Path("var/validation.json")


def write_validation(variant: str, cells: list[TrainingCell], results: list[Result]) -> float:
    """Add or renew the entry of these settings; the mean validation error, a fraction.

    `cells` differ in their seeds alone. The error of a training is that of its last epoch, and 1
    where the training failed.
    """
    settings = {
        "variant": variant,
        "network": cells[0].network.words(),  # a variant's name may come to mean other words
        "hyperparameters": asdict(cells[0].hyperparameters),
        "epochs": cells[0].epochs,
        "batch_size": cells[0].batch_size,
    }
    errors = [_error(result) for result in results]
    entry = {
        **settings,
        "validation_error": {
            "mean": mean(errors),
            "per_seed": {str(cell.seed): e for cell, e in zip(cells, errors, strict=True)},
        },
    }
    VALIDATION.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{VALIDATION}.lock", timeout=30):  # several settings may be tried at once
        others = [other for other in read_validation() if not settings.items() <= other.items()]
        place(VALIDATION, f"{json.dumps([*others, entry], indent=1)}\n".encode())
    return mean(errors)


def read_validation() -> list[dict[str, Any]]:
    """All entries, the latest last."""
    return json.loads(VALIDATION.read_text(encoding="utf8")) if VALIDATION.exists() else []


def _error(result: Result) -> float:
    return 1.0 if result.record["failure"] else result.record["history"][-1]["validation_error"]
