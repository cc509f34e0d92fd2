"""Who will train: the slots of this machine, or the workers of a cluster that is joined."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import cycle, islice
from typing import Any

from pipeline.errors import UserError
from pipeline.training.devices import VISIBLE, Slot, local_slots, whole_number
from pipeline.training.identity import (
    identity_of,
    identity_told,
    kind,
    python_version,
    together,
    worker_code,
)
from pipeline.training.provenance import Environment, cpu_environment

SCHEDULER = "DASK_SCHEDULER_ADDRESS"
MIXED = "ABLATION_MIXED"


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Workers before one is started or asked."""

    environment: Environment
    """That of every cell which they train."""
    alike: bool
    places: int
    """How many there are."""
    slots: Sequence[Slot]
    """Of this machine; none where a cluster is joined."""
    scheduler: str | None

    @property
    def resource(self) -> str:
        """What each of them has, in Dask's words, and no other worker."""
        identity = identity_of(self.environment)
        return identity.resource if self.alike else identity.kin


def pool() -> Pool:
    """As the environment variables have it; a cluster is asked once in a process.

    Raises:
        UserError: If a cluster does not answer or has no workers, or if workers are not alike and
            `ABLATION_MIXED` does not allow it.
    """
    names = (SCHEDULER, MIXED, VISIBLE, "ABLATION_SLOTS_PER_GPU")
    return _pool(*(os.environ.get(name) for name in names))


def num_workers(num_jobs: int, *, places: int | None = None) -> int:
    """`ABLATION_WORKERS`, or one a place; never more than there are jobs.

    CPU cores of this machine may be shared by as many workers as are asked for; GPUs have as many
    as they have slots. `places` is how many a joined cluster has by now.
    """
    found = pool()
    places = found.places if places is None else places
    asked = whole_number("ABLATION_WORKERS", default=max(1, places))
    shared = any(not slot.visible for slot in found.slots)
    return min(asked, num_jobs) if shared else min(asked, places, num_jobs)


def slots_in_use() -> list[Slot]:
    """Those of this machine that serve: all, or as many workers as `ABLATION_WORKERS` says."""
    found = local_slots()
    asked = whole_number("ABLATION_WORKERS", default=len(found))
    return list(islice(cycle(found), asked)) if not found[0].visible else found[:asked]


@cache
def _pool(scheduler: str | None, mixed: str | None, *_: str | None) -> Pool:
    slots = [] if scheduler else local_slots()
    if scheduler:
        from pipeline.training.remote import joined_cluster, members

        with joined_cluster(scheduler) as client:
            told = members(client)
        _require_ours(told)
        found = [identity_told(each).environment for each in told]
    else:
        found = [replace(cpu_environment(), device=slot.device) for slot in slots]
    if not found:
        raise UserError(
            f"the cluster at {scheduler} must have workers: start some with `python -m pipeline "
            f"worker {scheduler}`."
        )
    alike = len(set(found)) == 1
    if not alike and mixed != "1":
        raise UserError(_unlike(found))
    return Pool(
        environment=together(found),
        alike=alike,
        places=len(found),
        slots=slots,
        scheduler=scheduler or None,
    )


def _require_ours(told: Sequence[Mapping[str, Any]]) -> None:
    """The same code and Python as this process, or the rest of what it tells means nothing."""
    python, code = python_version(), worker_code()
    for each in told:
        if each["python"] != python:
            raise UserError(
                f"every worker must have Python {python}, but one has {each['python']}."
            )
        if each["code"] != code:
            raise UserError(
                f"every worker must have the same code as this repository, {code[:12]}, but one "
                f"has {each['code'][:12]}: bring it up to date and start it again."
            )


def _unlike(found: Sequence[Environment]) -> str:
    kinds = sorted(set(map(kind, found)))
    return (
        f"all workers must be alike, or results would depend on which of them trained what, but "
        f"got {'; '.join(kinds)}. Choose some, or set {MIXED}=1: the report then says so."
    )
