"""How long a stage took: `timings/<stage>-<variant>.json`, apart from what must repeat."""

import json
import time
from collections.abc import Sequence
from pathlib import Path

from pipeline.data.cache import place
from pipeline.training.cells import Result
from pipeline.training.workers import Job, num_workers


class StageClock:
    """Started when the stage starts, written when it is done."""

    def __init__(self, stage: str, variant: str) -> None:
        self.stage, self.variant = stage, variant
        self.started = time.monotonic()

    def write(self, jobs: Sequence[Job], results: Sequence[Result], *, cached: int) -> None:
        """`jobs` and their results in the same order; times are Unix seconds of the worker.

        `workers` is how many there were for what did not come from the cache.
        """
        record = {
            "stage": self.stage,
            "variant": self.variant,
            "wall_s": time.monotonic() - self.started,
            "workers": num_workers(len(jobs) - cached),
            "device": jobs[0].cell.environment.device,
            "cached": cached,
            "cells": [
                {"cell": job.cell.key, **result.record["timing"]}
                for job, result in zip(jobs, results, strict=True)
            ],
        }
        path = Path("timings") / f"{self.stage}-{self.variant}.json"
        place(path, f"{json.dumps(record, indent=1)}\n".encode())
