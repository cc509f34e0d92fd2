"""`var/validation.json`: validation errors of hyperparameters that somebody tried by hand."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean

from filelock import FileLock

from pipeline.execution.files import write_atomic
from pipeline.execution.task import Result
from pipeline.outputs.files import checked
from pipeline.training.hyperparameters import Hyperparameters
from pipeline.training.task import TrainingTask

VALIDATION = Path("var/validation.json")


@dataclass(frozen=True, kw_only=True)
class ValidationError:
    """Fractions of the held-out validation images."""

    mean: float
    per_seed: dict[int, float]


@dataclass(frozen=True, kw_only=True)
class Tried:
    """The settings that were tried, and their validation error."""

    variant: str
    network: dict[str, object]
    """A variant's name may come to mean another configuration."""
    hyperparameters: Hyperparameters
    epochs: int
    batch_size: int
    validation_error: ValidationError

    @property
    def settings(self) -> dict[str, object]:
        """All that was tried."""
        return {name: value for name, value in vars(self).items() if name != "validation_error"}


def write_validation(
    variant: str, tasks: Sequence[TrainingTask], results: Sequence[Result]
) -> float:
    """Add or renew the entry of these settings; the mean validation error, a fraction.

    `tasks` differ in their seeds alone. The error of a training is that of its last epoch, and 1
    where the training failed.
    """
    errors = [_error(result) for result in results]
    per_seed = {task.seed: error for task, error in zip(tasks, errors, strict=True)}
    entry = Tried(
        variant=variant,
        network=tasks[0].network.to_dict(),
        hyperparameters=tasks[0].hyperparameters,
        epochs=tasks[0].epochs,
        batch_size=tasks[0].batch_size,
        validation_error=ValidationError(mean=mean(errors), per_seed=per_seed),
    )
    VALIDATION.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{VALIDATION}.lock", timeout=30):  # several settings may be tried at once
        others = [other for other in read_validation() if other.settings != entry.settings]
        text = json.dumps([asdict(each) for each in (*others, entry)], indent=1)
        write_atomic(VALIDATION, f"{text}\n".encode())
    return mean(errors)


def read_validation() -> list[Tried]:
    """All entries, the latest last.

    Raises:
        UserError: If an entry is not as it was written.
    """
    if not VALIDATION.exists():
        return []
    content = json.loads(VALIDATION.read_text(encoding="utf8"))
    return checked(VALIDATION, list[Tried], content)


def _error(result: Result) -> float:
    return 1.0 if result.record["failure"] else result.record["history"][-1]["validation_error"]
