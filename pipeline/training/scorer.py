"""A trained network as a function from images to scores."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector

from pipeline.native.network import native_network
from pipeline.networks.lenet5 import build
from pipeline.networks.spec import NetworkSpec

BATCH = 250  # images at once: what a layer gives for them stays in a CPU's caches


class Scorer:
    """The network that `spec` and trained parameters describe; native where there are kernels."""

    def __init__(
        self, spec: NetworkSpec, weights: Mapping[str, np.ndarray], device: torch.device
    ) -> None:
        self.network = build(spec, init="paper", seed=0).to(device)
        named = {name: torch.from_numpy(array) for name, array in weights.items()}
        self.network.load_state_dict(named)
        self.native = native_network(spec, device)

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        """Scores [N, classes] of uint8 images [N, frame, frame]."""
        if self.native is None:
            return torch.cat([self.network(batch) for batch in images.split(BATCH)])
        return self.native.scores(parameters_to_vector(self.network.parameters()), images)
