"""Many networks of one architecture, trained as one."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn.utils import parameters_to_vector


class Members(nn.Module):
    """Networks whose parameters are the rows of one matrix, [members, parameters].

    What is done to `rows` element by element is done to each network, and none touches another.
    The networks must lie on the device where they are trained: moving them would tear them from
    their rows.
    """

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.architecture = networks[0]
        self.shapes = {name: p.shape for name, p in networks[0].named_parameters()}
        with torch.no_grad():
            rows = [parameters_to_vector(network.parameters()) for network in networks]
        self.rows = nn.Parameter(torch.stack(rows), requires_grad=False)
        self.views: dict[str, Tensor] = {
            name: view.requires_grad_() for name, view in self.parameters_of(self.rows).items()
        }
        if len(networks) == 1:  # with nothing to fuse, vmap only costs time
            for name, parameter in self.architecture.named_parameters():
                parameter.data = self.views[name].data[0]
            self.views |= self.architecture.named_parameters()

    def forward(self, images: Tensor) -> Tensor:
        """Scores [members, batch, 10] of images [members, batch, 32, 32].

        Or of [batch, 32, 32]: all members then see the same.
        """
        if len(self.rows) == 1:
            return self.architecture(images.view(-1, *images.shape[-2:]))[None]
        return vmap(self._scores, in_dims=(0, 0 if images.dim() == 4 else None))(
            self.views, images
        )

    def descend(self, losses: Tensor) -> None:
        """Set the gradient of `rows` to that of each member's loss; `losses` are [members]."""
        gradients = torch.autograd.grad(losses.sum(), list(self.views.values()))
        members = len(self.rows)
        self.rows.grad = torch.cat([each.reshape(members, -1) for each in gradients], dim=1)

    def parameters_of(self, rows: Tensor) -> dict[str, Tensor]:
        """Parameters by name, [members, ...], of some `rows`."""
        parts = rows.detach().split([shape.numel() for shape in self.shapes.values()], dim=1)
        return {
            name: part.unflatten(1, shape)
            for (name, shape), part in zip(self.shapes.items(), parts, strict=True)
        }

    def _scores(self, parameters: dict[str, Tensor], images: Tensor) -> Tensor:
        return functional_call(self.architecture, parameters, images, tie_weights=False)
