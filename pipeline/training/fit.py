"""From tasks to results on one device, in this process."""

import logging
import time
import warnings
from collections.abc import Callable, Iterator, Sequence

import pytorch_lightning as pl
import torch
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from torch import Tensor

from pipeline.data.mnist import frame
from pipeline.execution.task import Result
from pipeline.native.network import native_network
from pipeline.networks.initialisation import generator
from pipeline.networks.lenet5 import build
from pipeline.training.classifier import Batch, Classifier, Row
from pipeline.training.images import Images
from pipeline.training.stacked import NativeModels, StackedModels
from pipeline.training.task import TrainingTask

EVALUATION_BATCH = 250
CHUNK = 100


class Batches:
    """Slices of one tensor that lies on the device whole: no workers, no copies between steps.

    With seeds, each model gets an order of its own, drawn for each epoch and keyed by seed
    and epoch alone, so that every variant gets the same batches. Comes in chunks of many batches,
    which are only cut when they are asked for.
    """

    def __init__(
        self,
        images: Tensor,
        labels: Tensor,
        indices: Tensor,
        *,
        batch_size: int,
        seeds: Sequence[int] = (),
    ) -> None:
        self.images, self.labels, self.indices = images, labels, indices
        self.batch_size, self.seeds = batch_size, seeds
        self.num_batches = -(-len(indices) // batch_size)
        self.epoch = 0

    def __len__(self) -> int:
        return -(-self.num_batches // CHUNK)

    def __iter__(self) -> Iterator[Iterator[Batch]]:
        indices = self.indices
        if self.seeds:
            orders = torch.stack([self._order(seed) for seed in self.seeds])
            indices = indices[orders.to(indices.device)]
            self.epoch += 1
        batches = indices.split(self.batch_size, dim=-1)
        for start in range(0, len(batches), CHUNK):
            yield self._cut(batches[start : start + CHUNK])

    def _order(self, seed: int) -> Tensor:
        draws = generator(seed, "order", f"epoch {self.epoch}")
        return torch.randperm(len(self.indices), generator=draws)

    def _cut(self, batches: Sequence[Tensor]) -> Iterator[Batch]:
        for batch in batches:
            images = self.images.index_select(0, batch.flatten())
            yield images.unflatten(0, batch.shape), self.labels[batch]


def train(
    tasks: Sequence[TrainingTask],
    digits: Images,
    *,
    device: torch.device,
    on_epoch: Callable[[int, Row], None],
) -> list[Result]:
    """Train the networks of tasks that differ in hyperparameters and seed alone, as one.

    A result's arrays are the network's parameters. `on_epoch` gets each row of each task's curve
    as a preview, with the task's index; the results have them all.
    """
    started = time.time()
    first, settings = tasks[0], [task.hyperparameters for task in tasks]
    training, validation = _batches(tasks, digits, device)
    classifier = Classifier(
        _models(tasks, device),
        learning_rates=[each.learning_rate for each in settings],
        j=None if settings[0].j is None else [each.j for each in settings if each.j is not None],
        total_steps=first.epochs * training.num_batches,
        on_epoch=on_epoch,
    )
    _quiet_trainer(device, first.epochs).fit(classifier, training, validation)
    ended = time.time()
    return [_result(classifier, model, started, ended) for model in range(len(tasks))]


def _models(tasks: Sequence[TrainingTask], device: torch.device) -> StackedModels:
    networks = [
        build(task.network, init=task.hyperparameters.init, seed=task.seed).to(device)
        for task in tasks
    ]
    native = native_network(tasks[0].network, device)
    return StackedModels(networks) if native is None else NativeModels(networks, native)


def _result(classifier: Classifier, model: int, started: float, ended: float) -> Result:
    history = classifier.histories[model]
    epochs = classifier.epoch_times[: len(history)]
    parameters = classifier.parameters_by_name(model)
    return Result(
        arrays={name: value.cpu().numpy() for name, value in parameters.items()},
        record={
            "history": history,
            "failure": classifier.failures[model],
            "timing": {"started": started, "ended": ended, "epochs": epochs},
        },
    )


def _batches(
    tasks: Sequence[TrainingTask], digits: Images, device: torch.device
) -> tuple[Batches, Batches | None]:
    """Training batches and held-out validation batches; both share the images on the device."""
    images = torch.from_numpy(frame(digits.images)).to(device)
    labels = torch.from_numpy(digits.labels).long().to(device)

    def batches(subset: str, batch_size: int, seeds: Sequence[int] = ()) -> Batches:
        indices = torch.from_numpy(digits.subsets[subset]).to(device)
        return Batches(images, labels, indices, batch_size=batch_size, seeds=seeds)

    first = tasks[0]
    training = batches(first.train_on, first.batch_size, [task.seed for task in tasks])
    validation = batches(first.validate_on, EVALUATION_BATCH) if first.validate_on else None
    return training, validation


def _quiet_trainer(device: torch.device, epochs: int) -> pl.Trainer:
    """A Trainer that only trains: no logger, no checkpoints, no bars, no guess at a cluster."""
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    # Lightning's own use of a name that torch is about to retire; and final trainings hold out no
    # images, on purpose.
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
