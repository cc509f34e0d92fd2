"""A Dask cluster that is there already: joined by a coordinator, served by this machine's slots.

Anyone who reaches an open scheduler can run any code on all of its machines. Certificates come
from Dask's configuration (`DASK_DISTRIBUTED__COMM__TLS__...`).
"""

import asyncio
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from pipeline.execution.errors import UserError
from pipeline.execution.identity import Program
from pipeline.execution.local import nanny_class, worker_options, workers_prepared
from pipeline.execution.slots import Slot
from pipeline.execution.worker import INTRODUCTION

if TYPE_CHECKING:
    from distributed import Client

PAUSE_S = 1.0
REGISTERS_WITHIN_S = 120.0  # a worker that starts while the scheduler dies would try for ever
PATIENCE_S = 300.0  # of a coordinator, for a first worker or a scheduler that is gone
# Coordinator and workers take a connection that is silent for less than this as alive.
SETTINGS = {
    "distributed.comm.timeouts.tcp": "120s",
    "distributed.comm.timeouts.connect": "10s",
    "distributed.admin.large-graph-warning-threshold": "1GB",
}


@contextmanager
def joined_cluster(address: str) -> Iterator["Client"]:
    """A client of a scheduler that somebody else started.

    Raises:
        UserError: If nobody answers there, or not with the certificates that we have.
    """
    os.environ["DASK_LOGGING__DISTRIBUTED"] = "critical"  # read at import
    from dask import config
    from distributed import Client

    with config.set(SETTINGS):
        with _must_answer(address):
            client = Client(address, set_as_default=False)
        with client:
            yield client


def introductions(client: "Client") -> list[Mapping[str, Any]]:
    """The introduction of each worker, as soon as there is one; none if that takes minutes.

    Raises:
        UserError: If one was not started by `python -m pipeline worker`, or has not its GPU.
    """
    if not workers_of(client):
        print("no worker is there yet; waiting for one.", file=sys.stderr)
        with suppress(TimeoutError):
            client.wait_for_workers(1, timeout=PATIENCE_S)
    found: list[Mapping[str, Any]] = []
    for address, worker in workers_of(client).items():
        if INTRODUCTION not in worker:
            raise UserError(
                f"every worker must be started by `python -m pipeline worker`, but the one at "
                f"{address} was not."
            )
        introduction = dict(worker[INTRODUCTION])
        if problem := introduction.pop("problem"):
            raise UserError(f"{problem} So says the worker at {address}.")
        found.append(introduction)
    return found


def workers_of(client: "Client") -> Mapping[str, Mapping[str, Any]]:
    """What the scheduler knows of each worker, by address."""
    information: Any = client.scheduler_info()
    return information["workers"]


async def serve(
    address: str, slots: Sequence[Slot], program: Program, *, patience_s: float
) -> None:
    """Work for the scheduler until it has been gone for so many seconds.

    Raises:
        UserError: If there is none at the beginning, or if a worker cannot start.
    """
    os.environ["DASK_LOGGING__DISTRIBUTED"] = "critical"
    from dask import config

    with _must_answer(address):
        await _answer(address)
    with workers_prepared(slots, program), config.set(SETTINGS):
        await _Machine(address, slots, program, patience_s).serve()


class _Machine:
    """A worker on every slot, as long as there is a scheduler."""

    def __init__(
        self, address: str, slots: Sequence[Slot], program: Program, patience_s: float
    ) -> None:
        self.address, self.slots, self.program = address, slots, program
        self.patience_s = patience_s
        self.serving = 0

    async def serve(self) -> None:
        await asyncio.gather(*map(self._keep, self.slots))
        self._say(f"no scheduler at {self.address} for {self.patience_s:g} s: leaving.")

    async def _keep(self, slot: Slot) -> None:
        """Start a worker again whenever one has lost the scheduler and there is one."""
        options = worker_options(slot, self.program)
        while await self._wait(self.patience_s):
            try:
                nanny = nanny_class()(self.address, death_timeout=REGISTERS_WITHIN_S, **options)
                async with nanny:
                    self._count(1)
                    await nanny.finished()
                self._count(-1)
            except (OSError, RuntimeError) as problem:
                if await self._wait(0):  # otherwise the scheduler is gone
                    raise UserError(
                        f"workers must be able to start here, but got: {_reason(problem)}."
                    ) from problem

    async def _wait(self, patience_s: float) -> bool:
        """Whether the scheduler answers, asked until it does."""
        deadline = time.monotonic() + patience_s
        while True:
            with suppress(OSError):
                await _answer(self.address)
                return True
            if time.monotonic() >= deadline:
                return False
            await asyncio.sleep(PAUSE_S)

    def _count(self, change: int) -> None:
        self.serving += change
        if self.serving == len(self.slots):
            self._say(f"workers for {self.address}: {self.serving}")
        elif self.serving == 0:
            self._say(f"the scheduler at {self.address} is gone; waiting for it.")

    def _say(self, words: str) -> None:
        print(words, file=sys.stderr, flush=True)


async def _answer(address: str) -> None:
    from distributed import Security, rpc

    async with rpc(address, connection_args=Security().get_connection_args("client")) as scheduler:
        await scheduler.identity(n_workers=0)


@contextmanager
def _must_answer(address: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, TypeError, RuntimeError) as problem:
        raise UserError(
            f"a Dask scheduler must answer at {address!r}, but got: {_reason(problem)}."
        ) from problem


def _reason(problem: BaseException) -> str:
    """The first cause that has a message."""
    while problem.__cause__ and str(problem.__cause__):
        problem = problem.__cause__
    return " ".join(str(problem).split())[:400].rstrip(".") or repr(problem)
