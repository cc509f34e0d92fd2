"""Progress of tasks: bars on a terminal, plain lines elsewhere."""

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

from pipeline.execution.events import Event, Finished, Progressed
from pipeline.execution.forecast import Forecast
from pipeline.execution.task import Task


class Display:
    """Observer that counts the finished steps and tasks of one stage.

    `images` is the number of images of a reported step, for the rate. A forecast is printed
    before the tasks begin, and learns from those that were computed.
    """

    def __init__(
        self,
        title: str,
        tasks: Sequence[Task],
        *,
        images: int,
        forecast: Forecast | None = None,
    ) -> None:
        self.title, self.tasks, self.images = title, tasks, images
        self.forecast, self.took = forecast, list[tuple[Task, float]]()
        self.steps = {task.key: task.steps for task in tasks}
        self.done = dict.fromkeys(self.steps, 0)
        self.finished = self.replayed = self.reported = 0
        self.started = time.monotonic()
        self.console = Console(file=sys.stderr)
        self.bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(tasks[0].unit),
            TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self.bar = self.bars.add_task(title, total=sum(self.steps.values()), note="")

    def __enter__(self) -> Self:
        if self.forecast and (line := self.forecast.line(self.tasks, images=self.images)):
            self._print(line)
        self.bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self.bars.stop()
        if self.forecast:
            self.forecast.remember(self.took, images=self.images)

    def __call__(self, event: Event) -> None:
        if isinstance(event, Progressed):
            self.done[event.key] = event.step
            self.reported += 1
        elif isinstance(event, Finished):
            key = self.tasks[event.index].key
            self.done[key] = self.steps[key]
            self.finished += 1
            self.replayed += event.cached
            self._time(event)
        self.bars.update(self.bar, completed=sum(self.done.values()), note=self._note())
        if self.bars.disable and isinstance(event, Finished) and self._new(event):
            self._print(self._note())

    def _time(self, event: Finished) -> None:
        """For the next forecast: only tasks that were computed here and did not fail count."""
        if self.forecast and not event.cached and event.result.record["failure"] is None:
            timing = event.result.record["timing"]
            self.took.append((self.tasks[event.index], timing["ended"] - timing["started"]))

    def _print(self, note: str) -> None:
        self.console.print(f"{self.title}: {note}", highlight=False, soft_wrap=True)

    def _new(self, event: Finished) -> bool:
        """What comes from the cache is one line in all."""
        return not event.cached or self.finished == len(self.tasks)

    def _note(self) -> str:
        note = f"{self.finished}/{len(self.tasks)} tasks"
        if self.replayed:
            note += f" ({self.replayed} from the cache)"
        if self.reported:
            rate = self.reported * self.images / (time.monotonic() - self.started)
            note += f", {rate:,.0f} images/s"
        return note
