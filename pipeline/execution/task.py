"""Tasks: something to compute, named by everything that its result depends on."""

import hashlib
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, TypeVar

import numpy as np

from pipeline.execution.provenance import Environment, code_digest

WORKER = "pipeline.execution.worker"  # runs every task, in the worker's process


@dataclass(frozen=True, kw_only=True)
class Result:
    """The result of a task."""

    arrays: dict[str, np.ndarray]
    record: dict[str, Any]
    """Plain values. `failure`: None, or why there is nothing to use; `timing`: `started` and
    `ended` in Unix seconds, and `epochs`, a pair of the same for each step that was reported."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a worker offers to the task that it runs."""

    shared: Any
    """What every worker gets once, before its first task."""
    device: Any
    """A `torch.device`."""
    report: Callable[[int, Mapping[str, float]], None]
    """Previews a step: the task's index in its stack, and a row of numbers."""


@dataclass(frozen=True, kw_only=True)
class Task(ABC):
    """Subclasses are dataclasses: each field counts for the key, and so does all their code.

    A field is plain values, arrays, dataclasses, or sequences and mappings of those.
    """

    environment: Environment

    unit: ClassVar[str] = "tasks"
    """What `steps` counts, for people."""

    @property
    def steps(self) -> int:
        """How many steps it reports; one that reports none is a step itself."""
        return 1

    @property
    def code(self) -> str:
        """Digest of all code that a worker runs for it."""
        return code_digest(type(self).__module__, WORKER)

    @cached_property
    def key(self) -> str:
        """64 hex digits. Once asked for, it travels with the task: a worker need not find it.

        Raises:
            TypeError: If a field is nothing that has a content.
        """
        text = json.dumps({"code": self.code, "task": _content(self)}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @abstractmethod
    def run(self, context: Context) -> Result:
        """Compute it, in a worker."""

    @classmethod
    def run_group(cls, tasks: Sequence[Any], context: Context) -> list[Result]:
        """Compute a stack of tasks as one. Only kinds that can be stacked override it."""
        (task,) = tasks
        return [task.run(context)]


def result_since(started: float, arrays: dict[str, np.ndarray], **record: object) -> Result:
    """The result of a task that began at this Unix time, reports no step and ends now."""
    timing = {"started": started, "ended": time.time(), "epochs": []}
    return Result(arrays=arrays, record={**record, "failure": None, "timing": timing})


AnyTask = TypeVar("AnyTask", bound=Task)


def stacked(tasks: Sequence[AnyTask], size: int) -> list[AnyTask]:
    """The tasks, `size` after `size` computed as one; what is left over is a smaller stack.

    The size is part of the key: results alone and stacked differ in the last bits.
    """
    full = len(tasks) // size * size
    sizes = [size if index < full else len(tasks) - full for index in range(len(tasks))]
    return [
        replace(task, environment=replace(task.environment, stack_size=stack_size))
        for task, stack_size in zip(tasks, sizes, strict=True)
    ]


def stacks(tasks: Sequence[Task]) -> list[range]:
    """The indices of the tasks of each stack."""
    found: list[range] = []
    start = 0
    while start < len(tasks):
        found.append(range(start, start + tasks[start].environment.stack_size))
        start = found[-1].stop
    return found


def _content(value: Any) -> Any:
    """As JSON in which different values differ."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.ndarray):
        digest = hashlib.sha256(value.tobytes()).hexdigest()
        return {"array": [value.dtype.str, list(value.shape), digest]}
    if is_dataclass(value) and not isinstance(value, type):
        kind = f"{type(value).__module__}.{type(value).__qualname__}"
        return {kind: {each.name: _content(getattr(value, each.name)) for each in fields(value)}}
    if isinstance(value, Mapping):
        return {"mapping": [[_content(key), _content(value[key])] for key in sorted(value)]}
    if isinstance(value, Sequence):
        return [_content(each) for each in value]
    raise TypeError(f"a task's fields must have a content, but got {type(value).__name__}.")
