"""The networks of the standard study as most people would write them, from stock layers."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.networks.codes import output_codes
from pipeline.networks.spec import NetworkSpec


class Tanh(nn.Module):
    def forward(self, units: Tensor) -> Tensor:
        return 1.7159 * torch.tanh(2 / 3 * units)


class Subsampling(nn.Module):
    """Four times the mean of four units, or one unit, with a coefficient and a bias a map."""

    def __init__(self, maps: int, *, stride: bool) -> None:
        super().__init__()
        self.pool = None if stride else nn.AvgPool2d(2)
        self.coefficient = nn.Parameter(torch.full((maps, 1, 1), 0.5))
        self.bias = nn.Parameter(torch.zeros(maps, 1, 1))

    def forward(self, maps: Tensor) -> Tensor:
        sums = maps if self.pool is None else 4 * self.pool(maps)
        return self.coefficient * sums + self.bias


class Unshared(nn.Module):
    """A 5x5 convolution with kernels of its own at each position, through `unfold`."""

    def __init__(self, inputs: int, maps: int, size: int) -> None:
        super().__init__()
        self.size = size
        scale = (inputs * 25) ** -0.5
        self.weight = nn.Parameter(scale * torch.randn(size * size, maps, inputs * 25))
        self.bias = nn.Parameter(torch.zeros(maps, size * size))

    def forward(self, maps: Tensor) -> Tensor:
        windows = F.unfold(maps, 5)
        sums = torch.einsum("bkp,pmk->bmp", windows, self.weight) + self.bias
        return sums.unflatten(2, (self.size, self.size))


class RBF(nn.Module):
    codes: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("codes", output_codes())

    def forward(self, units: Tensor) -> Tensor:
        return -(units[:, None] - self.codes).square().sum(2)


def stock(spec: NetworkSpec) -> nn.Module:
    """Takes grey levels [batch, 1, side, side], gives scores [batch, 10].

    C3 is connected completely: a stock convolution has no table.
    """
    if spec.hidden_sizes:
        widths = (28 * 28, *spec.hidden_sizes)
        hidden = [layer for pair in pairwise(widths) for layer in (nn.Linear(*pair), Tanh())]
        return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(widths[-1], 10))
    stride = spec.subsampling == "stride"

    def convolution(inputs: int, maps: int, size: int) -> nn.Module:
        if spec.connectivity == "unshared":
            return Unshared(inputs, maps, size)
        return nn.Conv2d(inputs, maps, 5, stride=2 if stride else 1)

    def stage(inputs: int, maps: int, size: int) -> list[nn.Module]:
        pooled = Subsampling(maps, stride=stride)
        return [convolution(inputs, maps, size), Tanh(), pooled, Tanh()]

    return nn.Sequential(
        *stage(1, 6, 28),
        *stage(6, 16, 10),
        nn.Flatten(),
        *(nn.Linear(400, 120), Tanh(), nn.Linear(120, 84), Tanh()),
        RBF() if spec.output == "rbf" else nn.Linear(84, 10),
    )


def stock_loss(scores: Tensor, labels: Tensor, j: float | None) -> Tensor:
    if j is not None:
        scores = torch.cat([scores, scores.new_full((len(scores), 1), -j)], dim=1)
    return F.cross_entropy(scores, labels)
