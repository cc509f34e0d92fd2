"""The layers of the 1998 paper that torch lacks."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.networks.accounting import KERNEL, Table
from pipeline.networks.codes import output_codes


class InputCoding(nn.Module):
    """Pixels to the paper's grey levels: background -0.1, ink 1.175 (II.B).

    Takes uint8 [batch, frame, frame], gives float [batch, 1, field, field]: the central `field`.
    """

    def __init__(self, *, frame: int, field: int) -> None:
        super().__init__()
        margin = (frame - field) // 2
        self.central = slice(margin, margin + field)

    def forward(self, images: Tensor) -> Tensor:
        return images[:, None, self.central, self.central] * (1.275 / 255) - 0.1


class ScaledTanh(nn.Module):
    """f(a) = A tanh(S a) with A = 1.7159 and S = 2/3, so that f(1) = 1 (eq. 6, appendix A)."""

    def forward(self, activations: Tensor) -> Tensor:
        return 1.7159 * torch.tanh(activations * (2 / 3))


class TableConv2d(nn.Module):
    """A 5x5 convolution that connects output maps to input maps by a table (II.B, table I).

    `weight` is [connections, 25]: what the table does not connect is no parameter. Takes
    [batch, inputs, size, size], gives [batch, maps, out_size, out_size].
    """

    def __init__(self, table: Table, *, inputs: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.weight, self.bias = _kernels(table, ())
        self.register_buffer("fan_in", _fan_in(table), persistent=False)
        self.wiring = Wiring(table, inputs=inputs)

    def forward(self, maps: Tensor) -> Tensor:
        kernels = self.wiring(self.weight).unflatten(-1, (-1, KERNEL, KERNEL))
        return F.conv2d(maps, kernels, self.bias, stride=self.stride)


class UnsharedTableConv2d(nn.Module):
    """`TableConv2d` without weight sharing: every position has kernels and biases of its own.

    `weight` is [positions, connections, 25], `bias` [positions, maps]. Takes
    [batch, inputs, in_size, in_size], gives [batch, maps, out_size, out_size].
    """

    windows: Tensor

    def __init__(
        self, table: Table, *, inputs: int, in_size: int, out_size: int, stride: int
    ) -> None:
        super().__init__()
        self.out_size = out_size
        self.weight, self.bias = _kernels(table, (out_size * out_size,))
        self.register_buffer("fan_in", _fan_in(table), persistent=False)
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


class Wiring(nn.Module):
    """Kernels [..., connections, 25] to dense ones [..., maps, inputs * 25], zero between."""

    slots: Tensor

    def __init__(self, table: Table, *, inputs: int) -> None:
        super().__init__()
        self.dense_shape = (len(table), inputs * KERNEL * KERNEL)
        slots = [m * inputs + i for m, row in enumerate(table) for i in row]
        self.complete = slots == list(range(len(table) * inputs))
        self.num_slots = len(table) * inputs
        self.register_buffer("slots", torch.tensor(slots), persistent=False)

    def forward(self, kernels: Tensor) -> Tensor:
        if not self.complete:
            empty = kernels.new_zeros(*kernels.shape[:-2], self.num_slots, kernels.shape[-1])
            kernels = empty.index_copy(-2, self.slots, kernels)
        return kernels.reshape(*kernels.shape[:-2], *self.dense_shape)


class TrainableSubsampling(nn.Module):
    """The sum of each 2x2 neighbourhood times a coefficient plus a bias, one pair a map (II.B).

    With `stride`, the maps come already thinned out and each unit reads one input.
    """

    def __init__(self, maps: int, *, stride: bool) -> None:
        super().__init__()
        self.stride = stride
        self.coefficient = nn.Parameter(torch.empty(maps))
        self.bias = nn.Parameter(torch.empty(maps))

    def forward(self, maps: Tensor) -> Tensor:
        sums = maps if self.stride else F.avg_pool2d(maps, 2, divisor_override=1)
        return sums * self.coefficient[:, None, None] + self.bias[:, None, None]


class EuclideanRBF(nn.Module):
    """Minus the squared distance of F6 to each digit's fixed code (eq. 7): larger is likelier.

    Takes [batch, 84], gives [batch, 10].
    """

    codes: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("codes", output_codes(), persistent=False)

    def forward(self, units: Tensor) -> Tensor:
        # |x - w|^2 with |w|^2 = 84: the cells of a code are +1 and -1.
        squares = units.square().sum(1, keepdim=True) + self.codes.shape[1]
        return 2 * units @ self.codes.t() - squares


def _kernels(table: Table, places: tuple[int, ...]) -> tuple[nn.Parameter, nn.Parameter]:
    connections = sum(len(row) for row in table)
    weight = nn.Parameter(torch.empty(*places, connections, KERNEL * KERNEL))
    return weight, nn.Parameter(torch.empty(*places, len(table)))


def _fan_in(table: Table) -> Tensor:
    """F_i, the number of inputs of the unit that each connection feeds. Shape [connections, 1]."""
    return torch.tensor([float(KERNEL**2 * len(row)) for row in table for _ in row])[:, None]


def _windows(inputs: int, size: int, stride: int) -> Tensor:
    """Which pixels each position sees, position by position. Shape [positions * inputs * 25]."""
    pixels = torch.arange(inputs * size * size).view(inputs, size, size)
    windows = pixels.unfold(1, KERNEL, stride).unfold(2, KERNEL, stride)
    return windows.permute(1, 2, 0, 3, 4).flatten()
