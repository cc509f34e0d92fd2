"""A trained network as a function of images."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

from pipeline.native.network import native_network
from pipeline.networks.lenet5 import build
from pipeline.networks.spec import NetworkSpec

BATCH = 250  # images at once: their activations stay in a CPU's caches

Weights = Mapping[str, np.ndarray]


def rebuilt(spec: NetworkSpec, weights: Weights, device: torch.device) -> nn.Sequential:
    """The network that these trained parameters belong to."""
    network = build(spec, init="paper", seed=0).to(device)
    network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return network


class Scorer:
    """Scores images by a trained network: with the native kernels where there are some."""

    def __init__(self, spec: NetworkSpec, weights: Weights, device: torch.device) -> None:
        self.network = rebuilt(spec, weights, device)
        self.native = native_network(spec, device)

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> np.ndarray:
        """float32 [N, classes], larger for likelier classes, of uint8 images [N, size, size]."""
        if self.native is None:
            found = torch.cat([self.network(batch) for batch in images.split(BATCH)])
        else:
            parameters = parameters_to_vector(self.network.parameters())
            found = self.native.scores(parameters, images)
        return found.float().numpy(force=True)
