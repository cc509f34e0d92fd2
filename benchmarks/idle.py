"""Cells that take their time and compute nothing: what is left is what coordination costs."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np

from pipeline.training.cells import Result
from pipeline.training.tasks import TOPIC, Job

PARAMETERS = 60_000


@contextmanager
def idling(seconds: float, epochs: int) -> Iterator[None]:
    """Meanwhile workers sleep instead of training; each epoch is told, each result has weights."""

    class Errand:
        def __init__(self, jobs: Sequence[Job], digits_name: str) -> None:  # noqa: ARG002
            self.arguments = (jobs, seconds, epochs)

        def __reduce__(self) -> tuple[Any, ...]:
            return idle, self.arguments

    with patch("pipeline.training.connection.Errand", Errand):
        yield


def idle(jobs: Sequence[Job], seconds: float, epochs: int) -> list[Result]:
    from distributed import get_worker

    keys = [job.cell.key for job in jobs]
    worker: Any = get_worker()
    worker.log_event(TOPIC, {"key": keys[0], "row": None})
    started = time.time()
    for epoch in range(1, epochs + 1):
        time.sleep(seconds / epochs)
        for key in keys:
            worker.log_event(TOPIC, {"key": key, "row": {"epoch": epoch}})
    timing = {"started": started, "ended": time.time(), "epochs": []}
    weights = np.zeros(PARAMETERS if epochs else 0, np.float32)
    return [
        Result(arrays={"weights": weights}, record={"failure": None, "timing": timing})
        for _ in keys
    ]
