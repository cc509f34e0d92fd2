"""From cell to result on one device, in this process."""

import logging
import time
import warnings
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pytorch_lightning as pl
import torch
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from torch import Tensor, nn

from pipeline.data.mnist import frame
from pipeline.networks.initialisation import generator
from pipeline.networks.lenet5 import build
from pipeline.training.cells import EvaluationCell, Result, TrainingCell
from pipeline.training.classifier import Classifier, Row
from pipeline.training.images import Images

EVALUATION_BATCH = 1000


class Batches:
    """Slices of one tensor that lies on the device whole: no workers, no copies between steps.

    With a seed, the order is drawn anew for each epoch, keyed by seed and epoch alone, so that
    every variant sees the same batches.
    """

    def __init__(
        self,
        images: Tensor,
        labels: Tensor,
        indices: Tensor,
        *,
        batch_size: int,
        seed: int | None = None,
    ) -> None:
        self.images, self.labels, self.indices = images, labels, indices
        self.batch_size, self.seed = batch_size, seed
        self.epoch = 0

    def __len__(self) -> int:
        return -(-len(self.indices) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        indices = self.indices
        if self.seed is not None:
            draws = generator(self.seed, "order", f"epoch {self.epoch}")
            order = torch.randperm(len(indices), generator=draws)
            indices = indices[order.to(indices.device)]
            self.epoch += 1
        for batch in indices.split(self.batch_size):
            yield self.images[batch], self.labels[batch]


def train(
    cell: TrainingCell,
    digits: Images,
    *,
    device: torch.device,
    on_epoch: Callable[[Row], None],
) -> Result:
    """Train the network of a cell. The result's arrays are its parameters.

    `on_epoch` gets each row of the curve as a preview; the result has them all.
    """
    started = time.time()
    training, validation = _batches(cell, digits, device)
    classifier = Classifier(
        build(cell.network, init=cell.hyperparameters.init, seed=cell.seed),
        learning_rate=cell.hyperparameters.learning_rate,
        j=cell.hyperparameters.j,
        total_steps=cell.epochs * len(training),
        on_epoch=on_epoch,
    )
    _quiet_trainer(device, cell.epochs).fit(classifier, training, validation)
    return Result(
        arrays=_arrays(classifier.network),
        record={
            "history": classifier.history,
            "failure": classifier.failure,
            "timing": {
                "started": started,
                "ended": time.time(),
                "epochs": classifier.epoch_times,
            },
        },
    )


@torch.inference_mode()
def evaluate(
    cell: EvaluationCell,
    weights: Mapping[str, np.ndarray],
    digits: Images,
    *,
    device: torch.device,
) -> Result:
    """Show a trained network a set of images. The result's `scores` are float32 [N, 10]."""
    started = time.time()
    network = build(cell.network, init="paper", seed=0).to(device)
    network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    images = torch.from_numpy(frame(digits.images)).to(device)
    scores = torch.cat([network(batch) for batch in images.split(EVALUATION_BATCH)])
    return Result(
        arrays={"scores": scores.float().cpu().numpy()},
        record={
            "failure": None,
            "timing": {"started": started, "ended": time.time(), "epochs": []},
        },
    )


def _batches(
    cell: TrainingCell, digits: Images, device: torch.device
) -> tuple[Batches, Batches | None]:
    """What a cell trains on, and what it only looks at; both share the images on the device."""
    images = torch.from_numpy(frame(digits.images)).to(device)
    labels = torch.from_numpy(digits.labels).long().to(device)

    def batches(subset: str, batch_size: int, seed: int | None) -> Batches:
        indices = torch.from_numpy(digits.subsets[subset]).to(device)
        return Batches(images, labels, indices, batch_size=batch_size, seed=seed)

    training = batches(cell.train_on, cell.batch_size, cell.seed)
    validation = batches(cell.validate_on, EVALUATION_BATCH, None) if cell.validate_on else None
    return training, validation


def _quiet_trainer(device: torch.device, epochs: int) -> pl.Trainer:
    """A Trainer that only trains: no logger, no checkpoints, no bars, no guess at a cluster."""
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    # Lightning's own use of a name that torch is about to retire; and final trainings hold no
    # images back, on purpose.
    for message in (".*LeafSpec", ".*have no `val_dataloader`"):
        warnings.filterwarnings("ignore", message=message, module="pytorch_lightning")
    return pl.Trainer(
        accelerator=device.type,
        devices=[device.index or 0] if device.type == "cuda" else 1,
        max_epochs=epochs,
        deterministic=True,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        plugins=[LightningEnvironment()],
    )


def _arrays(network: nn.Module) -> dict[str, np.ndarray]:
    return {name: value.cpu().numpy() for name, value in network.state_dict().items()}
