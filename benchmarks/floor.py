"""How fast this machine could be: its arithmetic, its memory, and what an epoch asks of them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import torch

from pipeline.networks.sizes import FLOAT
from pipeline.networks.spec import NetworkSpec
from pipeline.networks.summary import summarize

SIDE = 2048
COPIED = 2**28
REPEATS = 7
# Adam reads and writes the weights and two means, and reads the gradient that a step has written.
ADAM_PASSES = 8
# Units are written and read on the way up, and their gradients on the way down.
UNIT_PASSES = 4


@dataclass(frozen=True, kw_only=True)
class Rates:
    """What one thread, or one GPU, does a second."""

    macs: float
    """Multiply-accumulates of a product of two large matrices in single precision."""
    bytes: float
    """Read and written by a copy of 256 MiB."""


def measured_rates(device: torch.device) -> Rates:
    square = torch.rand(SIDE, SIDE, device=device)
    source = torch.empty(COPIED, dtype=torch.uint8, device=device).fill_(1)
    target = torch.empty_like(source)
    product = _seconds(lambda: square @ square, device)
    copy = _seconds(lambda: target.copy_(source), device)
    return Rates(macs=SIDE**3 / product, bytes=2 * COPIED / copy)


def floor_seconds(spec: NetworkSpec, rates: Rates, *, images: int, batch_size: int) -> float:
    """Of an epoch: the slower of its arithmetic and its traffic, each at the full rate.

    The forward pass costs the summary's multiply-accumulates; on the way back each layer costs
    them for its weights, and each but the first once more for what it reads.
    """
    sizes = summarize(spec)
    macs = images * (3 * sizes.macs - sizes.layers[0].macs)
    traffic = images * UNIT_PASSES * sizes.activation_bytes
    traffic += images / batch_size * ADAM_PASSES * FLOAT * sizes.parameters
    return max(macs / rates.macs, traffic / rates.bytes)


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    found: list[float] = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        found.append(time.perf_counter() - started)
    return median(found[1:])
