"""Initial values, keyed so that layers which two variants share start from the same numbers."""

import hashlib

import torch
from torch import Tensor, nn

from pipeline.networks.convolutions import TableConv2d
from pipeline.networks.layers import TrainableSubsampling

Weighted = TableConv2d | nn.Linear


def generator(seed: int, purpose: str, name: str) -> torch.Generator:
    """A stream of its own for each (seed, purpose, name), whatever else is drawn."""
    key = hashlib.sha256(f"{seed}/{purpose}/{name}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(key[:8], "big") >> 1)


@torch.no_grad()
def initialise(network: nn.Module, *, init: str, seed: int) -> None:
    """Draw every layer's initial values on the CPU, in place.

    Weights are uniform in +-2.4/F_i under `paper` (appendix A) and +-sqrt(3/F_i) under `fan_in`
    (unit variance for inputs of unit variance), where F_i counts a unit's inputs without the bias.
    """
    for name, layer in network.named_children():
        if isinstance(layer, TrainableSubsampling):
            # The paper does not say; the authors' own code starts every coefficient here.
            layer.coefficient.fill_(0.5)
            layer.bias.zero_()
        elif isinstance(layer, Weighted):
            fan_in = _fan_in(layer)
            # DEPARTURE (appendix A): `fan_in` is ours; `paper` lets the signal fade on the way to
            # F6, more in some variants than in others, so which of them is used is tuned.
            bound = 2.4 / fan_in if init == "paper" else (3 / fan_in) ** 0.5
            draws = torch.rand(_drawn_shape(layer), generator=generator(seed, "init", name))
            layer.weight.copy_((2 * draws - 1) * bound)
            layer.bias.zero_()  # the paper does not say; the authors' own code does this


def _drawn_shape(layer: Weighted) -> torch.Size:
    """Of the values drawn; untied positions share one draw, that of the shared kernels."""
    untied = isinstance(layer, TableConv2d) and layer.connectivity.equal_at_first
    return layer.weight.shape[1:] if untied else layer.weight.shape


def _fan_in(layer: Weighted) -> Tensor:
    """F_i, the number of inputs of the unit: one, or [connections, 1]."""
    if isinstance(layer, nn.Linear):
        return torch.tensor(float(layer.in_features))
    taps = layer.window**2
    return torch.tensor([[float(taps * len(row))] for row in layer.table for _ in row])
