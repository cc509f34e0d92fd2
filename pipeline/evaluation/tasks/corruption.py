"""Makes corrupted sets of the test images, which networks are shown later."""

import time
from dataclasses import dataclass

from pipeline.evaluation.tasks.images import TEST, images_of
from pipeline.execution.task import Context, Result, Task, result_since


@dataclass(frozen=True, kw_only=True)
class CorruptionTask(Task):
    """Makes a set unless this machine has it; the record's `digest` is of its bytes."""

    images: str
    """Digest of the images as they were."""
    corruption: str
    libraries: str
    """Those that corrupt, with their versions."""

    def run(self, context: Context) -> Result:
        from pipeline.evaluation.sets import corrupted_set

        started = time.time()
        _, digest = corrupted_set(images_of(context, TEST), self.corruption, self.key)
        return result_since(started, {}, digest=digest)
