"""Tasks that take their time and compute nothing: what is left is what coordination costs."""

import time
from dataclasses import dataclass

import numpy as np

from pipeline.execution.task import Context, Result, Task

PARAMETERS = 60_000


@dataclass(frozen=True, kw_only=True)
class IdleTask(Task):
    """Sleeps instead of training; each epoch is reported, and the result has weights."""

    number: int
    seconds: float
    epochs: int

    @property
    def code(self) -> str:
        return ""  # this module is none of the package's

    @property
    def steps(self) -> int:
        return self.epochs

    def run(self, context: Context) -> Result:
        started, ends = time.time(), list[float]()
        for epoch in range(1, self.epochs + 1):
            time.sleep(self.seconds / self.epochs)
            context.report(0, {"epoch": epoch})
            ends.append(time.time())
        epochs = list(zip([started, *ends], ends, strict=False))
        timing = {"started": started, "ended": time.time(), "epochs": epochs}
        weights = np.zeros(PARAMETERS if self.epochs else 0, np.float32)
        return Result(arrays={"weights": weights}, record={"failure": None, "timing": timing})
