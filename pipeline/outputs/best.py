"""`sweeps/<variant>/best.json`: the hyperparameters that a sweep chose, and the evidence."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.outputs.files import read_record, require
from pipeline.training.hyperparameters import Hyperparameters

BEST = "best.json"


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


def read_best(folder: Path) -> Best:
    """What a sweep chose.

    Raises:
        UserError: Naming the file, if it is missing or not as it was written.
    """
    best = read_record(path := folder / BEST, Best)
    first = [each.trial for each in best.candidates[:1]]
    require(path, first == [best.trial], "its first candidate must be the winner", first)
    return best
