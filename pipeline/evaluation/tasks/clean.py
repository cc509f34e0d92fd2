"""The test images as they are."""

import time
from dataclasses import dataclass

from pipeline.evaluation.tasks.images import TEST, frames_of
from pipeline.evaluation.tasks.network import NetworkTask
from pipeline.execution.task import Context, Result, result_since
from pipeline.outputs.misclassified import answers


@dataclass(frozen=True, kw_only=True)
class EvaluationTask(NetworkTask):
    """The result's `scores` are float32 [N, 10]."""

    images: str
    """Digest of the bytes of the test images."""

    def run(self, context: Context) -> Result:
        from pipeline.evaluation.reading import Scorer

        started = time.time()
        score = Scorer(self.network, self.weights, context.device)
        return result_since(started, {"scores": score(frames_of(context, TEST))})


@dataclass(frozen=True, kw_only=True)
class PredictionTask(NetworkTask):
    """The result's `answers` are uint8 [N]."""

    images: str
    """Digest of the bytes of the test images."""

    def run(self, context: Context) -> Result:
        from pipeline.evaluation.reading import Scorer

        started = time.time()
        score = Scorer(self.network, self.weights, context.device)
        return result_since(started, {"answers": answers(score(frames_of(context, TEST)))})
