"""What a trained network answers, image by image."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.networks.lenet5 import build
from pipeline.networks.spec import NetworkSpec

BATCH = 250
NO_ANSWER = 255


def rebuilt(
    spec: NetworkSpec, weights: Mapping[str, np.ndarray], device: torch.device
) -> nn.Sequential:
    """The network that these trained parameters belong to."""
    network = build(spec, init="paper", seed=0).to(device)
    network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return network


@torch.inference_mode()
def answers(network: nn.Module, frames: Tensor) -> np.ndarray:
    """The likeliest digit of each frame [N, 32, 32], uint8 [N].

    255 where two scores share the first place, or where scores are not numbers.
    """
    scores = torch.cat([network(batch) for batch in frames.split(BATCH)])
    best, digits = scores.max(dim=1)
    decided = (scores == best[:, None]).sum(dim=1) == 1
    return torch.where(decided, digits, NO_ANSWER).to(torch.uint8).cpu().numpy()
