"""What trainings came to on the images held back: `var/validation.json`."""

import json
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from typing import Any

from filelock import FileLock

from pipeline.execution.files import write_atomic
from pipeline.execution.task import Result
from pipeline.training.task import TrainingTask

VALIDATION = Path("var/validation.json")


def write_validation(variant: str, tasks: list[TrainingTask], results: list[Result]) -> float:
    """Add or renew the entry of these settings; the mean validation error, a fraction.

    `tasks` differ in their seeds alone. The error of a training is that of its last epoch, and 1
    where the training failed.
    """
    settings = {
        "variant": variant,
        "network": tasks[0].network.words(),  # a variant's name may come to mean other words
        "hyperparameters": asdict(tasks[0].hyperparameters),
        "epochs": tasks[0].epochs,
        "batch_size": tasks[0].batch_size,
    }
    errors = [_error(result) for result in results]
    entry = {
        **settings,
        "validation_error": {
            "mean": mean(errors),
            "per_seed": {str(task.seed): e for task, e in zip(tasks, errors, strict=True)},
        },
    }
    VALIDATION.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{VALIDATION}.lock", timeout=30):  # several settings may be tried at once
        others = [other for other in read_validation() if not settings.items() <= other.items()]
        write_atomic(VALIDATION, f"{json.dumps([*others, entry], indent=1)}\n".encode())
    return mean(errors)


def read_validation() -> list[dict[str, Any]]:
    """All entries, the latest last."""
    return json.loads(VALIDATION.read_text(encoding="utf8")) if VALIDATION.exists() else []


def _error(result: Result) -> float:
    return 1.0 if result.record["failure"] else result.record["history"][-1]["validation_error"]
