"""Corrupted test images, shown to a network."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.evaluation.tasks.images import TEST, images_of
from pipeline.evaluation.tasks.network import NetworkTask
from pipeline.execution.errors import UserError
from pipeline.execution.task import Context, Result, result_since
from pipeline.outputs.misclassified import answers


@dataclass(frozen=True, kw_only=True)
class CorruptedSet:
    """A set that was made: by the task with this `key`, of bytes with this `digest`."""

    corruption: str
    key: str
    libraries: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class CorruptedEvaluationTask(NetworkTask):
    """The test images of every corrupted set; the result's `answers` are uint8 [sets, N]."""

    sets: Sequence[CorruptedSet]

    def run(self, context: Context) -> Result:
        """Show the network every set.

        Raises:
            UserError: If this machine's set has other bytes.
        """
        import torch

        from pipeline.evaluation.reading import Scorer

        started = time.time()
        score = Scorer(self.network, self.weights, context.device)
        images = images_of(context, TEST)
        found = [
            answers(score(torch.from_numpy(_same(images, each)).to(context.device)))
            for each in self.sets
        ]
        return result_since(started, {"answers": np.stack(found)})


def _same(images: np.ndarray, made: CorruptedSet) -> np.ndarray:
    from pipeline.evaluation.sets import corrupted_set

    frames, digest = corrupted_set(images, made.corruption, made.key)
    if digest != made.digest:
        raise UserError(
            f"every machine must corrupt images alike, but {made.corruption!r} came out "
            f"differently on two of them: do all have {made.libraries} and the same kind of CPU?"
        )
    return frames
