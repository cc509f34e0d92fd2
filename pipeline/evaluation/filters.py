"""Filters and feature maps of one network's first layer."""

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.networks.sizes import Layer
from pipeline.networks.spec import NetworkSpec
from pipeline.networks.summary import summarize

UNITS = 6  # of a first layer without maps: as many as C1 has maps
SHIFT = 4  # pixels, to the right


def filters_and_maps(
    spec: NetworkSpec, network: nn.Sequential, frame: Tensor
) -> dict[str, np.ndarray]:
    """`kernels` and `maps` of the first layer, float32, for an image [32, 32].

    `kernels` [positions, units, side, side] are the weights of units: in each map of units at two
    positions, a third and two thirds down the diagonal; without maps of the first few units, at
    one. `maps` [2, maps, size, size] are the layer's of the image, and of the image shifted by
    `SHIFT`; [2, 0, 0, 0] without maps.
    """
    first = summarize(spec).layers[0]
    return {
        "kernels": _kernels(network, first, frame).numpy(force=True),
        "maps": _maps(network, first, torch.stack([frame, frame.roll(SHIFT, dims=1)])),
    }


def _kernels(network: nn.Sequential, first: Layer, frame: Tensor) -> Tensor:
    """Units are linear in their inputs, so their gradients are their weights."""
    place = [name for name, _ in network.named_children()].index(first.name)
    read = network[0](frame[None]).detach().requires_grad_()
    units = network[1 : place + 1](read)
    if units.ndim == 2:
        return torch.stack([_slope(unit, read) for unit in units[0, :UNITS]])[None]
    thirds = [units.shape[-1] * third // 3 for third in (1, 2)]
    return torch.stack(
        [
            torch.stack([_window(_slope(unit, read), first, at) for unit in units[0, :, at, at]])
            for at in thirds
        ]
    )


def _slope(unit: Tensor, read: Tensor) -> Tensor:
    return torch.autograd.grad(unit, read, retain_graph=True)[0][0, 0]


def _window(weights: Tensor, first: Layer, at: int) -> Tensor:
    """The weights of the receptive field of a unit at this position of the diagonal."""
    start = at * first.step
    window = slice(start, start + first.receptive_field)
    return weights[window, window]


@torch.inference_mode()
def _maps(network: nn.Sequential, first: Layer, frames: Tensor) -> np.ndarray:
    if len(first.output_shape) == 1:
        return np.zeros((len(frames), 0, 0, 0), dtype=np.float32)
    names = [name.removesuffix("_activation") for name, _ in network.named_children()]
    activated = len(names) - names[::-1].index(first.name)
    return network[:activated](frames).numpy(force=True)
