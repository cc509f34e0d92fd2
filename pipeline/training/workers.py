"""Many cells at once: given to workers, and the replay of what is already in the cache.

The coordinator ships cells and digits; workers return results and know nothing else.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Self

from pipeline.errors import UserError
from pipeline.training.cells import Result
from pipeline.training.connection import Begun, Connection, Epoch, SchedulerGoneError
from pipeline.training.groups import groups
from pipeline.training.images import Images
from pipeline.training.results import store, stored
from pipeline.training.tasks import Job

LOST = "its workers died"


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A job's result has come, from a worker or from the cache."""

    index: int
    result: Result
    cached: bool


Event = Begun | Epoch | Finished
Observer = Callable[[Event], None]


class Workers:
    """Processes for the cells of a stage: started when one is first missing, kept until the end.

    `most` is the largest number of jobs that will be asked for at once.
    """

    def __init__(self, digits: Images, *, most: int) -> None:
        self.connection = Connection(digits, most=most)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def complete(self, jobs: Sequence[Job], *, observers: Sequence[Observer]) -> list[Result]:
        """The results of `jobs`, in their order; only what is not in the cache is computed.

        A fused group is computed whole if any of it is missing. Each result is in the cache before
        the observers hear that it is finished. Results do not depend on the number of workers. No
        process is started when every job is cached.
        """
        keys = [job.cell.key for job in jobs]
        results = [stored(key) for key in keys]
        missing = [group for group in groups(jobs) if any(results[i] is None for i in group)]

        def tell(event: Event) -> None:
            for observer in observers:
                observer(event)

        for index, result in enumerate(results):
            if result:
                tell(Finished(index=index, result=result, cached=True))
        for event in _Round(self.connection, jobs, keys, missing).events():
            if isinstance(event, Finished):
                if results[event.index]:  # it was in the cache; others of its group were not
                    continue
                if event.result.record["failure"] != LOST:
                    store(keys[event.index], event.result)
                results[event.index] = event.result
            tell(event)
        complete = [result for result in results if result]
        assert len(complete) == len(jobs)
        return complete

    def complete_all(self, jobs: Sequence[Job], *, observers: Sequence[Observer]) -> list[Result]:
        """`complete`, where every result is needed.

        Raises:
            UserError: If a cell's workers died. Whatever else was computed is in the cache.
        """
        results = self.complete(jobs, observers=observers)
        lost = sum(result.record["failure"] == LOST for result in results)
        if lost:
            raise UserError(
                f"every cell must have a result, but {lost} of {len(jobs)} lost all workers that "
                "tried: is there enough memory?"
            )
        return results


def complete(
    jobs: Sequence[Job], digits: Images, *, observers: Sequence[Observer]
) -> list[Result]:
    """`Workers.complete_all`, where nothing comes after it."""
    with Workers(digits, most=len(jobs)) as workers:
        return workers.complete_all(jobs, observers=observers)


class _Round:
    """The groups that one call computes: which wait, and who has which."""

    def __init__(
        self,
        connection: Connection,
        jobs: Sequence[Job],
        keys: Sequence[str],
        missing: Sequence[range],
    ) -> None:
        self.connection, self.jobs, self.keys = connection, jobs, keys
        self.sought = {keys[index] for group in missing for index in group}
        self.waiting = iter(missing)
        self.running = dict[Any, range]()
        self.begun, self.spared = Counter[str](), set[str]()

    def events(self) -> Iterator[Event]:
        self._hand_out_next(self.connection.limit)  # no more than run at once
        while self.running:
            event = self.connection.event()
            if event is None:
                self._hand_out_next(max(0, self.connection.limit - len(self.running)))
            elif isinstance(event, Begun | Epoch):
                if event.key in self.sought:  # or it is a late one, of jobs before these
                    self.begun[event.key] += isinstance(event, Begun)
                    yield event
            elif event in self.running:  # or it was handed to a scheduler that is gone
                yield from self._ended(event)

    def _ended(self, future: Any) -> Iterator[Finished]:
        group = self.running.pop(future)
        if future.status == "finished":  # its worker need not wait until we have it all
            self._hand_out_next(1)
        try:
            results = _results(self.connection, future, group)
        except SchedulerGoneError:
            unfinished = [group, *self.running.values()]
            self.running.clear()
            self.connection.reopen()
            self._hand_out(unfinished)
            return
        if results is None:
            self.running[future] = group
            return
        future.release()
        if results[0].record["failure"] == LOST:
            if self._spared(group):
                return
            self._hand_out_next(1)
        for index, result in zip(group, results, strict=True):
            yield Finished(index=index, result=result, cached=False)

    def _spared(self, group: range) -> bool:
        """Hand it out once more: Dask blames a death on whatever waited for that worker, too."""
        key = self.keys[group[0]]
        if self.begun[key] >= 2 or key in self.spared:
            return False
        self.spared.add(key)
        self._hand_out([group], mark=" again")  # its old name would be blamed again
        return True

    def _hand_out_next(self, count: int) -> None:
        self._hand_out(islice(self.waiting, count))

    def _hand_out(self, groups: Iterable[range], *, mark: str = "") -> None:
        for group in groups:
            name = f"{self.keys[group[0]]}{mark}"
            future = self.connection.submit([self.jobs[i] for i in group], name=name)
            self.running[future] = group


def _results(connection: Connection, future: Any, group: range) -> list[Result] | None:
    """What came of a group, if anything yet; one whose workers died too often failed."""
    from distributed import KilledWorker

    try:
        return connection.results(future)
    except KilledWorker:
        now = time.time()
        timing = {"started": now, "ended": now, "epochs": []}
        lost = {"history": [], "failure": LOST, "timing": timing}
        return [Result(arrays={}, record=lost) for _ in group]
