"""What a worker is: results of two that are alike are the same, bit for bit."""

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from pipeline.training.provenance import Environment, code_digest, cpu_environment

# What a worker runs, and how it tells what it is.
WORKER_CODE = ("pipeline.training.tasks", "pipeline.training.remote", "pipeline.evaluation.jobs")


@dataclass(frozen=True, kw_only=True)
class Identity:
    python: str
    """Major and minor version, because jobs travel as pickles."""
    code: str
    """Digest of all that a worker runs."""
    environment: Environment

    @property
    def resource(self) -> str:
        """The name of what a worker has one of, so that Dask gives it the jobs meant for it."""
        return _resource(asdict(self))

    @property
    def kin(self) -> str:
        """The same for all workers with this code and Python, whatever their machines."""
        return _resource({"python": self.python, "code": self.code})


def identity_here(device: str) -> Identity:
    """Of a worker on this machine and this device."""
    return identity_of(replace(cpu_environment(), device=device))


def identity_of(environment: Environment) -> Identity:
    """Of a worker with our code and Python, wherever it is."""
    return Identity(python=python_version(), code=worker_code(), environment=environment)


def python_version() -> str:
    return ".".join(platform.python_version_tuple()[:2])


def worker_code() -> str:
    digests = "".join(map(code_digest, WORKER_CODE))
    return hashlib.sha256(digests.encode()).hexdigest()


def identity_told(told: Mapping[str, Any]) -> Identity:
    """From what a worker said of itself, which was `asdict` of the same."""
    environment = Environment(**told["environment"])
    return Identity(python=told["python"], code=told["code"], environment=environment)


def together(environments: Sequence[Environment]) -> Environment:
    """One environment for cells that any of these may train; its device names all kinds."""
    first = min(environments, key=kind)
    kinds = sorted({kind(environment) for environment in environments})
    return first if len(kinds) == 1 else replace(first, device=" and ".join(kinds))


def kind(environment: Environment) -> str:
    """All that may differ between machines, for people."""
    return (
        f"{environment.device} ({environment.cpu_capability}, torch {environment.torch}, numpy "
        f"{environment.numpy}, Lightning {environment.pytorch_lightning})"
    )


def _resource(words: dict[str, Any]) -> str:
    text = json.dumps(words, sort_keys=True)
    return f"ablation-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
