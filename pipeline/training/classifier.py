"""The LightningModule: criterion, optimiser, schedule and the curve of one training."""

import math
import time
from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

Batch = tuple[Tensor, Tensor]
Row = dict[str, float]


def criterion(scores: Tensor, labels: Tensor, j: float | None) -> Tensor:
    """The mean loss of a batch: cross-entropy, or the MAP criterion (eq. 9) where `j` is given.

    With scores that are minus the RBF distances, eq. 9 is cross-entropy with an eleventh,
    "rubbish" class whose score is always -j. Shapes [batch, 10] and [batch].
    """
    # DEPARTURE (II.C): the paper gives no value of j, so it is a hyperparameter of every variant.
    if j is not None:
        scores = torch.cat([scores, scores.new_full((len(scores), 1), -j)], dim=1)
    return cross_entropy(scores, labels)


class Classifier(pl.LightningModule):
    """Trains any network that maps uint8 images [batch, 32, 32] to scores [batch, 10].

    `history` has a row for each epoch; losses and errors (fractions) of training are measured on
    the fly. A loss or a score that is not finite ends the training and is named in `failure`.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        learning_rate: float,
        j: float | None,
        total_steps: int,
        on_epoch: Callable[[Row], None],
    ) -> None:
        super().__init__()
        self.network = network
        self.learning_rate = learning_rate
        self.j = j
        self.total_steps = total_steps
        self.on_epoch = on_epoch
        self.history: list[Row] = []
        self.epoch_times: list[tuple[float, float]] = []
        self.failure: str | None = None

    def configure_optimizers(self) -> Any:
        # DEPARTURE (appendix C): Adam on batches with a cosine schedule; the paper follows one
        # pattern at a time by a stochastic diagonal Levenberg-Marquardt method, for 20 passes.
        optimizer = torch.optim.Adam(self.parameters(), lr=self.learning_rate, fused=True)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self._cosine)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def on_train_epoch_start(self) -> None:
        self.started = time.time()
        # Sums stay tensors until the epoch ends: reading one earlier would wait for the device.
        self.loss_sum = torch.zeros((), device=self.device)
        self.wrong = {split: torch.zeros((), device=self.device) for split in ("train", "val")}
        self.seen = {"train": 0, "val": 0}
        self.rate = self.learning_rate * self._cosine(self.global_step)

    def training_step(self, batch: Batch) -> Tensor:
        images, labels = batch
        self.last_images = images
        scores = self.network(images)
        loss = criterion(scores, labels, self.j)
        self.loss_sum += loss.detach() * len(labels)
        self._count("train", scores, labels)
        return loss

    def validation_step(self, batch: Batch) -> None:
        images, labels = batch
        self._count("val", self.network(images), labels)

    def on_train_epoch_end(self) -> None:
        row = {
            "epoch": self.current_epoch + 1,
            "train_loss": self.loss_sum.item() / self.seen["train"],
            "train_error": self._error("train"),
            "learning_rate": self.rate,
        }
        if self.seen["val"]:
            row["validation_error"] = self._error("val")
        self.history.append(row)
        self.epoch_times.append((self.started, time.time()))
        if not (math.isfinite(row["train_loss"]) and self._scores_are_finite()):
            self.failure = f"the loss was {row['train_loss']} in epoch {row['epoch']}"
            self.trainer.should_stop = True
        self.on_epoch(row)

    def _cosine(self, step: int) -> float:
        return (1 + math.cos(math.pi * step / self.total_steps)) / 2

    @torch.no_grad()
    def _scores_are_finite(self) -> bool:
        # The loss is measured before a step: the last one may still ruin the network.
        return bool(self.network(self.last_images).isfinite().all())

    def _count(self, split: str, scores: Tensor, labels: Tensor) -> None:
        self.wrong[split] += (scores.detach().argmax(1) != labels).sum()
        self.seen[split] += len(labels)

    def _error(self, split: str) -> float:
        return self.wrong[split].item() / self.seen[split]
