"""Writes the evaluations of a stage to the test-set log."""

from collections.abc import Sequence
from datetime import UTC, datetime

from pipeline.evaluation.test_set_log import record_evaluations
from pipeline.execution.events import Event, Finished
from pipeline.execution.task import Task
from pipeline.training.models import TrainedNetwork

# To each final network, in the order of its variant's tasks.
IMAGE_SETS = ("images", "corrupted images", "images, by probes")


class EvaluationLog:
    """Writes a row for each evaluation that the log does not know, once it has a result.

    `image_sets` names the images of each task; by default those of `IMAGE_SETS`.
    """

    def __init__(
        self,
        variant: str,
        models: Sequence[TrainedNetwork],
        tasks: Sequence[Task],
        *,
        keep: bool,
        image_sets: Sequence[str] = (),
    ) -> None:
        self.variant, self.models, self.tasks, self.keep = variant, models, tasks, keep
        self.image_sets = image_sets or [what for what in IMAGE_SETS for _ in models]

    def __call__(self, event: Event) -> None:
        # One from the cache as well: the stage may have been killed before it wrote the row.
        if self.keep and isinstance(event, Finished):
            model = self.models[event.index % len(self.models)]
            day = datetime.now(UTC).date().isoformat()
            evaluation = self.tasks[event.index].key
            images = self.image_sets[event.index]
            row = (evaluation, model.run_key, self.variant, str(model.seed), day, images)
            record_evaluations([row])
