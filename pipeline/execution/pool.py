"""The workers of a stage: on the slots of this machine, or those of a cluster that is joined."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from pipeline.execution.cluster import introductions, joined_cluster
from pipeline.execution.errors import UserError
from pipeline.execution.identity import (
    Program,
    environment_here,
    identity_of,
    kind,
    python_version,
    read_identity,
    together,
)
from pipeline.execution.provenance import Environment
from pipeline.execution.slots import Slot, local_slots, whole_number

SCHEDULER = "DASK_SCHEDULER_ADDRESS"
MIXED = "ABLATION_MIXED"
WORKERS = "ABLATION_WORKERS"


@dataclass(frozen=True, kw_only=True)
class Pool:
    """The workers that a stage may use; none is started yet. Made by `open_pool`."""

    program: Program
    environment: Environment
    """That of every task which they compute."""
    alike: bool
    num_slots: int
    """How many workers there may be at once; more on CPU cores, where that is asked for."""
    slots: Sequence[Slot]
    """Of this machine; none where a cluster is joined."""
    scheduler: str | None

    @property
    def resource(self) -> str:
        """The Dask resource that each of them has, and no other worker."""
        identity = identity_of(self.program, self.environment)
        return identity.resource if self.alike else identity.same_code

    def num_workers(self, num_tasks: int, *, num_slots: int | None = None) -> int:
        """`ABLATION_WORKERS`, or one a slot; never more than there are tasks.

        CPU cores of this machine may be shared by as many workers as are asked for; GPUs have as
        many as they have slots. `num_slots` is how many a joined cluster has by now.
        """
        num_slots = self.num_slots if num_slots is None else num_slots
        asked = whole_number(WORKERS, default=max(1, num_slots))
        shared = any(not slot.visible for slot in self.slots)
        return min(asked, num_tasks) if shared else min(asked, num_slots, num_tasks)


def open_pool(program: Program) -> Pool:
    """As the environment variables have it. A cluster is asked which workers it has.

    Raises:
        UserError: If a cluster does not answer or has no workers, or if workers are not alike and
            `ABLATION_MIXED` does not allow it.
    """
    scheduler = os.environ.get(SCHEDULER) or None
    slots = [] if scheduler else local_slots()
    if scheduler:
        found = _environments_at(scheduler, program)
    else:
        here = {slot: environment_here(program, slot) for slot in set(slots)}
        found = [here[slot] for slot in slots]
    alike = len(set(found)) == 1
    if not alike and os.environ.get(MIXED) != "1":
        raise UserError(_unlike(found))
    return Pool(
        program=program,
        environment=together(found),
        alike=alike,
        num_slots=len(found),
        slots=slots,
        scheduler=scheduler,
    )


def slots_in_use() -> list[Slot]:
    """Those of this machine that serve: all, or as many workers as `ABLATION_WORKERS` says."""
    found = local_slots()
    asked = whole_number(WORKERS, default=len(found))
    return list(islice(cycle(found), asked)) if not found[0].visible else found[:asked]


def _environments_at(scheduler: str, program: Program) -> list[Environment]:
    with joined_cluster(scheduler) as client:
        found = introductions(client)
    _require_ours(found, program)
    if not found:
        raise UserError(
            f"the cluster at {scheduler} must have workers: start some with `python -m pipeline "
            f"worker {scheduler}`."
        )
    return [read_identity(each).environment for each in found]


def _require_ours(found: Sequence[Mapping[str, Any]], program: Program) -> None:
    """The same code and Python as this process; otherwise the rest of an introduction is void."""
    python, code = python_version(), program.code
    for each in found:
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
        f"all workers must be alike, or results would depend on which of them computed what, but "
        f"got {'; '.join(kinds)}. Choose some, or set {MIXED}=1: the report then says so."
    )
