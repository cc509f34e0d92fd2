"""C1 and C3: how units are connected to the maps before them, and what they share."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.networks.accounting import KERNEL
from pipeline.networks.spec import Table


class TableConv2d(nn.Module):
    """A 5x5 convolution that connects output maps to input maps by a table (II.B, table I).

    `weight` is [connections, 25]: what the table does not connect is no parameter. Takes
    [batch, inputs, size, size], gives [batch, maps, out_size, out_size].
    """

    fan_in: Tensor

    def __init__(self, table: Table, *, inputs: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.weight, self.bias = _kernels(table, KERNEL**2, ())
        self.register_buffer("fan_in", _fan_in(table, KERNEL**2), persistent=False)
        self.wiring = Wiring(table, inputs=inputs)

    def forward(self, maps: Tensor) -> Tensor:
        kernels = self.wiring(self.weight).unflatten(-1, (-1, KERNEL, KERNEL))
        return F.conv2d(maps, kernels, self.bias, stride=self.stride)


class UnsharedTableConv2d(nn.Module):
    """`TableConv2d` without weight sharing: every position has kernels and biases of its own.

    `weight` is [positions, connections, 25], `bias` [positions, maps]. Takes
    [batch, inputs, in_size, in_size], gives [batch, maps, out_size, out_size].
    """

    fan_in: Tensor
    windows: Tensor

    def __init__(
        self, table: Table, *, inputs: int, in_size: int, out_size: int, stride: int
    ) -> None:
        super().__init__()
        self.out_size = out_size
        self.weight, self.bias = _kernels(table, KERNEL**2, (out_size * out_size,))
        self.register_buffer("fan_in", _fan_in(table, KERNEL**2), persistent=False)
        self.register_buffer("windows", _windows(inputs, in_size, stride), persistent=False)
        self.wiring = Wiring(table, inputs=inputs)

    def forward(self, maps: Tensor) -> Tensor:
        kernels = self.wiring(self.weight)
        # The batch comes last: a position's windows are then rows that lie together, and the
        # layer is one batched product over positions.
        pixels = maps.flatten(1).t().contiguous()
        windows = pixels.index_select(0, self.windows).unflatten(0, (len(kernels), -1))
        outputs = torch.baddbmm(self.bias[:, :, None], kernels, windows)
        return outputs.permute(2, 1, 0).unflatten(-1, (self.out_size, self.out_size))


class UntiedTableConv2d(UnsharedTableConv2d):
    """`UnsharedTableConv2d` whose positions start from equal kernels, those of `TableConv2d`."""


class WholeMapTableConv2d(nn.Module):
    """`TableConv2d` without locality: every unit sees the whole of its maps.

    `weight` is [positions, connections, in_size^2], `bias` [positions, maps]. Takes
    [batch, inputs, in_size, in_size], gives [batch, maps, out_size, out_size].
    """

    fan_in: Tensor

    def __init__(self, table: Table, *, inputs: int, in_size: int, out_size: int) -> None:
        super().__init__()
        self.out_size = out_size
        self.weight, self.bias = _kernels(table, in_size**2, (out_size * out_size,))
        self.register_buffer("fan_in", _fan_in(table, in_size**2), persistent=False)
        self.wiring = Wiring(table, inputs=inputs)

    def forward(self, maps: Tensor) -> Tensor:
        weights = self.wiring(self.weight).flatten(0, 1)
        outputs = F.linear(maps.flatten(1), weights, self.bias.flatten())
        outputs = outputs.unflatten(1, (self.out_size, self.out_size, -1))
        return outputs.permute(0, 3, 1, 2)


class Wiring(nn.Module):
    """Kernels [..., connections, taps] to dense ones [..., maps, inputs * taps], zero between."""

    slots: Tensor

    def __init__(self, table: Table, *, inputs: int) -> None:
        super().__init__()
        self.shape = (len(table), inputs)
        slots = [m * inputs + i for m, row in enumerate(table) for i in row]
        self.complete = slots == list(range(len(table) * inputs))
        self.register_buffer("slots", torch.tensor(slots), persistent=False)

    def forward(self, kernels: Tensor) -> Tensor:
        maps, inputs = self.shape
        if not self.complete:
            empty = kernels.new_zeros(*kernels.shape[:-2], maps * inputs, kernels.shape[-1])
            kernels = empty.index_copy(-2, self.slots, kernels)
        return kernels.reshape(*kernels.shape[:-2], maps, inputs * kernels.shape[-1])


def _kernels(
    table: Table, taps: int, positions: tuple[int, ...]
) -> tuple[nn.Parameter, nn.Parameter]:
    connections = sum(len(row) for row in table)
    weight = nn.Parameter(torch.empty(*positions, connections, taps))
    return weight, nn.Parameter(torch.empty(*positions, len(table)))


def _fan_in(table: Table, taps: int) -> Tensor:
    """F_i, the number of inputs of the unit that each connection feeds. Shape [connections, 1]."""
    return torch.tensor([float(taps * len(row)) for row in table for _ in row])[:, None]


def _windows(inputs: int, size: int, stride: int) -> Tensor:
    """Which pixels each position sees, position by position. Shape [positions * inputs * 25]."""
    pixels = torch.arange(inputs * size * size).view(inputs, size, size)
    windows = pixels.unfold(1, KERNEL, stride).unfold(2, KERNEL, stride)
    return windows.permute(1, 2, 0, 3, 4).flatten()
