"""What runs in a worker: one group after the other, on the digits that it was given once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.training.cells import Cell, EvaluationCell, Result, TrainingCell
from pipeline.training.images import Images

TOPIC = "ablation"


@dataclass(frozen=True, kw_only=True)
class Job:
    """A cell, and the trained parameters that an evaluation needs."""

    cell: Cell
    weights: Mapping[str, np.ndarray] | None = None


def digits_plugin(digits: Images) -> Any:
    from distributed import WorkerPlugin

    class Digits(WorkerPlugin):
        """Ships the digits once to each worker, and again to one that replaces it."""

        name = "digits"

        def __init__(self) -> None:
            self.digits = digits

        def setup(self, worker: Any) -> None:
            worker.digits = self.digits

    return Digits()


def work(jobs: Sequence[Job]) -> list[Result]:
    """Train a group or evaluate, and tell that it begins and of every epoch."""
    import torch
    from distributed import get_worker

    from pipeline.training.fit import evaluate, train

    worker: Any = get_worker()
    torch.set_num_threads(1)
    device = torch.device("cpu")

    def preview(member: int, row: Mapping[str, float]) -> None:
        worker.log_event(TOPIC, {"key": jobs[member].cell.key, "row": row})

    worker.log_event(TOPIC, {"key": jobs[0].cell.key, "row": None})

    cells = [job.cell for job in jobs if isinstance(job.cell, TrainingCell)]
    if cells:
        return train(cells, worker.digits, device=device, on_epoch=preview)
    (job,) = jobs
    assert isinstance(job.cell, EvaluationCell)
    assert job.weights is not None
    return [evaluate(job.cell, job.weights, worker.digits, device=device)]
