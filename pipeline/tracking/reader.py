"""How a logged network is loaded and asked; a model must not need this project.

A logged model has a copy of this module and of `pipeline/networks` in a package of its own name.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from pipeline.networks.lenet5 import build
from pipeline.networks.spec import NetworkSpec

BATCH = 250  # always, for the last bits of a score depend on it
FRAME = 32


class Reader:
    """A trained network that reads digits."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network

    def predict(self, images: Any, params: object = None) -> dict[str, np.ndarray]:  # noqa: ARG002
        """The digit and ten scores of each image.

        Args:
            images: uint8 [N, 28, 28], grey levels as in MNIST's files: 0 is paper, 255 is ink.
            params: MLflow passes some; there are none.

        Returns:
            `digit` int64 [N] and `scores` float32 [N, 10]; the highest score is the digit's.
        """
        with torch.inference_mode():
            batches = torch.from_numpy(np.ascontiguousarray(images)).split(BATCH)
            scores = torch.cat([self._scores(batch) for batch in batches]).numpy()
        return {"digit": scores.argmax(axis=1), "scores": scores}

    def _scores(self, images: Tensor) -> Tensor:
        margin = (FRAME - images.shape[-1]) // 2
        frames = torch.zeros(BATCH, FRAME, FRAME, dtype=torch.uint8)
        frames[: len(images), margin:-margin, margin:-margin] = images
        return self.network(frames)[: len(images)]


def _load_pyfunc(path: str) -> Reader:
    """MLflow calls it by this name."""
    configuration = json.loads(Path(path, "network.json").read_text(encoding="utf8"))
    network = build(NetworkSpec.from_dict(configuration), init="paper", seed=0)
    network.load_state_dict(load_file(Path(path, "weights.safetensors")))
    return Reader(network)
