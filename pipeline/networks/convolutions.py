"""C1 and C3: how units are connected to the maps before them, and what they share.

Maps are [maps, size, size, batch]: with the batch last, what one pixel is in all images lies
together in memory, and is moved, summed and multiplied as a whole.
"""

from math import isqrt

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.networks.accounting import KERNEL
from pipeline.networks.spec import Table


class TableConv2d(nn.Module):
    """A 5x5 convolution that connects output maps to input maps by a table (II.B, table I).

    `weight` is [connections, 25]: what the table does not connect is no parameter. Takes
    [inputs, in_size, in_size, batch], gives [maps, out_size, out_size, batch], an even `out_size`.
    """

    fan_in: Tensor

    def __init__(self, table: Table, *, inputs: int) -> None:
        super().__init__()
        self.weight, self.bias = _kernels(table, KERNEL**2, ())
        self.register_buffer("fan_in", _fan_in(table, KERNEL**2), persistent=False)
        self.wiring = Wiring(table, inputs=inputs)

    def forward(self, maps: Tensor) -> Tensor:
        kernels = self.wiring(self.weight).unflatten(-1, (-1, KERNEL, KERNEL))
        # Two rows of output at once, from kernels a row apart: the same products, in wider ones.
        upper, lower = F.pad(kernels, (0, 0, 0, 1)), F.pad(kernels, (0, 0, 1, 0))
        # To the convolution, all images are one wide image, whose next column is a batch away.
        outputs = F.conv2d(
            maps.flatten(2),
            torch.cat([upper, lower]),
            self.bias.repeat(2),
            stride=(2, 1),
            dilation=(1, maps.shape[-1]),
        )
        rows = outputs.unflatten(0, (2, -1)).permute(1, 2, 0, 3).flatten(1, 2)
        return rows.unflatten(2, (-1, maps.shape[-1]))


class ThinnedTableConv2d(TableConv2d):
    """`TableConv2d` that computes only the top left unit of each 2x2 neighbourhood."""

    windows: Tensor

    def __init__(self, table: Table, *, inputs: int, in_size: int) -> None:
        super().__init__(table, inputs=inputs)
        windows = _windows(inputs, in_size, stride=2)
        self.out_size = isqrt(len(windows))
        self.register_buffer("windows", windows.t().flatten(), persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        kernels = self.wiring(self.weight)
        windows = maps.flatten(0, 2).index_select(0, self.windows)
        windows = windows.view(kernels.shape[1], -1)
        outputs = torch.addmm(self.bias[:, None], kernels, windows)  # all positions at once
        return outputs.unflatten(1, (self.out_size, self.out_size, -1))


class UnsharedTableConv2d(nn.Module):
    """`TableConv2d` without weight sharing: every position has kernels and biases of its own.

    `weight` is [positions, connections, 25], `bias` [positions, maps]. Takes
    [inputs, in_size, in_size, batch], gives [maps, out_size, out_size, batch].
    """

    fan_in: Tensor
    windows: Tensor

    def __init__(
        self, table: Table, *, inputs: int, in_size: int, out_size: int, stride: int
    ) -> None:
        super().__init__()
        self.out_size = out_size
        self.weight, self.bias = _kernels(table, KERNEL**2, (out_size * out_size,))
        windows = _windows(inputs, in_size, stride=stride)
        self.register_buffer("fan_in", _fan_in(table, KERNEL**2), persistent=False)
        self.register_buffer("windows", windows.flatten(), persistent=False)
        self.wiring = Wiring(table, inputs=inputs)

    def forward(self, maps: Tensor) -> Tensor:
        kernels = self.wiring(self.weight)
        windows = maps.flatten(0, 2).index_select(0, self.windows)
        windows = windows.view(len(kernels), kernels.shape[-1], -1)
        outputs = torch.baddbmm(self.bias[:, :, None], kernels, windows)  # position by position
        return outputs.transpose(0, 1).unflatten(1, (self.out_size, self.out_size))


class UntiedTableConv2d(UnsharedTableConv2d):
    """`UnsharedTableConv2d` whose positions start from equal kernels, those of `TableConv2d`."""


class WholeMapTableConv2d(nn.Module):
    """`TableConv2d` without locality: every unit sees the whole of its maps.

    `weight` is [positions, connections, in_size^2], `bias` [positions, maps]. Takes
    [inputs, in_size, in_size, batch], gives [maps, out_size, out_size, batch].
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
        outputs = torch.addmm(self.bias.flatten()[:, None], weights, maps.flatten(0, 2))
        return outputs.unflatten(0, (self.out_size, self.out_size, -1)).movedim(2, 0)


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


def _windows(inputs: int, size: int, *, stride: int) -> Tensor:
    """Which pixels each position sees. Shape [positions, inputs * 25]."""
    pixels = torch.arange(inputs * size * size).view(inputs, size, size)
    windows = pixels.unfold(1, KERNEL, stride).unfold(2, KERNEL, stride)
    return windows.permute(1, 2, 0, 3, 4).flatten(2).flatten(0, 1)
