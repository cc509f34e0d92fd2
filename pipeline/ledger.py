"""What the test-set log is told of the evaluations of a stage."""

from collections.abc import Sequence
from datetime import UTC, datetime

from pipeline.evaluation.test_set_log import record_evaluations
from pipeline.execution.events import Event, Finished
from pipeline.execution.task import Task
from pipeline.training.models import TrainedNetwork

# To each final network, in the order of its variant's tasks.
SHOWN = ("images", "corrupted images", "images, by probes")


class Ledger:
    """Writes a row for each evaluation that the log does not know, once it has a result.

    `shown` says of each task what it was; without it they are those of `SHOWN`.
    """

    def __init__(
        self,
        variant: str,
        models: Sequence[TrainedNetwork],
        tasks: Sequence[Task],
        *,
        keep: bool,
        shown: Sequence[str] = (),
    ) -> None:
        self.variant, self.models, self.tasks, self.keep = variant, models, tasks, keep
        self.shown = shown or [what for what in SHOWN for _ in models]

    def __call__(self, event: Event) -> None:
        # One from the cache as well: the stage may have been killed before it could say so.
        if self.keep and isinstance(event, Finished):
            model = self.models[event.index % len(self.models)]
            day = datetime.now(UTC).date().isoformat()
            evaluation = self.tasks[event.index].key
            shown = self.shown[event.index]
            row = (evaluation, model.cell, self.variant, str(model.seed), day, shown)
            record_evaluations([row])
