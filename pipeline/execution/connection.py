"""The connection of a stage to its workers: opened on first use, and again when it broke."""

import pickle
import queue
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack
from functools import cached_property, partial
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pipeline.execution.cluster import PATIENCE_S, introductions, joined_cluster, workers_of
from pipeline.execution.errors import UserError
from pipeline.execution.events import Progressed, Started
from pipeline.execution.local import local_cluster
from pipeline.execution.pool import Pool
from pipeline.execution.task import Result, Task
from pipeline.execution.transfer import in_file, name_of, shared_plugin, ship
from pipeline.execution.worker import TOPIC, Assignment

if TYPE_CHECKING:
    from distributed import Client, Future

LOOK_S = 2.0  # how often a joined cluster is asked for workers that came or went


class SchedulerGoneError(Exception):
    """Whatever was submitted is lost."""


class Connection:
    """To a cluster of this machine's slots, or to one that is joined.

    `limit` is how many stacks can be worked on at once; in a joined cluster it changes. `shared`
    is what every worker gets once.
    """

    def __init__(self, pool: Pool, shared: Any, *, most: int) -> None:
        self.pool, self.limit, self.most = pool, pool.num_workers(most), most
        self.shared, self.mark = shared, uuid4()
        self.events: queue.Queue[Any] = queue.Queue()
        self.client: Client | None = None
        self._open = ExitStack()
        self._look_at, self._said = 0.0, ""

    @cached_property
    def shared_name(self) -> str:
        return name_of(pickle.dumps(self.shared))

    def submit(self, tasks: Sequence[Task], *, name: str) -> "Future":
        """Hand out a stack; when it is done, its future is an event.

        Raises:
            SchedulerGoneError: As from `results`.
        """
        self.client = self.client or self._started()
        from distributed.client import ClosedClientError  # only now: Dask has our settings

        try:
            future = self.client.submit(
                pickle.loads,
                pickle.dumps(Assignment(tasks, self.shared_name)),
                key=f"{name} {self.mark}",
                pure=False,
                resources={self.pool.resource: 1},
            )
        except ClosedClientError as problem:
            raise SchedulerGoneError from problem
        future.add_done_callback(self.events.put)
        return future

    def results(self, future: "Future") -> list[Result] | None:
        """Those of a future that is done; raises what its task raised.

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

    def event(self) -> "Progressed | Started | Future | None":
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
        """Wait until the scheduler answers again; whatever was submitted is forgotten.

        Raises:
            UserError: If it does not within minutes.
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
            client = self._open.enter_context(local_cluster(slots, here.program))
            introductions(client)  # raises if one lacks its GPU
            content = self._open.enter_context(in_file(pickle.dumps(self.shared)))
        else:
            content = pickle.dumps(self.shared)
            client = self._open.enter_context(joined_cluster(here.scheduler))
        # This and a future's callback run on the client's own loop: they must only pass things on.
        client.subscribe_topic(TOPIC, lambda event: self.events.put(_message(event[1])))
        ship(partial(shared_plugin, content, self.shared_name), client)
        return client

    def _look(self) -> None:
        """Update `limit` from the workers of a joined cluster; report those that get no task."""
        assert self.client is not None
        self._look_at = time.monotonic() + LOOK_S
        try:
            known = workers_of(self.client).values()
        except (OSError, CancelledError, KeyError):
            return  # the futures will raise
        num_slots = sum(self.pool.resource in worker["resources"] for worker in known)
        said = _shortage(num_slots, len(known))
        if said and said != self._said:
            print(said, file=sys.stderr)
        self._said = said
        self.limit = self.pool.num_workers(self.most, num_slots=max(1, num_slots))


def _shortage(num_slots: int, workers: int) -> str:
    if not workers:
        return "no worker is left; waiting for one."
    if num_slots < workers:
        return f"{workers - num_slots} of {workers} workers are of another kind and get no work."
    return ""


def _message(sent: Mapping[str, Any]) -> Progressed | Started:
    key, row, at = sent["key"], sent["row"], sent["at"]
    if row is None:
        return Started(key=key, at=at)
    return Progressed(key=key, step=sent["step"], row=row, at=at)
