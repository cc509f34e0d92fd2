"""The layers of the 1998 paper that torch lacks, but for its convolutions."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

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
