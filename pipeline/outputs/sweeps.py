"""`sweeps/<variant>/`: the trials, learning curves and trainings of a sweep, and its choice."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pipeline.outputs.best import BEST, Best, read_best
from pipeline.outputs.files import (
    checked,
    read_record,
    read_table,
    require,
    write_json,
    write_table,
)
from pipeline.outputs.trainings import Common, Epoch, Training, columns
from pipeline.training.hyperparameters import Hyperparameters

TRIALS, HISTORY, TRAININGS = "trials.csv", "history.csv", "trainings.json"
TRIAL_COLUMNS = (
    *("trial", "run_key", *columns(Hyperparameters), "seed", "epochs"),
    *("value", "best", "state", "reason"),
)
HISTORY_COLUMNS = (
    *("phase", "trial", "run_key", "seed", "epoch"),
    *("train_loss", "train_error", "validation_error", "learning_rate"),
)
Phase = Literal["trials", "finalists", "audit"]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A row of `trials.csv`; there the hyperparameters are a column each."""

    trial: int
    run_key: str
    hyperparameters: Hyperparameters
    seed: int
    epochs: int
    value: float | None
    """The validation error, a fraction; None where the training failed."""
    best: float | None
    """The lowest value so far."""
    state: Literal["complete", "failed"]
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class SweepEpoch(Epoch):
    """A row of `history.csv`."""

    phase: Phase
    trial: int
    run_key: str
    seed: int


@dataclass(frozen=True, kw_only=True)
class SweepTraining(Training):
    """A training of one of the phases."""

    phase: Phase
    trial: int


@dataclass(frozen=True, kw_only=True)
class SweepTrainings(Common):
    """`trainings.json`: every training of a sweep, phase by phase."""

    trainings: list[SweepTraining]


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """How one variant was tuned."""

    best: Best
    trials: Sequence[Trial]


def write_sweep(
    folder: Path, tuning: Tuning, history: Iterable[SweepEpoch], trainings: SweepTrainings
) -> None:
    """All files of a variant's sweep."""
    write_json(folder / BEST, asdict(tuning.best))
    write_table(folder / TRIALS, TRIAL_COLUMNS, map(_flat, tuning.trials))
    write_table(folder / HISTORY, HISTORY_COLUMNS, map(asdict, history))
    write_json(folder / TRAININGS, asdict(trainings))


def read_tuning(folder: Path) -> Tuning:
    """What a sweep chose, and its trials, checked against each other.

    Raises:
        UserError: Naming the file that is missing or not as it was written; or if they are not of
            one sweep, or an error is not a share.
    """
    best, path = read_best(folder), folder / TRIALS
    trials = checked(path, list[Trial], [_nested(row) for row in read_table(path)])
    found, number = [each.trial for each in trials], best.budget.trials
    require(path, found == list(range(number)), f"it must have {number} trials", found)
    known = [each.value for each in trials if each.value is not None]
    require(path, all(0 <= each <= 1 for each in known), "`value` must be a share", known)
    return Tuning(best=best, trials=trials)


def read_sweep_history(folder: Path) -> list[SweepEpoch]:
    """The learning curves of a sweep: a row a training and epoch.

    Raises:
        UserError: Naming the file, if it is missing or not as it was written.
    """
    path = folder / HISTORY
    return checked(path, list[SweepEpoch], read_table(path))


def read_finalists(folder: Path, *, trial: int) -> list[SweepEpoch]:
    """Those of one trial at full length.

    Raises:
        UserError: As `read_sweep_history`, and if the trial is no finalist.
    """
    history = read_sweep_history(folder)
    chosen = [row for row in history if (row.phase, row.trial) == ("finalists", trial)]
    rule = f"trial {trial} must be a finalist"
    require(folder / HISTORY, bool(chosen), rule, "no row of it")
    return chosen


def read_sweep_trainings(folder: Path) -> SweepTrainings:
    """Every training of a sweep.

    Raises:
        UserError: Naming the file, if it is missing or not as it was written.
    """
    return read_record(folder / TRAININGS, SweepTrainings)


def _flat(trial: Trial) -> dict[str, object]:
    row = asdict(trial)
    return {**row.pop("hyperparameters"), **row}


def _nested(row: Mapping[str, object]) -> dict[str, object]:
    settings = {name: row[name] for name in columns(Hyperparameters) if name in row}
    return {**row, "hyperparameters": settings}
