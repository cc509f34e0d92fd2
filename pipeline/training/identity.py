"""What a worker is: results of two that are alike are the same, bit for bit."""

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from pipeline.training.provenance import Environment, code_digest, cpu_environment

WORKER_CODE = "pipeline.training.tasks"


@dataclass(frozen=True, kw_only=True)
class Identity:
    python: str
    """Major and minor version: jobs travel as pickles."""
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
    return Identity(
        python=".".join(platform.python_version_tuple()[:2]),
        code=code_digest(WORKER_CODE),
        environment=replace(cpu_environment(), device=device),
    )


def identity_told(told: Mapping[str, Any]) -> Identity:
    """From what a worker said of itself, which was `asdict` of the same."""
    environment = Environment(**told["environment"])
    return Identity(python=told["python"], code=told["code"], environment=environment)


def together(environments: Sequence[Environment]) -> Environment:
    """One environment for cells that any of these may train: where they differ, all are named."""
    each = [asdict(environment) for environment in environments]
    differing = {
        field: " and ".join(sorted({one[field] for one in each}))
        for field in each[0]
        if len({one[field] for one in each}) > 1
    }
    return replace(environments[0], **differing)


def _resource(words: dict[str, Any]) -> str:
    text = json.dumps(words, sort_keys=True)
    return f"ablation-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
