"""What the tracker logs of a training: its settings and its outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Images as MLflow lists them: by name and digest, not by content."""

    name: str
    digest: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Training:
    """One training, known before it begins; `run_key` is what it is found by."""

    name: str
    run_key: str
    variant: str
    seed: int
    stage: str
    network: Mapping[str, object]
    """Its configuration and sizes, which all trainings of a variant have in common."""
    settings: Mapping[str, object]
    tags: Mapping[str, str]
    dataset: Dataset


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The outcome of a training; all times are the worker's, in unix seconds.

    A row of `history` holds its `epoch` (from 1) and metrics; `failure` says why it has no result.
    """

    history: Sequence[Row]
    epoch_ends: Sequence[float]
    started: float
    ended: float
    failure: str | None

    @property
    def status(self) -> str:
        return "FINISHED" if self.failure is None else "FAILED"


def outcome_of(history: Sequence[Row], timing: Mapping[str, Any], failure: str | None) -> Outcome:
    """From a result's record, or from the same in the outputs; `timing` is the worker's."""
    return Outcome(
        history=history,
        epoch_ends=[end for _, end in timing["epochs"]],
        started=timing["started"],
        ended=timing["ended"],
        failure=failure,
    )


def rounded(aggregate: float) -> float:
    """MLflow shows every digit there is; six are a hundredth of an image of ten thousand."""
    return round(aggregate, 6)
