"""The slots of this machine, one for each worker: on its GPUs, or else on its CPU cores."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

from pipeline.execution.errors import UserError
from pipeline.execution.provenance import cpu_environment

VISIBLE = "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """A GPU, or the part of one that MIG made."""

    index: int
    """As `nvidia-smi` counts; parts share that of their GPU."""
    uuid: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Slot:
    """Room for one worker."""

    visible: str
    """The UUID of the one GPU that it sees; empty on a CPU."""
    device: str


def local_slots() -> list[Slot]:
    """As the environment variables have it.

    Raises:
        UserError: If they ask for a GPU that is not there, or for a number of slots that is none.
    """
    return slots(
        gpus(),
        chosen=os.environ.get(VISIBLE),
        per_gpu=whole_number("ABLATION_SLOTS_PER_GPU", default=1),
        cores=num_cores(),
        cpu=cpu_environment().device,
    )


def num_cores() -> int:
    """Those that this process may use, or all where the system does not report them."""
    if hasattr(os, "sched_getaffinity"):  # macOS has none
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def slots(
    gpus: Sequence[Gpu], *, chosen: str | None, per_gpu: int, cores: int, cpu: str
) -> list[Slot]:
    """Which GPU each worker gets; `chosen` is what `CUDA_VISIBLE_DEVICES` says, if anything.

    Every GPU has one worker before any has two, so that a few spread over all.
    """
    if used := _chosen(gpus, chosen):
        return [Slot(visible=gpu.uuid, device=gpu.name) for _ in range(per_gpu) for gpu in used]
    return [Slot(visible="", device=cpu)] * cores


def _chosen(gpus: Sequence[Gpu], chosen: str | None) -> list[Gpu]:
    if chosen is None:
        return list(gpus)
    if chosen.strip() in ("", "-1"):  # CUDA's own ways to say none
        return []
    found = [gpu for word in chosen.split(",") for gpu in _named(word.strip(), gpus)]
    return list(dict.fromkeys(found))


def _named(word: str, gpus: Sequence[Gpu]) -> list[Gpu]:
    """By index, or by the beginning of a UUID."""
    if word.isdecimal():
        found = [gpu for gpu in gpus if gpu.index == int(word)]
    else:
        found = [gpu for gpu in gpus if word and gpu.uuid.startswith(word)]
    if not found:
        there = ", ".join(f"{gpu.index} ({gpu.uuid})" for gpu in gpus) or "none"
        raise UserError(
            f"`{VISIBLE}` must name GPUs that torch can use here, which are {there}, but got "
            f"{word!r}."
        )
    return found


def gpus() -> list[Gpu]:
    """Those of the driver; none for a torch that was built without CUDA."""
    if version("torch").endswith("+cpu") or not (program := shutil.which("nvidia-smi")):
        return []
    try:
        listed = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        listed = subprocess.CompletedProcess([], 1, "no answer within a minute")
    if listed.returncode:
        reason = " ".join(listed.stdout.split())
        print(f"nvidia-smi finds no GPU ({reason}): training on the CPU.", file=sys.stderr)
        return []
    return parsed(listed.stdout)


def missing_gpu() -> str | None:
    """Why torch cannot use the GPU that this process is to see; None if it can, or has none."""
    import torch

    visible = os.environ.get(VISIBLE)
    if not visible or torch.cuda.is_available():
        return None
    return (
        f"torch must find the GPU {visible}, but it finds none: does it fit the driver? "
        f"`{VISIBLE}=` trains on the CPU."
    )


def parsed(listing: str) -> list[Gpu]:
    """What `nvidia-smi -L` prints. A GPU that is cut into parts is none itself."""
    found: list[Gpu] = []
    index, name = 0, ""
    for line in listing.splitlines():
        if whole := re.match(r"GPU (\d+): (.*) \(UUID: (GPU-[^)]*)\)", line):
            index, name = int(whole[1]), whole[2]
            found.append(Gpu(index=index, uuid=whole[3], name=name))
        elif part := re.match(r"\s+(MIG \S+)\s+Device\s+\d+: \(UUID: (MIG-[^)]*)\)", line):
            found = [gpu for gpu in found if gpu.index != index or gpu.name != name]
            found.append(Gpu(index=index, uuid=part[2], name=f"{name} {part[1]}"))
    return found


def whole_number(variable: str, *, default: int) -> int:
    """The value of an environment variable.

    Raises:
        UserError: If it is set, and not to a whole number of at least 1.
    """
    text = os.environ.get(variable, "") or str(default)
    if not text.isdecimal() or int(text) < 1:
        raise UserError(f"`{variable}` must be a whole number of at least 1, but got {text!r}.")
    return int(text)
