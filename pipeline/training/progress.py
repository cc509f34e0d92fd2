"""What a person sees while cells are trained: bars on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from pipeline.training.cells import TrainingCell
from pipeline.training.tasks import Job
from pipeline.training.workers import Epoch, Event, Finished


class Display:
    """Counts the epochs and cells of one stage as events tell of them."""

    def __init__(self, title: str, jobs: Sequence[Job], *, num_images: int) -> None:
        self.title, self.jobs, self.num_images = title, jobs, num_images
        self.epochs = {job.cell.key: _epochs(job) for job in jobs}
        self.done = dict.fromkeys(self.epochs, 0)
        self.finished = self.replayed = self.trained = 0
        self.started = time.monotonic()
        self.console = Console(file=sys.stderr)
        self.bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(_unit(jobs)),
            TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self.bar = self.bars.add_task(title, total=sum(self.epochs.values()), note="")

    def __enter__(self) -> Self:
        self.bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self.bars.stop()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Epoch):
            self.done[event.key] = int(event.row["epoch"])  # from 1 again where a worker died
            self.trained += 1
        elif isinstance(event, Finished):
            key = self.jobs[event.index].cell.key
            self.done[key] = self.epochs[key]
            self.finished += 1
            self.replayed += event.cached
        self.bars.update(self.bar, completed=sum(self.done.values()), note=self._note())
        if self.bars.disable and isinstance(event, Finished) and self._new(event):
            self.console.print(f"{self.title}: {self._note()}", highlight=False, soft_wrap=True)

    def _new(self, event: Finished) -> bool:
        """What comes from the cache is one line in all."""
        return not event.cached or self.finished == len(self.jobs)

    def _note(self) -> str:
        note = f"{self.finished}/{len(self.jobs)} cells"
        if self.replayed:
            note += f" ({self.replayed} from the cache)"
        if self.trained:
            rate = self.trained * self.num_images / (time.monotonic() - self.started)
            note += f", {rate:,.0f} images/s"
        return note


def _unit(jobs: Sequence[Job]) -> str:
    """What `_epochs` counts: only a training has epochs, of others each counts."""
    return "epochs" if isinstance(jobs[0].cell, TrainingCell) else "cells"


def _epochs(job: Job) -> int:
    return job.cell.epochs if isinstance(job.cell, TrainingCell) else 1
