"""The identity of a worker: results of two that are alike are the same, bit for bit."""

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from pipeline.execution.provenance import Environment, code_digest, cpu_environment
from pipeline.execution.slots import Slot

# What runs around tasks in a worker, and its introduction.
ENGINE = ("pipeline.execution.worker", "pipeline.execution.cluster")


@dataclass(frozen=True, kw_only=True)
class Program:
    """What the workers of a project run: coordinators and workers must have the same."""

    modules: Sequence[str]
    """Those of all kinds of tasks."""
    preload: Sequence[str] = ()
    """What takes long to import: once a machine, and workers are forked from it."""
    kernels: str = "torch"
    """Whose kernels compute on the CPU of this machine; on a GPU they are torch's."""

    @property
    def code(self) -> str:
        return code_digest(*self.modules, *ENGINE)


@dataclass(frozen=True, kw_only=True)
class Identity:
    python: str
    """Major and minor version, because tasks travel as pickles."""
    code: str
    """Digest of all that a worker runs."""
    environment: Environment

    @property
    def resource(self) -> str:
        """The name of what a worker has one of, so that Dask gives it the tasks meant for it."""
        return _resource(asdict(self))

    @property
    def same_code(self) -> str:
        """The same for all workers with this code and Python, whatever their machines."""
        return _resource({"python": self.python, "code": self.code})


def identity_here(program: Program, slot: Slot) -> Identity:
    """Of a worker on this slot of this machine."""
    return identity_of(program, environment_here(program, slot))


def identity_of(program: Program, environment: Environment) -> Identity:
    """Of a worker with our code and Python, wherever it is."""
    return Identity(python=python_version(), code=program.code, environment=environment)


def environment_here(program: Program, slot: Slot) -> Environment:
    """That of a worker on this slot of this machine."""
    if not slot.visible:
        return replace(cpu_environment(kernels=program.kernels), device=slot.device)
    return replace(cpu_environment(), device=slot.device, device_type="cuda")


def python_version() -> str:
    return ".".join(platform.python_version_tuple()[:2])


def read_identity(introduction: Mapping[str, Any]) -> Identity:
    """From the introduction of a worker, which is `asdict` of its identity."""
    environment = Environment(**introduction["environment"])
    return Identity(
        python=introduction["python"], code=introduction["code"], environment=environment
    )


def together(environments: Sequence[Environment]) -> Environment:
    """One environment for tasks that any of these may compute; its device names all kinds."""
    first = min(environments, key=kind)
    kinds = sorted({kind(environment) for environment in environments})
    return first if len(kinds) == 1 else replace(first, device=" and ".join(kinds))


def accepts(own: Environment, wanted: Environment) -> bool:
    """Whether a worker may compute what is wanted of this one, or of it `together` with others."""
    alone = replace(wanted, stack_size=own.stack_size)
    return alone == own or kind(own) in wanted.device


def kind(environment: Environment) -> str:
    """All that may differ between machines, for people."""
    return (
        f"{environment.device} ({environment.cpu_capability}, {environment.kernels} kernels, "
        f"torch {environment.torch}, numpy {environment.numpy}, "
        f"Lightning {environment.pytorch_lightning})"
    )


def _resource(words: dict[str, Any]) -> str:
    text = json.dumps(words, sort_keys=True)
    return f"ablation-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
