"""Workers as processes of this machine, one a slot, for a local cluster or one that is joined."""

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from importlib import import_module
from multiprocessing import forkserver
from typing import TYPE_CHECKING, Any

from pipeline.execution.identity import Program, identity_here
from pipeline.execution.slots import VISIBLE, Slot
from pipeline.execution.worker import INTRODUCTION, Introduction

if TYPE_CHECKING:
    from distributed import Client, Nanny
    from distributed.core import Status

# glibc gives memory back after every step by default, and asks for it again in the next. Above
# these thresholds it keeps it: small networks train about a fifth faster. Dask's own setting of
# 65536 does the opposite and halves the speed, so it must not reach the workers.
ALLOCATOR = {
    "MALLOC_TRIM_THRESHOLD_": "1000000000",
    "MALLOC_MMAP_THRESHOLD_": "1000000000",
    "MALLOC_TOP_PAD_": "100000000",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",  # huge pages, where the kernel offers them
}
PROCESS = ALLOCATOR | {
    "OMP_NUM_THREADS": "1",
    "PYTHONWARNINGS": "ignore:resource_tracker",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # or cuBLAS does not repeat itself
}
STARTS = 5  # a worker that dies as often before its first task cannot live here


@contextmanager
def local_cluster(slots: Sequence[Slot], program: Program) -> Iterator["Client"]:
    """A client of workers on these slots, on loopback and behind temporary TLS."""
    with workers_prepared(slots, program):
        from distributed import Client, Scheduler, Security, SpecCluster

        security = Security.temporary()  # loopback is not private on a shared machine
        addresses = {"dashboard_address": "127.0.0.1:0"}
        here = {"host": "127.0.0.1", "security": security, **addresses}
        nanny = nanny_class()
        with (
            SpecCluster(
                workers={
                    n: {"cls": nanny, "options": {**worker_options(slot, program), **here}}
                    for n, slot in enumerate(slots)
                },
                scheduler={"cls": Scheduler, "options": {"port": 0, **here}},
                security=security,
            ) as cluster,
            Client(cluster, security=security, set_as_default=False) as client,
        ):
            yield client


@contextmanager
def workers_prepared(slots: Sequence[Slot], program: Program) -> Iterator[None]:
    """Around the start of workers: Dask with our settings, and what they are forked from.

    On a GPU each is a new process: what CUDA knows of the GPUs must not come from a parent.
    """
    spawned = any(slot.visible for slot in slots)
    os.environ["DASK_LOGGING__DISTRIBUTED"] = "critical"  # read at import, here and in workers
    if not spawned:
        _start_forkserver(program.preload)
    import_module("distributed")  # or its defaults would be forgotten with our settings
    from dask import config

    settings = {
        "distributed.worker.multiprocessing-method": "spawn" if spawned else "forkserver",
        "distributed.nanny.pre-spawn-environ": {},
        "distributed.worker.profile.enabled": False,  # or it samples each worker's stack
        "distributed.scheduler.allowed-failures": 1,  # a task whose worker died runs once more
        "distributed.scheduler.work-stealing": False,
        # Tasks may carry large arrays. Dask warns from 10 MB on and advises `scatter`, which loses
        # what it holds when a worker dies.
        "distributed.admin.large-graph-warning-threshold": "1GB",
        "distributed.comm.timeouts.connect": "60s",
    }
    with config.set(settings), _process_environment() if spawned else nullcontext():
        yield


def worker_options(slot: Slot, program: Program) -> dict[str, Any]:
    """One thread, one task at a time, and an introduction by which a coordinator knows it."""
    identity = identity_here(program, slot)
    return {
        "nthreads": 1,
        "memory_limit": 0,
        "env": {VISIBLE: slot.visible},
        "resources": {identity.resource: 1, identity.same_code: 1},
        "startup_information": {INTRODUCTION: Introduction(identity)},
    }


def nanny_class() -> type["Nanny"]:
    from distributed import Nanny
    from distributed.core import Status

    class Keeper(Nanny):
        """Dask replaces a worker that dies; but if the first dies as it starts, it gives up."""

        async def instantiate(self) -> "Status":
            for _ in range(STARTS - 1):
                status = await super().instantiate()
                if status != Status.stopped or self.status != Status.init:
                    return status
            return await super().instantiate()

    return Keeper


def _start_forkserver(preload: Sequence[str]) -> None:
    """One process imports what takes long; every worker is then forked from it.

    glibc reads its settings once, when a process starts: this is where workers get them from.
    Python's resource tracker starts here too; it would warn of semaphores at every interruption.
    """
    multiprocessing.set_forkserver_preload([*preload, "distributed"])
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's matter
    try:
        with _process_environment():
            forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, handler)


@contextmanager
def _process_environment() -> Iterator[None]:
    """Environment variables for processes started meanwhile; restored afterwards."""
    ours = {name: os.environ.get(name) for name in PROCESS}
    os.environ |= PROCESS
    try:
        yield
    finally:
        for name, value in ours.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
