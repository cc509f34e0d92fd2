"""Filters and feature maps of one network's first layer, for a training image."""

import time
from dataclasses import dataclass

import numpy as np

from pipeline.evaluation.tasks.images import framed
from pipeline.evaluation.tasks.network import NetworkTask
from pipeline.execution.task import Context, Result, result_since


@dataclass(frozen=True, kw_only=True)
class FiltersTask(NetworkTask):
    """The result is that of `filters_and_maps`."""

    digit: np.ndarray
    """uint8 [28, 28]"""

    def run(self, context: Context) -> Result:
        from pipeline.evaluation.filters import filters_and_maps
        from pipeline.evaluation.reading import rebuilt

        started = time.time()
        network = rebuilt(self.network, self.weights, context.device)
        (shown,) = framed(self.digit[None], context)
        return result_since(started, filters_and_maps(self.network, network, shown))
