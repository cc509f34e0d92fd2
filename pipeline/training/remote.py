"""A Dask cluster that is there already: joined by a coordinator, served by this machine's slots.

Whoever reaches an open scheduler can run any code on all of its machines. Certificates come from
Dask's own configuration (`DASK_DISTRIBUTED__COMM__TLS__...`).
"""

import asyncio
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from pipeline.errors import UserError
from pipeline.training.cluster import (
    INTRODUCTION,
    nanny_class,
    worker_options,
    workers_prepared,
)
from pipeline.training.devices import Slot
from pipeline.training.identity import Identity, identity_told

if TYPE_CHECKING:
    from distributed import Client, Nanny

PAUSE_S = 1.0
PATIENCE_S = 300.0  # of a coordinator, for a first worker or a scheduler that is gone
# A network that is cut for less is not noticed by the two ends that are ours.
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


def members(client: "Client") -> list[Identity]:
    """What each worker of the cluster is, as soon as there is one; none if that takes minutes.

    Raises:
        UserError: If one was not started by `python -m pipeline worker`.
    """
    if not workers_of(client):
        print("no worker is there yet; waiting for one.", file=sys.stderr)
        with suppress(TimeoutError):
            client.wait_for_workers(1, timeout=PATIENCE_S)
    found: list[Identity] = []
    for address, worker in workers_of(client).items():
        if INTRODUCTION not in worker:
            raise UserError(
                f"every worker must be started by `python -m pipeline worker`, but the one at "
                f"{address} was not."
            )
        found.append(identity_told(worker[INTRODUCTION]))
    return found


def workers_of(client: "Client") -> Mapping[str, Mapping[str, Any]]:
    """What the scheduler knows of each worker, by address."""
    information: Any = client.scheduler_info()
    return information["workers"]


async def serve(address: str, slots: Sequence[Slot], *, patience_s: float) -> None:
    """Work for the scheduler until it has been gone for so many seconds.

    Raises:
        UserError: If there is none at the beginning, or if a worker cannot start.
    """
    os.environ["DASK_LOGGING__DISTRIBUTED"] = "critical"
    with _must_answer(address):
        await _answer(address)
    gone_since = time.monotonic()
    while time.monotonic() - gone_since < patience_s:
        with suppress(OSError):
            await _answer(address)
            await _serve_once(address, slots)
            print(f"the scheduler at {address} is gone; waiting for it.", file=sys.stderr)
            gone_since = time.monotonic()
        await asyncio.sleep(PAUSE_S)


async def _serve_once(address: str, slots: Sequence[Slot]) -> None:
    """With workers on all slots, until the last of them has lost the scheduler."""
    with workers_prepared(slots):
        async with AsyncExitStack() as stack:
            try:
                nannies = [await _started(address, slot, stack) for slot in slots]
            except (OSError, RuntimeError) as problem:
                await _answer(address)  # or it is the scheduler's fault
                reason = _reason(problem.__cause__ or problem)
                raise UserError(
                    f"workers must be able to start here, but got: {reason}."
                ) from problem
            print(f"workers for {address}: {len(nannies)}", file=sys.stderr, flush=True)
            await asyncio.gather(*(each.finished() for each in nannies))


async def _started(address: str, slot: Slot, stack: AsyncExitStack) -> "Nanny":
    nanny = nanny_class()(address, **worker_options(slot))
    return await stack.enter_async_context(nanny)


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
    """The first cause that has words."""
    while problem.__cause__ and str(problem.__cause__):
        problem = problem.__cause__
    return " ".join(str(problem).split())[:400].rstrip(".") or repr(problem)
