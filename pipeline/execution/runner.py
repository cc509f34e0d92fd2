"""Many tasks at once: computed by workers, or read from the cache.

The coordinator sends tasks and what they share; workers return results and know nothing else.
"""

import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Self

from pipeline.execution.cache import read_result, write_result
from pipeline.execution.connection import Connection, SchedulerGoneError
from pipeline.execution.errors import UserError
from pipeline.execution.events import Event, Finished, Observer, Progressed, Started
from pipeline.execution.pool import Pool
from pipeline.execution.task import Result, Task, stacks

LOST = "its workers died"


class Runner:
    """Computes tasks on a pool's workers, which start when a result is first missing, and stay.

    `shared` is what each worker gets once, `most` the largest number of tasks that will be asked
    for at once.
    """

    def __init__(self, pool: Pool, shared: Any, *, most: int) -> None:
        self.connection = Connection(pool, shared, most=most)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def complete(self, tasks: Sequence[Task], *, observers: Sequence[Observer]) -> list[Result]:
        """The results of `tasks`, in their order; only what is not in the cache is computed.

        A stack is computed whole if any of it is missing. Each result is in the cache before the
        observers get its `Finished` event. Results do not depend on the number of workers. No
        process is started when every result is cached.
        """
        results = [read_result(task.key) for task in tasks]
        missing = [stack for stack in stacks(tasks) if any(results[i] is None for i in stack)]

        def notify(event: Event) -> None:
            for observer in observers:
                observer(event)

        for index, result in enumerate(results):
            if result:
                notify(Finished(index=index, result=result, cached=True))
        for event in _Round(self.connection, tasks, missing).events():
            if isinstance(event, Finished):
                if results[event.index]:  # it was in the cache; others of its stack were not
                    continue
                if event.result.record["failure"] != LOST:
                    write_result(tasks[event.index].key, event.result)
                results[event.index] = event.result
            notify(event)
        complete = [result for result in results if result]
        assert len(complete) == len(tasks)
        return complete

    def complete_all(
        self, tasks: Sequence[Task], *, observers: Sequence[Observer]
    ) -> list[Result]:
        """`complete`, where every result is needed.

        Raises:
            UserError: If a task's workers died. Whatever else was computed is in the cache.
        """
        results = self.complete(tasks, observers=observers)
        lost = sum(result.record["failure"] == LOST for result in results)
        if lost:
            raise UserError(
                f"every task must have a result, but {lost} of {len(tasks)} lost all workers that "
                "tried: is there enough memory?"
            )
        return results


def complete(
    tasks: Sequence[Task], shared: Any, pool: Pool, *, observers: Sequence[Observer]
) -> list[Result]:
    """`Runner.complete_all`, where nothing comes after it."""
    with Runner(pool, shared, most=len(tasks)) as runner:
        return runner.complete_all(tasks, observers=observers)


class _Round:
    """The stacks that one call computes: which wait, and which run."""

    def __init__(
        self, connection: Connection, tasks: Sequence[Task], missing: Sequence[range]
    ) -> None:
        self.connection, self.tasks = connection, tasks
        self.sought = {tasks[index].key for stack in missing for index in stack}
        self.waiting = iter(missing)
        self.running = dict[Any, range]()
        self.starts, self.retried = Counter[str](), set[str]()

    def events(self) -> Iterator[Event]:
        self._hand_out_next(self.connection.limit)  # no more than run at once
        while self.running:
            event = self.connection.event()
            if event is None:
                self._hand_out_next(max(0, self.connection.limit - len(self.running)))
            elif isinstance(event, Started | Progressed):
                if event.key in self.sought:  # otherwise a late one, of earlier tasks
                    self.starts[event.key] += isinstance(event, Started)
                    yield event
            elif event in self.running:  # otherwise submitted to a scheduler that is gone
                yield from self._ended(event)

    def _ended(self, future: Any) -> Iterator[Finished]:
        stack = self.running.pop(future)
        if future.status == "finished":  # its worker need not wait for the transfer
            self._hand_out_next(1)
        try:
            results = _results(self.connection, future, stack)
        except SchedulerGoneError:
            self._hand_out(self._taken_back([stack]))
            return
        if results is None:
            self.running[future] = stack
            return
        future.release()
        if results[0].record["failure"] == LOST:
            if self._retry_once(stack):
                return
            self._hand_out_next(1)
        for index, result in zip(stack, results, strict=True):
            yield Finished(index=index, result=result, cached=False)

    def _retry_once(self, stack: range) -> bool:
        """Hand it out once more: Dask blames a death on whatever waited for that worker, too."""
        key = self.tasks[stack[0]].key
        if self.starts[key] >= 2 or key in self.retried:
            return False
        self.retried.add(key)
        self._hand_out([stack], mark=" again")  # its old name would be blamed again
        return True

    def _hand_out_next(self, count: int) -> None:
        self._hand_out(islice(self.waiting, count))

    def _hand_out(self, stacks: Iterable[range], *, mark: str = "") -> None:
        unsent = deque(stacks)
        while unsent:
            tasks = [self.tasks[index] for index in unsent[0]]
            try:
                future = self.connection.submit(tasks, name=f"{tasks[0].key}{mark}")
            except SchedulerGoneError:
                unsent = deque(self._taken_back(unsent))
            else:
                self.running[future] = unsent.popleft()

    def _taken_back(self, stacks: Iterable[range]) -> list[range]:
        """These, and all that the scheduler had when it went; there is one again."""
        unfinished = [*stacks, *self.running.values()]
        self.running.clear()
        self.connection.reopen()
        return unfinished


def _results(connection: Connection, future: Any, stack: range) -> list[Result] | None:
    """The results of a stack, if it has any yet; one whose workers died too often failed."""
    from distributed import KilledWorker

    try:
        return connection.results(future)
    except KilledWorker:
        now = time.time()
        timing = {"started": now, "ended": now, "epochs": []}
        lost = {"history": [], "failure": LOST, "timing": timing}
        return [Result(arrays={}, record=lost) for _ in stack]
