"""A stage's way to its workers: opened when one is first missing, and again when it broke."""

import pickle
import queue
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pipeline.errors import UserError
from pipeline.training.cells import Result
from pipeline.training.cluster import local_cluster
from pipeline.training.images import Images
from pipeline.training.pool import num_workers, pool
from pipeline.training.remote import PATIENCE_S, joined_cluster, members, workers_of
from pipeline.training.shipping import digits_plugin, in_memory, name_of, ship
from pipeline.training.tasks import TOPIC, Errand, Job

if TYPE_CHECKING:
    from distributed import Client, Future

LOOK_S = 2.0  # how often a joined cluster is asked for workers that came or went


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """A preview from a worker: one row of a curve that is still growing."""

    key: str
    row: Mapping[str, float]
    at: float
    """When the epoch ended, as the record of the cell will say, too."""


@dataclass(frozen=True, kw_only=True)
class Begun:
    """From a worker that takes up a job."""

    key: str
    at: float
    """When, as the record of the job will say, too."""


class SchedulerGoneError(Exception):
    """What was handed out is lost."""


class _Lost:
    """In place of a future, for what could not be handed out."""

    status = "cancelled"

    def result(self, timeout: float) -> Any:  # noqa: ARG002
        raise CancelledError

    def add_done_callback(self, _: Callable[[Any], None]) -> None: ...

    def release(self) -> None: ...


class Connection:
    """To a cluster of this machine's slots, or to one that is joined.

    `limit` is how many groups can be worked on at once; in a joined cluster it changes.
    """

    def __init__(self, digits: Images, *, most: int) -> None:
        self.pool, self.limit, self.most = pool(), num_workers(most), most
        self.digits, self.mark = digits, uuid4()
        self.events: queue.Queue[Any] = queue.Queue()
        self.client: Client | None = None
        self._open = ExitStack()
        self._look_at, self._said = 0.0, ""

    @cached_property
    def digits_name(self) -> str:
        return name_of(self.digits)

    def submit(self, jobs: Sequence[Job], *, name: str) -> "Future | _Lost":
        """Hand out a group; when it is done, its future is an event."""
        from distributed.client import ClosedClientError

        self.client = self.client or self._started()
        try:
            future = self.client.submit(
                pickle.loads,
                pickle.dumps(Errand(jobs, self.digits_name)),
                key=f"{name} {self.mark}",
                pure=False,
                resources={self.pool.resource: 1},
            )
        except ClosedClientError:
            self.events.put(lost := _Lost())
            return lost
        future.add_done_callback(self.events.put)
        return future

    def results(self, future: "Future | _Lost") -> list[Result] | None:
        """Those of a future that is done, or what its job raised.

        None if its worker died with them: they are computed again, and it will be an event again.

        Raises:
            SchedulerGoneError: Then every future is lost that is not an event by now.
        """
        while True:
            try:
                return future.result(timeout=LOOK_S)
            except CancelledError as problem:
                raise SchedulerGoneError from problem
            except OSError as problem:
                if future.status == "error":
                    raise
                if not isinstance(problem, TimeoutError):
                    raise SchedulerGoneError from problem
                if future.status != "finished":
                    future.add_done_callback(self.events.put)
                    return None

    def event(self) -> "Epoch | Begun | Future | _Lost | None":
        """The next one; None now and then in a joined cluster, where `limit` may have changed."""
        if self.pool.scheduler is None:
            return self.events.get()
        if time.monotonic() > self._look_at:
            self._look()
            return None
        try:
            return self.events.get(timeout=LOOK_S)
        except queue.Empty:
            return None

    def reopen(self) -> None:
        """As soon as the scheduler answers again; what was handed out is forgotten.

        Raises:
            UserError: If it does not for minutes.
        """
        print("the scheduler is gone; waiting for it.", file=sys.stderr)
        deadline = time.monotonic() + PATIENCE_S
        self.close()
        while self.client is None:
            try:
                self.client = self._started()
            except (OSError, UserError):
                self.close()
                if self.pool.scheduler is None or time.monotonic() > deadline:
                    raise
                time.sleep(LOOK_S)
        print("the scheduler is back.", file=sys.stderr)

    def close(self) -> None:
        self.client = None
        self._open.close()

    def _started(self) -> "Client":
        here = self.pool
        if here.scheduler is None:
            slots = list(islice(cycle(here.slots), self.limit))
            client = self._open.enter_context(local_cluster(slots))
            members(client)  # or one has not its GPU
            digits = self._open.enter_context(in_memory(self.digits))
        else:
            digits = self.digits
            client = self._open.enter_context(joined_cluster(here.scheduler))
        # This and a future's callback run on the client's own loop: they must only pass things on.
        client.subscribe_topic(TOPIC, lambda event: self.events.put(_message(event[1])))
        ship(partial(digits_plugin, digits, self.digits_name), client)
        return client

    def _look(self) -> None:
        """How many workers a joined cluster has now for these jobs; said when some have none."""
        assert self.client is not None
        self._look_at = time.monotonic() + LOOK_S
        try:
            known = workers_of(self.client).values()
        except (OSError, CancelledError, KeyError):
            return  # the futures will tell
        places = sum(self.pool.resource in worker["resources"] for worker in known)
        said = _shortage(places, len(known))
        if said and said != self._said:
            print(said, file=sys.stderr)
        self._said = said
        self.limit = num_workers(self.most, places=max(1, places))


def _shortage(places: int, workers: int) -> str:
    if not workers:
        return "no worker is left; waiting for one."
    if places < workers:
        return f"{workers - places} of {workers} workers are of another kind and get no work."
    return ""


def _message(sent: Mapping[str, Any]) -> Epoch | Begun:
    key, row, at = sent["key"], sent["row"], sent["at"]
    return Begun(key=key, at=at) if row is None else Epoch(key=key, row=row, at=at)
