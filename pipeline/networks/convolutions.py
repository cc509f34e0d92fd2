"""C1 and C3: how units are connected to the maps before them, and what they share."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.networks.mechanisms import Connectivity, Table


class TableConv2d(nn.Module):
    """A convolution that connects output maps to input maps by a table (II.B, table I).

    A unit sees the same window in each map of its row of the table. Shared, all positions have
    the same kernels, as in the paper; otherwise each has kernels and biases of its own.

    `weight` is [connections, window^2], in the order of the table: what it does not connect is no
    parameter. `bias` is [maps]. Not shared, both have a dimension of positions before these, row
    by row. Takes [batch, inputs, in_size, in_size], gives [batch, maps, out_size, out_size].
    """

    slots: Tensor

    def __init__(
        self,
        table: Table,
        *,
        inputs: int,
        window: int,
        stride: int,
        out_size: int,
        connectivity: Connectivity,
    ) -> None:
        super().__init__()
        self.table, self.inputs, self.window, self.stride = table, inputs, window, stride
        self.connectivity = connectivity
        self.grid = (1, 1) if connectivity.shared else (out_size, out_size)
        positions = () if connectivity.shared else (out_size**2,)
        slots = [m * inputs + i for m, row in enumerate(table) for i in row]
        self.weight = nn.Parameter(torch.empty(*positions, len(slots), window**2))
        self.bias = nn.Parameter(torch.empty(*positions, len(table)))
        self.register_buffer("slots", torch.tensor(slots), persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        if self.connectivity.shared and maps.device.type == "cpu":
            # Nearly five times as fast as gathering windows. On a GPU, where models are stacked,
            # it would become a convolution in groups, one a model, for which GPUs are not made.
            return F.conv2d(maps, self.kernels()[0, 0], self.bias, stride=self.stride)
        return self.gathered(maps)

    def gathered(self, maps: Tensor) -> Tensor:
        """The windows that units see, times their kernels: one matrix product, or one a position.

        Shared kernels have a single position [1, 1], which stands for all; so have whole maps.
        """
        windows = maps.unfold(2, self.window, self.stride).unfold(3, self.window, self.stride)
        sums = torch.einsum("bcyxij,yxmcij->bmyx", windows, self.kernels())
        return sums + self.bias.view(*self.grid, -1).permute(2, 0, 1)

    def kernels(self) -> Tensor:
        """With zeros between what is connected: [y, x, maps, inputs, window, window]."""
        weight = self.weight.view(*self.grid, *self.weight.shape[-2:])
        zeros = weight.new_zeros(*self.grid, len(self.table) * self.inputs, self.window**2)
        kernels = zeros.index_copy(2, self.slots, weight)
        return kernels.view(*self.grid, -1, self.inputs, self.window, self.window)
