"""How far each stage of a network has come: what a linear classifier reads off it.

A probe is a ridge regression onto the ten classes, in closed form. What it reads off the network
as it began, before any training, tells what the stage's wiring alone is worth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.evaluation.reading import BATCH, NO_ANSWER
from pipeline.networks.accounting import CLASSES, account
from pipeline.networks.sizes import Layer
from pipeline.networks.spec import NetworkSpec

STRENGTHS = (1.0, 1e-1, 1e-2, 1e-3, 1e-4)  # of the ridge, a share of the units' own variance
CONSTANT = 1e-6  # units that vary less say nothing


@dataclass(frozen=True, kw_only=True)
class Views:
    """Images [N, 32, 32] that probes are fitted to, chosen on and judged on; labels of the first.

    Labels are int64.
    """

    fit: Tensor
    choose: Tensor
    judge: Tensor
    fit_labels: Tensor
    choose_labels: Tensor


def stages(spec: NetworkSpec) -> list[str]:
    """The layers that a stage ends in: all but the output, and no convolution before its S."""
    layers = account(spec).layers
    return [each.name for each, after in pairwise(layers) if not after.name.startswith("s")]


@torch.inference_mode()
def probed(network: nn.Sequential, views: Views, names: Sequence[str]) -> np.ndarray:
    """What the probe of each layer answers on the images to judge, uint8 [layers, N].

    255 throughout where activations are not numbers.
    """
    fit, choose, judge = (
        _activations(network, names, frames) for frames in (views.fit, views.choose, views.judge)
    )
    labels = views.fit_labels, views.choose_labels
    found = [_read(fit[name], choose[name], judge[name], *labels) for name in names]
    return torch.stack(found).to(torch.uint8).cpu().numpy()


@torch.inference_mode()
def shift_errors(network: nn.Sequential, spec: NetworkSpec, frames: Tensor) -> Mapping[str, float]:
    """By layer of maps: how far the maps of shifted images are from shifted maps of the images.

    The shift is one unit of the layer. In units of a map's own s.d.: 0 where a feature is found
    wherever it appears, about 1.4 where the two have nothing in common. None without locality.
    """
    layers = [each for each in account(spec).layers if len(each.output_shape) == 3 and each.step]
    return {each.name: _shift_error(network, each, frames) for each in layers}


def _activations(
    network: nn.Sequential, names: Sequence[str], frames: Tensor
) -> dict[str, Tensor]:
    """Of the named layers, behind their squashing: [N, units]."""
    batches = [_outputs(network, batch) for batch in frames.split(BATCH)]
    return {name: torch.cat([_rows(batch[name]) for batch in batches]) for name in names}


def _outputs(network: nn.Sequential, frames: Tensor) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    values = frames
    for name, module in network.named_children():
        values = module(values)
        found[name.removesuffix("_squash")] = values
    return found


def _rows(values: Tensor) -> Tensor:
    """Maps [maps, size, size, batch], or units [batch, units], as [batch, units]."""
    return values.flatten(0, 2).t() if values.ndim == 4 else values


def _read(
    fit: Tensor, choose: Tensor, judge: Tensor, fit_labels: Tensor, choose_labels: Tensor
) -> Tensor:
    """The answers on `judge` of the ridge regression that does best on `choose`: [N]."""
    if not torch.isfinite(fit).all():
        return torch.full((len(judge),), NO_ANSWER, device=judge.device)
    mean, spread = fit.double().mean(dim=0), fit.double().std(dim=0)
    varies = spread > CONSTANT
    mean, spread = mean[varies].float(), spread[varies].float()

    def standardised(values: Tensor) -> Tensor:
        return (values[:, varies] - mean) / spread

    units = standardised(fit)
    targets = nn.functional.one_hot(fit_labels, CLASSES).float()
    shares = targets.mean(dim=0)
    # In single precision, for these products are most of the work; the rest is cheap.
    covariance = (units.t() @ units / len(units)).double()
    moments = (units.t() @ (targets - shares) / len(units)).double()
    ridges = [_solved(covariance, moments, strength).float() for strength in STRENGTHS]
    others = standardised(choose)
    missed = [((others @ each + shares).argmax(1) != choose_labels).sum() for each in ridges]
    best = min(range(len(ridges)), key=lambda place: int(missed[place]))
    return (standardised(judge) @ ridges[best] + shares).argmax(1)


def _solved(covariance: Tensor, moments: Tensor, strength: float) -> Tensor:
    ridge = strength * torch.eye(len(covariance), dtype=torch.double, device=covariance.device)
    return torch.cholesky_solve(moments, torch.linalg.cholesky(covariance + ridge))


def _shift_error(network: nn.Sequential, layer: Layer, frames: Tensor) -> float:
    """Along a row: the frame has background enough at its sides for a unit's step."""
    shifted = frames.roll(layer.step, dims=2)
    maps, maps_of_shifted = (_outputs(network, each)[layer.name] for each in (frames, shifted))
    difference = maps_of_shifted[:, :, 1:] - maps[:, :, :-1]
    spread = maps - maps.mean(dim=(1, 2, 3), keepdim=True)
    return float((difference.square().mean() / spread.square().mean()).sqrt())
