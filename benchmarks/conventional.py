"""The recipe of most tutorials: a dataset of PIL images, a DataLoader, Lightning's defaults."""

import tempfile
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from benchmarks.stock import stock_loss

Sample = tuple[Tensor, int]


class Pictures(Dataset[Sample]):
    """As torchvision's MNIST with `ToTensor` and a normalisation: one image at a time."""

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        self.images, self.labels = images, labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> Sample:
        picture = Image.fromarray(self.images[index], mode="L")
        pixels = torch.from_numpy(np.array(picture, copy=True))[None].float().div(255)
        return pixels * 1.275 - 0.1, int(self.labels[index])


class Recipe(pl.LightningModule):
    def __init__(self, network: nn.Module, *, rate: float, j: float | None, steps: int) -> None:
        super().__init__()
        self.network, self.rate, self.j, self.steps = network, rate, j, steps

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        images, labels = batch
        loss = stock_loss(self.network(images), labels, self.j)
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.Adam(self.parameters(), lr=self.rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.steps)
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]


class Clock(pl.Callback):
    def __init__(self, turn: Callable[[float], None]) -> None:
        self.turn = turn

    def on_train_epoch_start(self, *_: Any) -> None:
        self.started = time.perf_counter()

    def on_train_epoch_end(self, *_: Any) -> None:
        self.turn(time.perf_counter() - self.started)


def fit(
    network: nn.Module,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    rate: float,
    j: float | None,
    batch_size: int,
    epochs: int,
    device: torch.device,
    turn: Callable[[float], None],
) -> None:
    """Train, and give the seconds of each epoch to `turn`, which may take its time."""
    warnings.filterwarnings("ignore", module="pytorch_lightning")
    loader = DataLoader(Pictures(images, labels), batch_size=batch_size, shuffle=True)
    recipe = Recipe(network, rate=rate, j=j, steps=epochs * len(loader))
    with tempfile.TemporaryDirectory() as folder:
        trainer = pl.Trainer(
            max_epochs=epochs,
            accelerator="gpu" if device.type == "cuda" else device.type,
            devices=1,
            default_root_dir=folder,
            callbacks=[Clock(turn)],
        )
        trainer.fit(recipe, loader)
