"""The LightningModule: criterion, optimiser, schedule and the curves of one training."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

import pytorch_lightning as pl
import torch
from torch import Tensor

from pipeline.training.optimizer import StackedAdam
from pipeline.training.stacked import StackedModels

Batch = tuple[Tensor, Tensor]
Row = dict[str, float]


class Classifier(pl.LightningModule):
    """Trains networks of one architecture that map uint8 images [batch, 32, 32] to scores.

    Each model has its own images, learning rate and j, and its result does not depend on the
    others. `histories` have a row for each epoch; losses and errors (fractions) of training are
    measured on the fly. A loss or a score that is not finite ends a model's training and is
    named in `failures`.
    """

    j: Tensor | None

    def __init__(
        self,
        models: StackedModels,
        *,
        learning_rates: Sequence[float],
        j: Sequence[float] | None,
        total_steps: int,
        on_epoch: Callable[[int, Row], None],
    ) -> None:
        super().__init__()
        # A batch of Lightning's is a chunk of many steps: its own work comes once a chunk.
        self.automatic_optimization = False
        self.models = models
        self.learning_rates = list(learning_rates)
        self.register_buffer("j", None if j is None else torch.tensor(j))
        self.total_steps, self.steps = total_steps, 0
        self.on_epoch = on_epoch
        self.histories: list[list[Row]] = [[] for _ in learning_rates]
        self.failures: list[str | None] = [None for _ in learning_rates]
        self.diverged: dict[int, Tensor] = {}
        self.epoch_times: list[tuple[float, float]] = []

    def configure_optimizers(self) -> StackedAdam:
        # DEPARTURE (appendix C): Adam on batches with a cosine schedule; the paper follows one
        # pattern at a time by a stochastic diagonal Levenberg-Marquardt method, for 20 passes.
        rates = torch.tensor(self.learning_rates, device=self.device)
        return self.models.optimizer(rates)

    def on_train_epoch_start(self) -> None:
        self.started = time.time()
        # Sums stay tensors until the epoch ends: reading one earlier would wait for the device.
        zeros = torch.zeros(len(self.histories), device=self.device)
        self.sums = {name: zeros.clone() for name in ("loss", "train", "val")}
        self.seen = {"train": 0, "val": 0}
        self.share = self._cosine()

    def training_step(self, chunk: Iterable[Batch]) -> None:
        optimizer = self.optimizers(use_pl_optimizer=False)
        assert isinstance(optimizer, StackedAdam)
        for images, labels in chunk:
            losses, scores = self.models.compute_gradients(images, labels, self.j)
            optimizer.step_by(self._cosine())
            self.steps += 1
            self.last_images = images
            self.sums["loss"] += losses * labels.shape[1]
            self._count("train", scores, labels)

    def validation_step(self, chunk: Iterable[Batch]) -> None:
        for images, labels in chunk:
            self._count("val", self.models(images), labels)

    def on_train_epoch_end(self) -> None:
        self.epoch_times.append((self.started, time.time()))
        sound = self._scores_are_finite()
        for model, row in enumerate(self._rows()):
            if self.failures[model]:
                continue
            self.histories[model].append(row)
            if not (math.isfinite(row["train_loss"]) and sound[model]):
                self.failures[model] = f"the loss was {row['train_loss']} in epoch {row['epoch']}"
                self.diverged[model] = self.models.rows[model].clone()
            self.on_epoch(model, row)
        self.trainer.should_stop = all(self.failures)

    def parameters_by_name(self, model: int) -> dict[str, Tensor]:
        """Those of a diverged model are the ones that it had then."""
        row = self.diverged.get(model, self.models.rows[model])
        return {name: p[0] for name, p in self.models.parameters_of(row[None]).items()}

    def _rows(self) -> Iterator[Row]:
        """An epoch's row for each model."""
        loss, train, val = (self.sums[name].tolist() for name in ("loss", "train", "val"))
        for model, rate in enumerate(self.learning_rates):
            row = {
                "epoch": self.current_epoch + 1,
                "train_loss": loss[model] / self.seen["train"],
                "train_error": train[model] / self.seen["train"],
                "learning_rate": rate * self.share,
            }
            if self.seen["val"]:
                row["validation_error"] = val[model] / self.seen["val"]
            yield row

    def _cosine(self) -> float:
        return (1 + math.cos(math.pi * self.steps / self.total_steps)) / 2

    @torch.no_grad()
    def _scores_are_finite(self) -> list[bool]:
        # The loss is measured before a step: a network may still diverge in the last one.
        return self.models(self.last_images).isfinite().flatten(1).all(1).tolist()

    def _count(self, split: str, scores: Tensor, labels: Tensor) -> None:
        self.sums[split] += (scores.argmax(2) != labels).sum(1)
        self.seen[split] += labels.shape[-1]
