"""Adam for many networks at once, each with a learning rate of its own."""

import torch
from torch import Tensor, nn

from pipeline.native.network import NativeNetwork


class StackedAdam(torch.optim.Adam):
    """Adam (Kingma and Ba 2015) on a matrix whose rows are networks.

    Torch's own has one learning rate for all rows: it finds the direction, and each row then goes
    as far as its own rate says.
    """

    def __init__(self, rows: nn.Parameter, rates: Tensor) -> None:
        self.rows, self.rates = rows, rates[:, None]
        self.direction = nn.Parameter(torch.zeros_like(rows))
        super().__init__([self.direction], lr=1.0, fused=True)

    @torch.no_grad()
    def step_by(self, share: float) -> None:
        """One step along `rows.grad`, with this share of every rate; uses up the gradient."""
        self.direction.grad, self.rows.grad = self.rows.grad, None
        self.direction.zero_()
        self.step()
        self.rows.addcmul_(self.direction, self.rates * share)


class NativeAdam(StackedAdam):
    """`StackedAdam` by native kernels: the same bytes on every CPU that has their instructions."""

    def __init__(self, rows: nn.Parameter, rates: Tensor, native: NativeNetwork) -> None:
        super().__init__(rows, rates)
        self.native, self.steps = native, 0
        self.moments = [(torch.zeros_like(row), torch.zeros_like(row)) for row in rows.detach()]

    def step_by(self, share: float) -> None:
        assert self.rows.grad is not None
        self.steps += 1
        each = zip(self.rows.detach(), self.rows.grad, self.moments, self.rates, strict=True)
        for row, gradient, moments, rate in each:
            self.native.adam(row, gradient, *moments, rate=rate.item() * share, step=self.steps)
        self.rows.grad = None
