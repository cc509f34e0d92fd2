"""Networks of one architecture, trained as one: by torch, or one by one by native kernels."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn.functional import cross_entropy
from torch.nn.utils import parameters_to_vector

from pipeline.native.network import NativeNetwork
from pipeline.training.optimizer import NativeAdam, StackedAdam


def criterion(scores: Tensor, labels: Tensor, j: Tensor | None) -> Tensor:
    """Each model's mean loss: cross-entropy, or the MAP criterion (eq. 9) where `j` is given.

    With scores that are minus the RBF distances, eq. 9 is cross-entropy with an eleventh,
    "rubbish" class whose score is always -j. Shapes [num_models, batch, classes],
    [num_models, batch] and [num_models], gives [num_models].
    """
    # DEPARTURE (II.C): the paper gives no value of j, so it is a hyperparameter of every variant.
    if j is not None:
        rubbish = -j[:, None, None].expand(-1, scores.shape[1], 1)
        scores = torch.cat([scores, rubbish], dim=2)
    losses = cross_entropy(scores.flatten(0, 1), labels.flatten(), reduction="none")
    return losses.view_as(labels).mean(1)


class StackedModels(nn.Module):
    """Networks whose parameters are the rows of one matrix, [num_models, parameters].

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
        if len(networks) == 1:  # vmap over one network only costs time
            for name, parameter in self.architecture.named_parameters():
                parameter.data = self.views[name].data[0]
            self.views |= self.architecture.named_parameters()

    def forward(self, images: Tensor) -> Tensor:
        """Scores [num_models, batch, classes] of images [num_models, batch, size, size].

        Or of [batch, size, size], the same for all models.
        """
        if len(self.rows) == 1:
            return self.architecture(images.view(-1, *images.shape[-2:]))[None]
        return vmap(self._scores, in_dims=(0, 0 if images.dim() == 4 else None))(
            self.views, images
        )

    def compute_gradients(
        self, images: Tensor, labels: Tensor, j: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Losses [num_models] and scores; the gradient of `rows` becomes that of each loss."""
        scores = self(images)
        losses = criterion(scores, labels, j)
        gradients = torch.autograd.grad(losses.sum(), list(self.views.values()))
        num_models = len(self.rows)
        self.rows.grad = torch.cat([each.reshape(num_models, -1) for each in gradients], dim=1)
        return losses.detach(), scores.detach()

    def optimizer(self, rates: Tensor) -> StackedAdam:
        """With a learning rate for each model, [num_models]."""
        return StackedAdam(self.rows, rates)

    def parameters_of(self, rows: Tensor) -> dict[str, Tensor]:
        """Parameters by name, [num_models, ...], of some `rows`."""
        parts = rows.detach().split([shape.numel() for shape in self.shapes.values()], dim=1)
        return {
            name: part.unflatten(1, shape)
            for (name, shape), part in zip(self.shapes.items(), parts, strict=True)
        }

    def _scores(self, parameters: dict[str, Tensor], images: Tensor) -> Tensor:
        return functional_call(self.architecture, parameters, images, tie_weights=False)


class NativeModels(StackedModels):
    """`StackedModels` by native kernels: model after model, so that each is what it is alone."""

    def __init__(self, networks: Sequence[nn.Module], native: NativeNetwork) -> None:
        super().__init__(networks)
        self.native = native

    def forward(self, images: Tensor) -> Tensor:
        images = images.expand(len(self.rows), *images.shape[-3:])
        return torch.stack(
            [self.native.scores(*each) for each in zip(self.rows, images, strict=True)]
        )

    def compute_gradients(
        self, images: Tensor, labels: Tensor, j: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        constants = [None] * len(self.rows) if j is None else j.tolist()
        steps = [
            self.native.compute_gradients(*each)
            for each in zip(self.rows.detach(), images, labels, constants, strict=True)
        ]
        scores, losses, gradients = map(torch.stack, zip(*steps, strict=True))
        self.rows.grad = gradients
        return losses, scores

    def optimizer(self, rates: Tensor) -> StackedAdam:
        return NativeAdam(self.rows, rates, self.native)
