"""Linear probes of the layers of a network, and the translation equivariance error of its maps.

A probe is a ridge regression onto the ten classes, in closed form. The error of a probe of the
network at initialisation shows how much the architecture contributes without any training.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.evaluation.reading import BATCH
from pipeline.networks.sizes import Layer
from pipeline.networks.spec import CLASSES, NetworkSpec
from pipeline.networks.summary import summarize
from pipeline.outputs.misclassified import NO_ANSWER

STRENGTHS = (1.0, 1e-1, 1e-2, 1e-3, 1e-4)  # of the ridge, a share of the units' own variance
CONSTANT = 1e-6  # units that vary less are left out
SHIFTED = 1000  # images on which the shift error is measured


@dataclass(frozen=True, kw_only=True)
class Views:
    """Images [N, 32, 32] to fit probes to, to choose their ridge on and to evaluate them on.

    Labels are int64.
    """

    fit: Tensor
    choose: Tensor
    judge: Tensor
    fit_labels: Tensor
    choose_labels: Tensor


def stages(spec: NetworkSpec) -> list[str]:
    """The layers that a stage ends in: all but the output, and no convolution before its S."""
    layers = summarize(spec).layers
    return [each.name for each, after in pairwise(layers) if not after.name.startswith("s")]


def compared(
    spec: NetworkSpec, trained: nn.Sequential, untrained: nn.Sequential, views: Views
) -> tuple[dict[str, np.ndarray], dict[str, list[str]]]:
    """All measurements of one network: arrays by name, and the names of their rows.

    `trained` and `untrained` are the answers of the probes of the `stages` on the `judge` images,
    uint8 [stages, N], `input` the same for the image itself, [N], and `shift_errors` float64 of
    the `layers` of maps.
    """
    names = stages(spec)
    found = probed(trained, views, ["input", *names])
    shifts = shift_errors(trained, spec, views.judge[:SHIFTED])
    arrays = {
        "input": found[0],
        "trained": found[1:],
        "untrained": probed(untrained, views, names),
        "shift_errors": np.array(list(shifts.values()), dtype=np.float64),
    }
    return arrays, {"stages": names, "layers": list(shifts)}


@torch.inference_mode()
def probed(network: nn.Sequential, views: Views, names: Sequence[str]) -> np.ndarray:
    """The answers of the probe of each layer, in the network's order, on the `judge` images.

    Uint8 [layers, N]; 255 throughout where activations are not numbers.
    """
    labels = views.fit_labels, views.choose_labels
    found = [_read(*units, *labels) for units in _stage_by_stage(network, views, names)]
    return torch.stack(found).to(torch.uint8).cpu().numpy()


@torch.inference_mode()
def shift_errors(network: nn.Sequential, spec: NetworkSpec, frames: Tensor) -> Mapping[str, float]:
    """By layer of maps: how far the maps of shifted images are from shifted maps of the images.

    The shift is one unit of the layer. In the maps' own s.d.: 0 where the layer is equivariant to
    translation, about 1.4 where the two have nothing in common. None without locality.
    """
    layers = [each for each in summarize(spec).layers if len(each.output_shape) == 3 and each.step]
    return {each.name: _shift_error(network, each, frames) for each in layers}


def _stage_by_stage(
    network: nn.Sequential, views: Views, names: Sequence[str]
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Of each named layer, behind its activation function: [N, units], on all three views.

    Only one stage is in memory at a time, from which the next is computed.
    """
    values = [list(each.split(BATCH)) for each in (views.fit, views.choose, views.judge)]
    layers = [name.removesuffix("_activation") for name, _ in network.named_children()]
    start = 0
    for name in names:
        end = len(layers) - layers[::-1].index(name)
        values = [[network[start:end](batch) for batch in batches] for batches in values]
        fit, choose, judge = (torch.cat(batches).flatten(1) for batches in values)
        yield fit, choose, judge
        start = end


def _outputs(network: nn.Sequential, frames: Tensor) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    values = frames
    for name, module in network.named_children():
        values = module(values)
        found[name.removesuffix("_activation")] = values
    return found


def _read(
    fit: Tensor, choose: Tensor, judge: Tensor, fit_labels: Tensor, choose_labels: Tensor
) -> Tensor:
    """The answers on `judge` of the ridge regression that does best on `choose`: [N]."""
    if not torch.isfinite(fit).all():
        return torch.full((len(judge),), NO_ANSWER, device=judge.device)
    spread, mean = torch.std_mean(fit.double(), dim=0)
    varies = spread > CONSTANT
    units = (fit[:, varies] - mean[varies].float()) / spread[varies].float()
    targets = nn.functional.one_hot(fit_labels, CLASSES).float()
    shares = targets.mean(dim=0)
    # In single precision, for these products are most of the work; the rest is cheap.
    covariance = (units.t() @ units / len(units)).double()
    moments = (units.t() @ (targets - shares) / len(units)).double()
    ridges = [
        _of_all_units(weights, mean, spread, varies) for weights in _solved(covariance, moments)
    ]

    def answers(values: Tensor, ridge: tuple[Tensor, Tensor]) -> Tensor:
        weights, offset = ridge
        return (values @ weights + offset + shares).argmax(1)

    best = min(ridges, key=lambda ridge: int((answers(choose, ridge) != choose_labels).sum()))
    return answers(judge, best)


def _solved(covariance: Tensor, moments: Tensor) -> Iterator[Tensor]:
    """The weights [units, classes] at every strength that can be solved: the largest always."""
    diagonal = covariance.diagonal()
    for before, strength in pairwise((0.0, *STRENGTHS)):
        diagonal.add_(strength - before)
        factor, failed = torch.linalg.cholesky_ex(covariance)
        if not failed:
            yield torch.cholesky_solve(moments, factor)


def _of_all_units(
    weights: Tensor, mean: Tensor, spread: Tensor, varies: Tensor
) -> tuple[Tensor, Tensor]:
    """Weights and offset for activations as they are, from those for units of mean 0, s.d. 1."""
    whole = torch.zeros(len(mean), weights.shape[1], dtype=weights.dtype, device=weights.device)
    whole[varies] = weights / spread[varies, None]
    return whole.float(), -(mean @ whole).float()


def _shift_error(network: nn.Sequential, layer: Layer, frames: Tensor) -> float:
    """Along a row: the frame has background enough at its sides for a unit's step."""
    shifted = frames.roll(layer.step, dims=2)
    maps, maps_of_shifted = (_outputs(network, each)[layer.name] for each in (frames, shifted))
    difference = maps_of_shifted[..., 1:] - maps[..., :-1]
    spread = maps - maps.mean(dim=(0, 2, 3), keepdim=True)
    return float((difference.square().mean() / spread.square().mean()).sqrt())
