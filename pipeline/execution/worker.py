"""What runs in a worker's process: one stack of tasks after the other, each in its context."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pipeline.execution.errors import UserError
from pipeline.execution.identity import Identity, accepts, kind
from pipeline.execution.provenance import Environment, cpu_environment
from pipeline.execution.slots import VISIBLE, missing_gpu
from pipeline.execution.task import Context, Result, Task

TOPIC = "ablation"
INTRODUCTION = "ablation"  # its key among what Dask knows of a worker
CLOCKS_AGREE_S = 1.0  # Dask sees smaller differences where there are none


class Introduction:
    """The identity of a worker: sent when it registers, read by the worker itself later."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity

    def __call__(self, worker: Any) -> Mapping[str, Any]:  # noqa: ARG002
        return {**asdict(self.identity), "problem": missing_gpu()}


class Assignment:
    """A stack of tasks, which are run where the pickle of this is loaded.

    A scheduler loads what it passes on, and may lack this code; bytes it leaves alone.
    """

    def __init__(self, tasks: Sequence[Task], shared: str) -> None:
        self.arguments = (tasks, shared)

    def __reduce__(self) -> tuple[Any, ...]:
        return run_tasks, self.arguments


def run_tasks(tasks: Sequence[Task], shared: str) -> list[Result]:
    """Run a stack with what this worker was given by the name `shared`.

    Sends an event when each starts and for every step. Each record gets the name of the device.

    Raises:
        UserError: If a task is meant for another environment than this worker's, or if torch does
            not find the GPU that this worker was given.
    """
    import torch
    from distributed import get_worker

    worker: Any = get_worker()
    own = worker.startup_information[INTRODUCTION].identity.environment
    _require_own(tasks, own)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)  # a training sets it, and this may be no training
    device, device_name = _device()
    clock = Clock(worker.scheduler_delay)

    def notify(index: int, row: Mapping[str, float] | None) -> None:
        at, step = clock.tick(index)
        event = {"key": tasks[index].key, "step": step, "row": row, "at": at}
        worker.log_event(TOPIC, event)

    for index in range(len(tasks)):
        notify(index, None)
    context = Context(shared=getattr(worker, shared), device=device, report=notify)
    results = type(tasks[0]).run_group(tasks, context)
    for index, result in enumerate(results):
        result.record["device"] = device_name
        result.record["timing"] = clock.corrected(result.record["timing"], index)
    return results


class Clock:
    """The clock of the scheduler's machine, where this one's is wrong, and its readings.

    `delay` is how far the scheduler's is ahead, in seconds, as Dask last measured it.
    """

    def __init__(self, delay: float) -> None:
        self._delay = delay if abs(delay) > CLOCKS_AGREE_S else 0.0
        self._said: dict[int, list[float]] = {}

    def tick(self, index: int) -> tuple[float, int]:
        """A task of the stack starts, or has ended a step: the Unix time, and how many it has."""
        now = time.time() + self._delay
        said = self._said.setdefault(index, [])
        said.append(now)
        return now, len(said) - 1

    def corrected(self, timing: Mapping[str, Any], index: int) -> dict[str, Any]:
        """The timing of a record, with the times that its events had.

        An observer of a task and a reader of its record get the same times.
        """
        started, *ends = self._said[index]
        return {
            "started": started,
            "ended": timing["ended"] + self._delay,
            "epochs": [
                [begun + self._delay, end]
                for (begun, _), end in zip(timing["epochs"], ends, strict=True)
            ],
        }


def _require_own(tasks: Sequence[Task], own: Environment) -> None:
    for task in tasks:
        if not accepts(own, task.environment):
            raise UserError(
                f"a task must be computed in the environment that its key names, "
                f"{kind(task.environment)}, but this worker has {kind(own)}."
            )


def _device() -> tuple[Any, str]:
    """That of this worker's slot, for torch and for people."""
    import torch

    if problem := missing_gpu():
        raise UserError(problem)
    if not os.environ.get(VISIBLE):
        return torch.device("cpu"), cpu_environment().device
    return torch.device("cuda"), torch.cuda.get_device_name()
