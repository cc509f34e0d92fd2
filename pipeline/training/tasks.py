"""What runs in a worker: one group after the other, on the digits that it was given once."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pipeline.errors import UserError
from pipeline.training.cells import Result, TrainingCell
from pipeline.training.devices import VISIBLE, missing_gpu
from pipeline.training.images import Images
from pipeline.training.provenance import Environment, cpu_environment

TOPIC = "ablation"
CLOCKS_AGREE_S = 1.0  # Dask sees smaller differences where there are none


class Cell(Protocol):
    """Something to compute, named by everything that its result depends on."""

    @property
    def key(self) -> str: ...

    @property
    def environment(self) -> Environment: ...


@dataclass(frozen=True, kw_only=True)
class Job:
    """A cell, and whatever more it takes to compute it."""

    cell: Cell


class Measurement(Job):
    """A job that trains nothing."""

    def measured(self, digits: Images, device: Any) -> Result:
        """What comes of it on this device; the digits are those that the worker was given."""
        raise NotImplementedError


class Errand:
    """Work that is done where its pickle is loaded.

    A scheduler loads what it passes on, and may lack this code; bytes it leaves alone.
    """

    def __init__(self, jobs: Sequence[Job], digits_name: str) -> None:
        self.arguments = (jobs, digits_name)

    def __reduce__(self) -> tuple[Any, ...]:
        return work, self.arguments


def work(jobs: Sequence[Job], digits_name: str) -> list[Result]:
    """Train a group or measure, and tell that it begins and of every epoch.

    Each record names the device.

    Raises:
        UserError: If torch does not find the GPU that this worker was given.
    """
    import torch
    from distributed import get_worker

    from pipeline.training.fit import train

    worker: Any = get_worker()
    digits = getattr(worker, digits_name)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)  # a training sets it, and this may be no training
    device, device_name = _device()

    clock = Clock(worker.scheduler_delay)

    def tell(member: int, row: Mapping[str, float] | None) -> None:
        at = clock.tick(member)
        worker.log_event(TOPIC, {"key": jobs[member].cell.key, "row": row, "at": at})

    for member in range(len(jobs)):
        tell(member, None)
    cells = [job.cell for job in jobs if isinstance(job.cell, TrainingCell)]
    if cells:
        results = train(cells, digits, device=device, on_epoch=tell)
    else:
        (job,) = jobs
        assert isinstance(job, Measurement)
        results = [job.measured(digits, device)]
    for member, result in enumerate(results):
        result.record["device"] = device_name
        result.record["timing"] = clock.corrected(result.record["timing"], member)
    return results


class Clock:
    """That of the scheduler's machine, where this one's is wrong, and what it said.

    `delay` is how far the scheduler's is ahead, in seconds, as Dask last saw it.
    """

    def __init__(self, delay: float) -> None:
        self._delay = delay if abs(delay) > CLOCKS_AGREE_S else 0.0
        self._told: dict[int, list[float]] = {}

    def tick(self, member: int) -> float:
        """A member of the group begins, or has ended an epoch: the unix time."""
        now = time.time() + self._delay
        self._told.setdefault(member, []).append(now)
        return now

    def corrected(self, timing: Mapping[str, Any], member: int) -> dict[str, Any]:
        """The timing of a record, with the times that were told of its member.

        Whoever follows a training and whoever reads its record get the same times.
        """
        began, *ends = self._told[member]
        return {
            "started": began,
            "ended": timing["ended"] + self._delay,
            "epochs": [
                [started + self._delay, told]
                for (started, _), told in zip(timing["epochs"], ends, strict=True)
            ],
        }


def _device() -> tuple[Any, str]:
    """That of this worker's slot, for torch and for people."""
    import torch

    if problem := missing_gpu():
        raise UserError(problem)
    if not os.environ.get(VISIBLE):
        return torch.device("cpu"), cpu_environment().device
    return torch.device("cuda"), torch.cuda.get_device_name()
