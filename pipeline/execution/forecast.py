"""Estimated time of tasks, from the time of earlier tasks on workers of the same kind."""

import hashlib
import heapq
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.execution.cache import has_result
from pipeline.execution.files import cache_folder, write_atomic
from pipeline.execution.pool import Pool
from pipeline.execution.task import Task, stacks

ENVIRONMENT = ("device", "cpu_capability", "kernels", "threads", "stack_size")  # what matters most


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """For tasks about one subject, on a pool's workers. It is a view: no result depends on it.

    The subject is the name of whatever makes tasks of one kind longer or shorter, such as a
    network. Stages that name the same subject share their rates.
    """

    subject: str
    pool: Pool

    def line(self, tasks: Sequence[Task], *, images: int) -> str:
        """How many tasks there are, and about how long those will take that are not cached.

        `images` is the number of images of a step. The time is left out where the rate of any kind
        of task is unknown. Empty if there is nothing to compute.
        """
        missing = [
            stack
            for stack in stacks(tasks)
            if not all(has_result(tasks[index].key) for index in stack)
        ]
        cached = len(tasks) - sum(map(len, missing))
        if not missing:
            return ""
        workers = self.pool.num_workers(len(missing))
        seconds = self._seconds([tasks[stack[0]] for stack in missing], workers, images)
        replayed = f", {cached} from the cache" if cached else ""
        about = "" if seconds is None else f"about {duration(seconds)} on "
        return f"{_count(len(tasks), 'task')}{replayed}; {about}{_count(workers, 'worker')}."

    def remember(self, took: Iterable[tuple[Task, float]], *, images: int) -> None:
        """Keep the rates of tasks that were computed just now, each with its seconds."""
        seconds, seen = defaultdict[Path, float](float), defaultdict[Path, int](int)
        for task, task_seconds in took:
            file = self._file(task, images)
            seconds[file] += task_seconds
            seen[file] += task.steps * images
        for file, total in seconds.items():
            content = json.dumps({"seconds_per_image": total / seen[file]})
            with suppress(OSError):
                write_atomic(file, content.encode())

    def _seconds(self, firsts: Sequence[Task], workers: int, images: int) -> float | None:
        """Until stacks that begin with these tasks are done, each taken up by the next worker."""
        files = [self._file(task, images) for task in firsts]
        rates = {file: _read_rate(file) for file in set(files)}
        done = [0.0] * workers
        for task, file in zip(firsts, files, strict=True):
            rate = rates[file]
            if rate is None:
                return None
            heapq.heapreplace(done, done[0] + rate * task.steps * images)
        return max(done)

    def _file(self, task: Task, images: int) -> Path:
        """Where the rate of such tasks is kept, for steps of about as many images."""
        kind = f"{type(task).__module__}.{type(task).__qualname__}"
        environment = [getattr(task.environment, name) for name in ENVIRONMENT]
        words = [self.subject, kind, task.unit, round(math.log2(images)), *environment]
        name = hashlib.sha256(json.dumps(words).encode()).hexdigest()
        return cache_folder() / "rates" / f"{name[:32]}.json"


def duration(seconds: float) -> str:
    """For people, to two digits or so."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def _read_rate(file: Path) -> float | None:
    """Seconds an image; None where there is no such file, or none of ours."""
    try:
        rate = json.loads(file.read_bytes())["seconds_per_image"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return rate if isinstance(rate, float) and 0 < rate < math.inf else None


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
