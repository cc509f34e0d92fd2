"""The stages of one network, trained and at initialisation, each read by a linear classifier."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.evaluation.tasks.images import TEST, frames_of
from pipeline.evaluation.tasks.network import NetworkTask
from pipeline.execution.task import Context, Result, result_since

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class ProbeTask(NetworkTask):
    """The result is that of `probing.compared`, the record names the rows of its arrays."""

    init: str
    seed: int
    images: str
    """Digest of the bytes of the test images."""
    training_images: str
    """Digest of those that the classifiers' images are from."""
    fit_on: str
    """Digest of the exact list of image indices."""
    choose_on: str

    def run(self, context: Context) -> Result:
        from pipeline.evaluation.probing import compared
        from pipeline.evaluation.reading import rebuilt
        from pipeline.networks.lenet5 import build

        started = time.time()
        trained = rebuilt(self.network, self.weights, context.device)
        untrained = build(self.network, init=self.init, seed=self.seed).to(context.device)
        arrays, names = compared(self.network, trained, untrained, self._views(context))
        return result_since(started, arrays, **names)

    def _views(self, context: Context) -> Any:
        import torch

        from pipeline.evaluation.probing import Views

        given = context.shared

        def labels(subset: str) -> "torch.Tensor":
            chosen = torch.from_numpy(given.labels[given.subsets[subset]])
            return chosen.long().to(context.device)

        return Views(
            fit=frames_of(context, self.fit_on),
            choose=frames_of(context, self.choose_on),
            judge=frames_of(context, TEST),
            fit_labels=labels(self.fit_on),
            choose_labels=labels(self.choose_on),
        )
