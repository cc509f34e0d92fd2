"""Measures how long a stage takes, and what its workers do meanwhile."""

import time
from collections.abc import Sequence

from pipeline.execution.pool import Pool
from pipeline.execution.task import Result, Task
from pipeline.outputs.timings import RunTiming, StageTiming


class StageClock:
    """Started when the stage starts, read when it is done."""

    def __init__(self, stage: str, variant: str) -> None:
        self.stage, self.variant = stage, variant
        self.started = time.monotonic()
        self.done: list[tuple[Task, Result]] = []
        self.cached = self.workers = 0

    def add(
        self, tasks: Sequence[Task], results: Sequence[Result], pool: Pool, *, cached: int
    ) -> None:
        """Tasks that were done at the same time, and their results in the same order."""
        self.done += zip(tasks, results, strict=True)
        self.cached += cached
        self.workers = max(self.workers, pool.num_workers(len(tasks) - cached))

    def read(self) -> StageTiming:
        """What the stage took so far."""
        return StageTiming(
            stage=self.stage,
            variant=self.variant,
            wall_s=time.monotonic() - self.started,
            workers=self.workers,
            device=self.done[0][0].environment.device,
            cached=self.cached,
            runs=tuple(
                RunTiming(
                    run_key=task.key,
                    device=result.record.get("device"),
                    **result.record["timing"],
                )
                for task, result in self.done
            ),
        )
