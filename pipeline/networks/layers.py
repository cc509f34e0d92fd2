"""The layers of the 1998 paper that torch lacks, but for its convolutions."""

import torch
from torch import Tensor, nn


class InputCoding(nn.Module):
    """Pixels to the paper's grey levels: background -0.1, ink 1.175 (II.B).

    Takes uint8 [batch, size, size], gives float [batch, 1, field, field]: the central `field`.
    """

    def __init__(self, field: int) -> None:
        super().__init__()
        self.field = field

    def forward(self, images: Tensor) -> Tensor:
        margin = (images.shape[-1] - self.field) // 2
        central = slice(margin, margin + self.field)
        return images[:, None, central, central] * (1.275 / 255) - 0.1


class ScaledTanh(nn.Module):
    """f(a) = A tanh(S a) with A = 1.7159 and S = 2/3, so that f(1) = 1 (eq. 6, appendix A)."""

    def forward(self, activations: Tensor) -> Tensor:
        return 1.7159 * torch.tanh(2 / 3 * activations)


class TrainableSubsampling(nn.Module):
    """The sum of each 2x2 neighbourhood times a coefficient plus a bias, one pair a map (II.B).

    With `stride`, the maps come already thinned out and each unit reads one input. Takes
    [batch, maps, size, size], gives [batch, maps, size / 2, size / 2], or all of it with `stride`.
    """

    def __init__(self, maps: int, *, stride: bool) -> None:
        super().__init__()
        self.sum = nn.Identity() if stride else nn.AvgPool2d(2, divisor_override=1)
        self.coefficient = nn.Parameter(torch.empty(maps))
        self.bias = nn.Parameter(torch.empty(maps))

    def forward(self, maps: Tensor) -> Tensor:
        return self.coefficient[:, None, None] * self.sum(maps) + self.bias[:, None, None]


class EuclideanRBF(nn.Module):
    """Minus the squared distance of F6 to each class's fixed code (eq. 7): larger is likelier.

    `codes` are [classes, units]. Takes [batch, units], gives [batch, classes].
    """

    codes: Tensor

    def __init__(self, codes: Tensor) -> None:
        super().__init__()
        self.register_buffer("codes", codes, persistent=False)

    def forward(self, units: Tensor) -> Tensor:
        # |x - w|^2 = |x|^2 - 2 x w + |w|^2
        squares = units.square().sum(1, keepdim=True) + self.codes.square().sum(1)
        return 2 * units @ self.codes.t() - squares
