"""How long a stage took: `timings/<stage>-<variant>.json`, apart from what must repeat."""

import json
import time
from collections.abc import Sequence
from pathlib import Path

from pipeline.execution.files import write_atomic
from pipeline.execution.pool import Pool
from pipeline.execution.task import Result, Task


class StageClock:
    """Started when the stage starts, written when it is done."""

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

    def write(self) -> None:
        """Times are Unix seconds of the worker.

        `workers` is how many there were at most for what did not come from the cache.
        """
        record = {
            "stage": self.stage,
            "variant": self.variant,
            "wall_s": time.monotonic() - self.started,
            "workers": self.workers,
            "device": self.done[0][0].environment.device,
            "cached": self.cached,
            "cells": [
                {
                    "cell": task.key,
                    # None where its workers died, or where the cache is older than this.
                    "device": result.record.get("device"),
                    **result.record["timing"],
                }
                for task, result in self.done
            ],
        }
        path = Path("timings") / f"{self.stage}-{self.variant}.json"
        write_atomic(path, f"{json.dumps(record, indent=1)}\n".encode())
