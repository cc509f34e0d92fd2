"""The LightningModule: criterion, optimiser, schedule and the curves of one training."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from pipeline.training.adam import MembersAdam
from pipeline.training.members import Members

Batch = tuple[Tensor, Tensor]
Row = dict[str, float]


def criterion(scores: Tensor, labels: Tensor, j: Tensor | None) -> Tensor:
    """Each member's mean loss: cross-entropy, or the MAP criterion (eq. 9) where `j` is given.

    With scores that are minus the RBF distances, eq. 9 is cross-entropy with an eleventh,
    "rubbish" class whose score is always -j. Shapes [members, batch, 10], [members, batch] and
    [members], gives [members].
    """
    # DEPARTURE (II.C): the paper gives no value of j, so it is a hyperparameter of every variant.
    if j is not None:
        rubbish = -j[:, None, None].expand(-1, scores.shape[1], 1)
        scores = torch.cat([scores, rubbish], dim=2)
    losses = cross_entropy(scores.flatten(0, 1), labels.flatten(), reduction="none")
    return losses.view_as(labels).mean(1)


class Classifier(pl.LightningModule):
    """Trains networks of one architecture that map uint8 images [batch, 32, 32] to scores.

    Each member has its own images, learning rate and j; what one comes to does not depend on the
    others. `histories` have a row for each epoch; losses and errors (fractions) of training are
    measured on the fly. A loss or a score that is not finite ends a member's training and is
    named in `failures`.
    """

    j: Tensor | None

    def __init__(
        self,
        networks: Sequence[nn.Module],
        *,
        learning_rates: Sequence[float],
        j: Sequence[float] | None,
        total_steps: int,
        on_epoch: Callable[[int, Row], None],
    ) -> None:
        super().__init__()
        # A batch of Lightning's is a chunk of many steps: its own work comes once a chunk.
        self.automatic_optimization = False
        self.members = Members(networks)
        self.learning_rates = list(learning_rates)
        self.register_buffer("j", None if j is None else torch.tensor(j))
        self.total_steps, self.steps = total_steps, 0
        self.on_epoch = on_epoch
        self.histories: list[list[Row]] = [[] for _ in networks]
        self.failures: list[str | None] = [None for _ in networks]
        self.ruins: dict[int, Tensor] = {}
        self.epoch_times: list[tuple[float, float]] = []

    def configure_optimizers(self) -> MembersAdam:
        # DEPARTURE (appendix C): Adam on batches with a cosine schedule; the paper follows one
        # pattern at a time by a stochastic diagonal Levenberg-Marquardt method, for 20 passes.
        rates = torch.tensor(self.learning_rates, device=self.device)
        return MembersAdam(self.members.rows, rates)

    def on_train_epoch_start(self) -> None:
        self.started = time.time()
        # Sums stay tensors until the epoch ends: reading one earlier would wait for the device.
        zeros = torch.zeros(len(self.histories), device=self.device)
        self.sums = {name: zeros.clone() for name in ("loss", "train", "val")}
        self.seen = {"train": 0, "val": 0}
        self.share = self._cosine()

    def training_step(self, chunk: Iterable[Batch]) -> None:
        optimizer = self.optimizers(use_pl_optimizer=False)
        assert isinstance(optimizer, MembersAdam)
        for images, labels in chunk:
            scores = self.members(images)
            losses = criterion(scores, labels, self.j)
            self.members.descend(losses)
            optimizer.step_by(self._cosine())
            self.steps += 1
            self.last_images = images
            self.sums["loss"] += losses.detach() * labels.shape[1]
            self._count("train", scores, labels)

    def validation_step(self, chunk: Iterable[Batch]) -> None:
        for images, labels in chunk:
            self._count("val", self.members(images), labels)

    def on_train_epoch_end(self) -> None:
        self.epoch_times.append((self.started, time.time()))
        sound = self._scores_are_finite()
        for member, row in enumerate(self._rows()):
            if self.failures[member]:
                continue
            self.histories[member].append(row)
            if not (math.isfinite(row["train_loss"]) and sound[member]):
                self.failures[member] = f"the loss was {row['train_loss']} in epoch {row['epoch']}"
                self.ruins[member] = self.members.rows[member].clone()
            self.on_epoch(member, row)
        self.trainer.should_stop = all(self.failures)

    def parameters_by_name(self, member: int) -> dict[str, Tensor]:
        """Where a member failed, those that it had then."""
        row = self.ruins.get(member, self.members.rows[member])
        return {name: p[0] for name, p in self.members.parameters_of(row[None]).items()}

    def _rows(self) -> Iterator[Row]:
        """An epoch's row for each member."""
        loss, train, val = (self.sums[name].tolist() for name in ("loss", "train", "val"))
        for member, rate in enumerate(self.learning_rates):
            row = {
                "epoch": self.current_epoch + 1,
                "train_loss": loss[member] / self.seen["train"],
                "train_error": train[member] / self.seen["train"],
                "learning_rate": rate * self.share,
            }
            if self.seen["val"]:
                row["validation_error"] = val[member] / self.seen["val"]
            yield row

    def _cosine(self) -> float:
        return (1 + math.cos(math.pi * self.steps / self.total_steps)) / 2

    @torch.no_grad()
    def _scores_are_finite(self) -> list[bool]:
        # The loss is measured before a step: the last one may still ruin a network.
        return self.members(self.last_images).isfinite().flatten(1).all(1).tolist()

    def _count(self, split: str, scores: Tensor, labels: Tensor) -> None:
        self.sums[split] += (scores.detach().argmax(2) != labels).sum(1)
        self.seen[split] += labels.shape[-1]
