"""Adam for many networks at once, each with a learning rate of its own."""

import torch
from torch import Tensor, nn


class MembersAdam(torch.optim.Adam):
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
