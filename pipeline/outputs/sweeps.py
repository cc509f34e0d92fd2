"""`sweeps/<variant>/`: what tuning tried, what came of it, and what it chose."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

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

BEST, TRIALS, HISTORY, TRAININGS = "best.json", "trials.csv", "history.csv", "trainings.json"
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
class Candidate:
    """A finalist: its trial, and that trained again over the finalists' seeds."""

    trial: int
    hyperparameters: Hyperparameters
    trial_error: float | None
    validation_error: float | None
    """The mean over seeds; None where one of them failed."""
    per_seed: dict[int, float | None]
    failures: dict[int, str]
    run_keys: dict[int, str]


@dataclass(frozen=True, kw_only=True)
class RunnerUp:
    """The second-best finalist; `distance` is what its error is above the winner's."""

    trial: int
    validation_error: float
    distance: float


@dataclass(frozen=True, kw_only=True)
class Audit:
    """Whether twice the epochs help the winner: both of `epochs` and of `validation_errors`."""

    seeds: list[int]
    epochs: list[int]
    validation_errors: list[float | None]
    improvement: float | None
    still_improving: bool | None


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A dimension in which the winner lies in the outer 5 % of the range."""

    dimension: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a sweep took."""

    trials: int
    failed: int
    trainings: int
    epochs: int


@dataclass(frozen=True, kw_only=True)
class Best:
    """`best.json`: what a sweep chose, from what, how surely, and what it took."""

    variant: str
    trial: int
    hyperparameters: Hyperparameters
    tuned: list[str]
    """Names of the hyperparameters that were searched."""
    validation_error: float | None
    runner_up: RunnerUp | None
    candidates: list[Candidate]
    """The winner first."""
    audit: Audit | None
    edges: list[Edge]
    importance: dict[str, float] | None
    budget: Budget


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


def read_best(folder: Path) -> Best:
    """What a sweep chose.

    Raises:
        UserError: Naming the file, if it is missing or not as it was written.
    """
    best = read_record(path := folder / BEST, Best)
    first = [each.trial for each in best.candidates[:1]]
    require(path, first == [best.trial], "its first candidate must be the winner", first)
    return best


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
