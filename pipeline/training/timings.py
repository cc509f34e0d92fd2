"""How long a stage took: `timings/<stage>-<variant>.json`, apart from what must repeat."""

import json
import time
from collections.abc import Sequence
from pathlib import Path

from pipeline.data.cache import place
from pipeline.training.cells import Result
from pipeline.training.pool import num_workers
from pipeline.training.tasks import Job


class StageClock:
    """Started when the stage starts, written when it is done."""

    def __init__(self, stage: str, variant: str) -> None:
        self.stage, self.variant = stage, variant
        self.started = time.monotonic()
        self.done: list[tuple[Job, Result]] = []
        self.cached = self.workers = 0

    def add(self, jobs: Sequence[Job], results: Sequence[Result], *, cached: int) -> None:
        """Jobs that were done at the same time, and their results in the same order."""
        self.done += zip(jobs, results, strict=True)
        self.cached += cached
        self.workers = max(self.workers, num_workers(len(jobs) - cached))

    def write(self) -> None:
        """Times are Unix seconds of the worker.

        `workers` is how many there were at most for what did not come from the cache.
        """
        record = {
            "stage": self.stage,
            "variant": self.variant,
            "wall_s": time.monotonic() - self.started,
            "workers": self.workers,
            "device": self.done[0][0].cell.environment.device,
            "cached": self.cached,
            "cells": [
                {
                    "cell": job.cell.key,
                    # None where its workers died, or where the cache is older than this.
                    "device": result.record.get("device"),
                    **result.record["timing"],
                }
                for job, result in self.done
            ],
        }
        path = Path("timings") / f"{self.stage}-{self.variant}.json"
        place(path, f"{json.dumps(record, indent=1)}\n".encode())
