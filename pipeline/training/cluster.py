"""A Dask cluster on this machine: one worker a CPU core, forked from one warm process."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distributed import Client, Nanny
    from distributed.core import Status

# glibc gives memory back after every step by default, and asks for it again in the next. Above
# these thresholds it keeps it: LeNet-5 trains about a fifth faster. Dask's own setting of 65536
# does the opposite and halves the speed, so it must not reach the workers.
ALLOCATOR = {
    "MALLOC_TRIM_THRESHOLD_": "1000000000",
    "MALLOC_MMAP_THRESHOLD_": "1000000000",
    "MALLOC_TOP_PAD_": "100000000",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",  # huge pages, where the kernel offers them
}
STARTS = 5  # a worker that dies as often before its first job has no place to live


@contextmanager
def local_cluster(workers: int) -> Iterator["Client"]:
    """A client of `workers` processes, on loopback and behind temporary TLS."""
    os.environ["DASK_LOGGING__DISTRIBUTED"] = "critical"  # read at import, here and in workers
    _start_forkserver()
    from dask import config
    from distributed import Client, Scheduler, Security, SpecCluster

    settings = {
        "distributed.worker.multiprocessing-method": "forkserver",
        "distributed.nanny.pre-spawn-environ": {},
        "distributed.scheduler.allowed-failures": 1,  # a cell whose worker died runs once more
        "distributed.scheduler.work-stealing": False,
        # An evaluation carries its network's weights, the largest 24 MB. Dask warns from 10 MB on
        # and advises `scatter`, which loses what it holds when a worker dies.
        "distributed.admin.large-graph-warning-threshold": "1GB",
        "distributed.comm.timeouts.connect": "60s",
    }
    security = Security.temporary()  # loopback is not private on a shared machine
    scheduler = {"host": "127.0.0.1", "port": 0, "security": security}
    worker = {"host": "127.0.0.1", "nthreads": 1, "memory_limit": 0, "security": security}
    addresses = {"dashboard_address": "127.0.0.1:0"}
    nanny = _nanny()
    with (
        config.set(settings),
        SpecCluster(
            workers={
                n: {"cls": nanny, "options": {**worker, **addresses}} for n in range(workers)
            },
            scheduler={"cls": Scheduler, "options": {**scheduler, **addresses}},
            security=security,
        ) as cluster,
        Client(cluster, security=security, set_as_default=False) as client,
    ):
        yield client


def _nanny() -> type["Nanny"]:
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


def _start_forkserver() -> None:
    """One process imports torch and Lightning; every worker is then forked from it.

    glibc reads its settings once, when a process starts: this is where workers get them from.
    Python's resource tracker starts here too; it would warn of semaphores at every interruption.
    """
    multiprocessing.set_forkserver_preload(["pipeline.training.fit", "distributed"])
    theirs = ALLOCATOR | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore:resource_tracker"}
    ours = {name: os.environ.get(name) for name in theirs}
    os.environ |= theirs
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's matter
    try:
        forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, handler)
        for name, value in ours.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
