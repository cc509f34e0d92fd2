"""The layers of the 1998 paper that torch lacks, but for its convolutions."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from pipeline.networks.codes import output_codes


class InputCoding(nn.Module):
    """Pixels to the paper's grey levels: background -0.1, ink 1.175 (II.B).

    Takes uint8 [batch, frame, frame], gives float [1, field, field, batch]: the central `field`,
    and in memory, too, with the batch last if `relaid`.
    """

    def __init__(self, *, frame: int, field: int, relaid: bool) -> None:
        super().__init__()
        margin = (frame - field) // 2
        self.central = slice(margin, margin + field)
        self.relaid = relaid

    def forward(self, images: Tensor) -> Tensor:
        field = images[:, self.central, self.central]
        pixels = field.flatten(1).t()
        if self.relaid:
            pixels = pixels.contiguous()
        return (pixels * (1.275 / 255)).sub_(0.1).view(1, *field.shape[1:], -1)


class ScaledTanh(nn.Module):
    """f(a) = A tanh(S a) with A = 1.7159 and S = 2/3, so that f(1) = 1 (eq. 6, appendix A)."""

    def forward(self, activations: Tensor) -> Tensor:
        # By the logistic function, which torch computes ten times as fast as tanh; and in place,
        # since what these maps cost is memory more than arithmetic.
        return ((activations * (4 / 3)).sigmoid_() * (2 * 1.7159)).sub_(1.7159)


class TrainableSubsampling(nn.Module):
    """The sum of each 2x2 neighbourhood times a coefficient plus a bias, one pair a map (II.B).

    With `stride`, the maps come already thinned out and each unit reads one input. Takes
    [maps, size, size, batch], gives [maps, size / 2, size / 2, batch], or all of it with `stride`.
    """

    def __init__(self, maps: int, *, stride: bool) -> None:
        super().__init__()
        self.stride = stride
        self.coefficient = nn.Parameter(torch.empty(maps))
        self.bias = nn.Parameter(torch.empty(maps))

    def forward(self, maps: Tensor) -> Tensor:
        sums = maps if self.stride else folded(maps, torch.add)
        return (sums * self.coefficient[:, None, None, None]).add_(self.bias[:, None, None, None])


class AverageSubsampling(nn.Module):
    """The mean of each 2x2 neighbourhood."""

    def forward(self, maps: Tensor) -> Tensor:
        return folded(maps, torch.add) / 4


class MaxSubsampling(nn.Module):
    """The largest of each 2x2 neighbourhood."""

    def forward(self, maps: Tensor) -> Tensor:
        return folded(maps, torch.maximum)


class Rows(nn.Module):
    """All units of an image in a row: [maps, size, size, batch] to [batch, units]."""

    def forward(self, maps: Tensor) -> Tensor:
        return maps.flatten(0, 2).t()


def folded(maps: Tensor, join: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """2x2 neighbourhoods joined to one value: rows first, then columns."""
    rows = join(*maps.unflatten(1, (-1, 2)).unbind(2))
    return join(*rows.unflatten(2, (-1, 2)).unbind(3))


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
