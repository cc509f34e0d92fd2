"""Many networks of one architecture, trained as one."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn.utils import parameters_to_vector


class Members(nn.Module):
    """Networks whose parameters are the rows of one matrix, [members, parameters].

    What is done to `rows` element by element is done to each network, and none touches another.
    """

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.rows = nn.Parameter(
            torch.stack([parameters_to_vector(network.parameters()) for network in networks])
        )
        self.architecture = networks[0].requires_grad_(False)  # its own values are never read
        self.shapes = {name: p.shape for name, p in networks[0].named_parameters()}

    def forward(self, images: Tensor) -> Tensor:
        """Scores [members, batch, 10] of images [members, batch, 32, 32].

        Or of [batch, 32, 32]: all members then see the same.
        """
        parameters = self.parameters_of(self.rows)
        if len(self.rows) == 1:  # with nothing to fuse, vmap only costs time
            alone = {name: values.squeeze(0) for name, values in parameters.items()}
            return self._scores(alone, images.view(-1, *images.shape[-2:]))[None]
        return vmap(self._scores, in_dims=(0, 0 if images.dim() == 4 else None))(
            parameters, images
        )

    def parameters_of(self, rows: Tensor) -> dict[str, Tensor]:
        """Parameters by name, [members, ...], of some `rows`."""
        parts = rows.split([shape.numel() for shape in self.shapes.values()], dim=1)
        return {
            name: part.unflatten(1, shape)
            for (name, shape), part in zip(self.shapes.items(), parts, strict=True)
        }

    def _scores(self, parameters: dict[str, Tensor], images: Tensor) -> Tensor:
        return functional_call(self.architecture, parameters, images, tie_weights=False)
