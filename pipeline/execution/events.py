"""Events: a task starts, ends a step, has a result."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.execution.task import Result


@dataclass(frozen=True, kw_only=True)
class Started:
    """From a worker that takes up a task."""

    key: str
    at: float
    """When, in Unix seconds; the record of the task has the same value."""


@dataclass(frozen=True, kw_only=True)
class Progressed:
    """A preview from a worker: one row of numbers for each step of a task."""

    key: str
    step: int
    """From 1; from 1 again where a worker died and another starts over."""
    row: Mapping[str, float]
    at: float
    """When the step ended, in Unix seconds; the record of the task has the same value."""


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A task's result has come, from a worker or from the cache."""

    index: int
    result: Result
    cached: bool


Event = Started | Progressed | Finished
Observer = Callable[[Event], None]
