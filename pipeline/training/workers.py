"""Many cells at once: a local Dask cluster, and the replay of what is already in the cache.

The coordinator ships cells and digits; workers return results and know nothing else.
"""

import os
import queue
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from pipeline.errors import UserError
from pipeline.training.cells import Result
from pipeline.training.cluster import STARTS, local_cluster
from pipeline.training.groups import groups
from pipeline.training.images import Images
from pipeline.training.results import store, stored
from pipeline.training.tasks import TOPIC, Job, digits_plugin, work

if TYPE_CHECKING:
    from distributed import Client, Future

LOST = "its worker died twice"


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """A preview from a worker: one row of a curve that is still growing."""

    key: str
    row: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Begun:
    """From a worker that takes up a group of jobs: the key of the first."""

    key: str


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A job's result has come, from a worker or from the cache."""

    index: int
    result: Result
    cached: bool


Observer = Callable[[Epoch | Finished], None]


def num_workers(num_jobs: int) -> int:
    """`ABLATION_WORKERS`, or one worker a CPU core; never more than there are jobs."""
    text = os.environ.get("ABLATION_WORKERS", "") or str(len(os.sched_getaffinity(0)))
    if not text.isdecimal() or int(text) < 1:
        raise UserError(
            f"`ABLATION_WORKERS` must be a whole number of at least 1, but got {text!r}."
        )
    return min(int(text), num_jobs)


class Workers:
    """Processes for the cells of a stage: started when one is first missing, kept until the end.

    `most` is the largest number of jobs that will be asked for at once.
    """

    def __init__(self, digits: Images, *, most: int) -> None:
        self.digits, self.limit = digits, num_workers(most)
        self.events: queue.Queue[Any] = queue.Queue()
        self.open = ExitStack()
        self.client: Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> bool | None:
        return self.open.__exit__(*error)

    def complete(self, jobs: Sequence[Job], *, observers: Sequence[Observer]) -> list[Result]:
        """The results of `jobs`, in their order; only what is not in the cache is computed.

        A fused group is computed whole if any of it is missing. Each result is in the cache before
        the observers hear that it is finished. Results do not depend on the number of workers. No
        process is started when every job is cached.
        """
        results = [stored(job.cell.key) for job in jobs]
        missing = [group for group in groups(jobs) if any(results[i] is None for i in group)]

        def tell(event: Epoch | Finished) -> None:
            for observer in observers:
                observer(event)

        for index, result in enumerate(results):
            if result:
                tell(Finished(index=index, result=result, cached=True))
        for event in self._computed(jobs, missing) if missing else ():
            if isinstance(event, Finished):
                if results[event.index]:  # it was in the cache; others of its group were not
                    continue
                if event.result.record["failure"] != LOST:
                    store(jobs[event.index].cell.key, event.result)
                results[event.index] = event.result
            tell(event)
        return [result for result in results if result]

    def _computed(
        self, jobs: Sequence[Job], missing: Sequence[range]
    ) -> Iterator[Epoch | Finished]:
        client = self.client = self.client or self._started()
        keys = {jobs[index].cell.key for group in missing for index in group}
        begun, spared, running = Counter[str](), set[str](), {}

        def hand_out(groups: Iterable[range], *, mark: str = "") -> None:
            for group in groups:
                key = jobs[group[0]].cell.key + mark
                future = client.submit(work, [jobs[i] for i in group], key=key, pure=False)
                future.add_done_callback(self.events.put)
                running[future] = group

        waiting = iter(missing)
        hand_out(islice(waiting, self.limit))  # no more than run at once
        while running:
            event = self.events.get()
            if isinstance(event, Begun):
                begun[event.key] += 1
            elif isinstance(event, Epoch):
                if event.key in keys:  # or it is a late one, of jobs before these
                    yield event
            else:
                group = running.pop(event)
                results, key = _results(event, group), jobs[group[0]].cell.key
                event.release()
                lost = results[0].record["failure"] == LOST
                # Dask blames a death on whatever waited for that worker, too.
                if lost and begun[key] < 2 and key not in spared:
                    spared.add(key)
                    hand_out([group], mark=" again")  # by its old name it would still be to blame
                else:
                    hand_out(islice(waiting, 1))
                    for index, result in zip(group, results, strict=True):
                        yield Finished(index=index, result=result, cached=False)

    def _started(self) -> "Client":
        client = self.open.enter_context(local_cluster(self.limit))
        # This and a future's callback run on the client's own loop: they must only pass things on.
        client.subscribe_topic(TOPIC, lambda event: self.events.put(_message(event[1])))
        _ship(self.digits, client)
        return client


def _ship(digits: Images, client: "Client") -> None:
    """Again if a worker dies meanwhile: Dask then stops waiting for the others, too."""
    for start in range(STARTS):
        try:
            client.register_plugin(digits_plugin(digits))
            break
        except OSError:  # the connection broke, or one to the dead worker was waited for
            if start == STARTS - 1:
                raise


def _message(sent: Mapping[str, Any]) -> Epoch | Begun:
    key, row = sent["key"], sent["row"]
    return Begun(key=key) if row is None else Epoch(key=key, row=row)


def complete(
    jobs: Sequence[Job], digits: Images, *, observers: Sequence[Observer]
) -> list[Result]:
    """`Workers.complete`, where nothing comes after it and every result is needed.

    Raises:
        UserError: If a cell's worker died twice. Whatever else was computed is in the cache.
    """
    with Workers(digits, most=len(jobs)) as workers:
        results = workers.complete(jobs, observers=observers)
    lost = sum(result.record["failure"] == LOST for result in results)
    if lost:
        raise UserError(
            f"every cell must have a result, but {lost} of {len(jobs)} lost two workers each: is "
            "there enough memory?"
        )
    return results


def _results(future: "Future", group: range) -> list[Result]:
    """What came of a group; one whose worker died twice, the second time elsewhere, failed."""
    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker:
        now = time.time()
        timing = {"started": now, "ended": now, "epochs": []}
        lost = {"history": [], "failure": LOST, "timing": timing}
        return [Result(arrays={}, record=lost) for _ in group]
