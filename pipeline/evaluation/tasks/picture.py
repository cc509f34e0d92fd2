"""What can be seen of one network: its first layer, with a training image to look at."""

import time
from dataclasses import dataclass

import numpy as np

from pipeline.evaluation.tasks.images import framed
from pipeline.evaluation.tasks.network import NetworkTask
from pipeline.execution.task import Context, Result, result_since


@dataclass(frozen=True, kw_only=True)
class PictureTask(NetworkTask):
    """The result is that of `pictures.seen`."""

    digit: np.ndarray
    """uint8 [28, 28]"""

    def run(self, context: Context) -> Result:
        from pipeline.evaluation.pictures import seen
        from pipeline.evaluation.reading import rebuilt

        started = time.time()
        network = rebuilt(self.network, self.weights, context.device)
        (shown,) = framed(self.digit[None], context)
        return result_since(started, seen(self.network, network, shown))
