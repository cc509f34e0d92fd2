import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch

from pipeline.data.mnist import Digits
from pipeline.evaluation.plan import evaluations
from pipeline.evaluation.tasks.clean import EvaluationTask
from pipeline.evaluation.tasks.images import TEST
from pipeline.execution.cache import read_result, write_result
from pipeline.execution.errors import UserError
from pipeline.execution.events import Event, Finished, Observer, Progressed, Started
from pipeline.execution.local import ALLOCATOR, STARTS
from pipeline.execution.pool import open_pool
from pipeline.execution.provenance import cpu_environment
from pipeline.execution.runner import LOST, Runner, complete
from pipeline.execution.slots import num_cores
from pipeline.execution.task import Context, Result, Task
from pipeline.execution.transfer import shared_plugin, ship
from pipeline.execution.worker import TOPIC
from pipeline.native.build import kernels_name
from pipeline.networks.lenet5 import build
from pipeline.networks.spec import NetworkSpec
from pipeline.program import program
from pipeline.training.images import Images
from pipeline.training.models import TrainedNetwork
from pipeline.training.plan import Plan
from pipeline.training.task import TrainingTask

MakePlan = Callable[..., Plan]
MLP: dict[str, Any] = {"hidden_sizes": (75,), "output": "linear"}


@pytest.mark.parametrize(
    ("words", "tasks", "workers"),
    [("1", 5, 1), ("3", 5, 3), ("5", 3, 3), ("16", 1, 1), ("02", 9, 2)],
)
def test_workers_are_as_many_as_asked_but_no_more_than_jobs(
    monkeypatch: pytest.MonkeyPatch, words: str, tasks: int, workers: int
) -> None:
    monkeypatch.setenv("ABLATION_WORKERS", words)
    assert open_pool(program()).num_workers(tasks) == workers


def test_workers_are_one_a_core_when_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    cores = num_cores()
    monkeypatch.setenv("ABLATION_WORKERS", "")
    assert open_pool(program()).num_workers(1000) == cores
    monkeypatch.delenv("ABLATION_WORKERS")
    assert open_pool(program()).num_workers(1000) == cores
    assert open_pool(program()).num_workers(1) == 1


@pytest.mark.parametrize("words", ["0", "-1", "two", "1.5", "1e3", " ", "1 2", "²", "+1"])
def test_number_of_workers_that_makes_no_sense_is_refused(
    monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.setenv("ABLATION_WORKERS", words)
    with pytest.raises(UserError) as refusal:
        open_pool(program()).num_workers(4)
    assert str(refusal.value) == (
        f"`ABLATION_WORKERS` must be a whole number of at least 1, but got {words!r}."
    )


@dataclass(frozen=True)
class Work:
    """Jobs of every kind, and the results that this process alone comes to."""

    tasks: list[Task]
    digits: Images
    expected: list[Result]


@pytest.fixture(scope="module")
def work(make_plan: MakePlan, digits: Digits, lenet5: NetworkSpec) -> Work:
    long = make_plan(seeds=(0,), epochs=3)
    short = make_plan(seeds=(0, 1), epochs=1, **MLP)
    network = build(lenet5, init="fan_in", seed=0)
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    model = TrainedNetwork(network=lenet5, init="paper", seed=0, run_key="", weights=weights)
    trainings = [*long.tasks, *short.tasks]
    environment = cpu_environment(kernels=kernels_name())
    evaluated = evaluations(EvaluationTask, [model], digits, environment=environment)
    tasks: list[Task] = [trainings[0], *evaluated, *trainings[1:]]
    shown = with_test_images(long.digits)
    return Work(tasks, shown, [alone(task, shown) for task in tasks])


def with_test_images(digits: Images) -> Images:
    """The same, all of which are shown to trained networks, too."""
    everything = np.arange(len(digits.labels))
    return replace(digits, subsets={**digits.subsets, TEST: everything})


def alone(task: Task, digits: Images) -> Result:
    """A task's result without workers."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    result = task.run(Context(shared=digits, device=torch.device("cpu"), report=lambda *_: None))
    torch.set_num_threads(threads)
    return result


def content(result: Result) -> tuple[object, ...]:
    """Everything but when and where."""
    arrays = [
        (name, array.dtype, array.shape, array.tobytes())
        for name, array in sorted(result.arrays.items())
    ]
    record = {n: v for n, v in result.record.items() if n not in ("timing", "device")}
    return arrays, json.dumps(record)


def contents(results: Sequence[Result]) -> list[tuple[object, ...]]:
    return [content(result) for result in results]


def worker_processes() -> list[psutil.Process]:
    """What the fork server has forked."""
    return [worker for child in psutil.Process().children() for worker in child.children()]


def pids() -> set[int]:
    return {worker.pid for worker in worker_processes()}


class Watch:
    """An observer that looks around at every event."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.tasks = tasks
        self.events: list[Event] = []
        self.environments: list[dict[str, str]] = []
        self.in_cache: list[bool] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, Finished):
            found = read_result(self.tasks[event.index].key)
            self.in_cache.append(found is not None and content(found) == content(event.result))
        elif not self.environments:
            self.environments = [worker.environ() for worker in worker_processes()]

    def finished(self) -> list[Finished]:
        return [event for event in self.events if isinstance(event, Finished)]

    def epochs(self, task: Task) -> list[float]:
        """The numbers of the epochs that were told of a task, in order."""
        return [
            event.row["epoch"]
            for event in self.events
            if isinstance(event, Progressed) and event.key == task.key
        ]


@dataclass(frozen=True)
class Run:
    workers: int
    results: list[Result]
    watch: Watch
    cache: Path


def run(work: Work, cache: Path, *, workers: int, also: Sequence[Observer] = ()) -> Run:
    watch = Watch(work.tasks)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ABLATION_CACHE", str(cache))
        patch.setenv("ABLATION_WORKERS", str(workers))
        results = complete(work.tasks, work.digits, open_pool(program()), observers=[watch, *also])
    return Run(workers, results, watch, cache)


@pytest.fixture(scope="module", params=[1, 2], ids=["1 worker", "2 workers"])
def finished_run(
    request: pytest.FixtureRequest, work: Work, tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """All tasks computed by a real cluster into a fresh cache."""
    return run(work, tmp_path_factory.mktemp("cache"), workers=request.param)


def test_results_are_in_order_and_bit_for_bit_those_of_one_process(
    finished_run: Run, work: Work
) -> None:
    assert contents(finished_run.results) == contents(work.expected)


def test_every_result_is_in_the_cache_before_it_is_told(finished_run: Run, work: Work) -> None:
    events = finished_run.watch.finished()
    assert sorted(event.index for event in events) == list(range(len(work.tasks)))
    assert finished_run.watch.in_cache == [True] * len(work.tasks)
    assert not any(event.cached for event in events)
    for event in events:
        assert content(event.result) == content(finished_run.results[event.index])


def test_every_epoch_is_previewed_before_its_task_is_finished(
    finished_run: Run, work: Work
) -> None:
    watch = finished_run.watch
    for index, (task, result) in enumerate(zip(work.tasks, work.expected, strict=True)):
        rows = result.record.get("history", [])
        assert watch.epochs(task) == [row["epoch"] for row in rows]
        end = next(event for event in watch.finished() if event.index == index)
        told_before = watch.events[: watch.events.index(end)]
        assert [
            dict(event.row)
            for event in told_before
            if isinstance(event, Progressed) and event.key == task.key
        ] == rows


def test_beginnings_and_epochs_are_told_with_the_times_of_the_record(
    finished_run: Run, work: Work
) -> None:
    for task, result in zip(work.tasks, finished_run.results, strict=True):
        reported = [
            event.at
            for event in finished_run.watch.events
            if isinstance(event, Started | Progressed) and event.key == task.key
        ]
        timing = result.record["timing"]
        assert reported == [timing["started"], *(end for _, end in timing["epochs"])]


def test_workers_start_with_the_settings_of_memory_and_threads(finished_run: Run) -> None:
    assert len(finished_run.watch.environments) == finished_run.workers
    for environment in finished_run.watch.environments:
        assert environment["MALLOC_TRIM_THRESHOLD_"] != "65536"  # Dask's own
        assert environment.items() >= ALLOCATOR.items()
        assert environment["OMP_NUM_THREADS"] == "1"


def test_coordinator_keeps_its_own_settings_of_memory_and_threads(
    monkeypatch: pytest.MonkeyPatch, work: Work, cache: Path
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("MALLOC_TOP_PAD_", "1")
    handler = signal.getsignal(signal.SIGINT)
    run(replace(work, tasks=[work.tasks[1]]), cache, workers=1)
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert os.environ["MALLOC_TOP_PAD_"] == "1"
    assert "MALLOC_TRIM_THRESHOLD_" not in os.environ
    assert signal.getsignal(signal.SIGINT) is handler


def test_no_worker_outlives_the_jobs(finished_run: Run) -> None:
    assert finished_run.results
    assert worker_processes() == []


REPLAY = """
import pickle, sys
from pipeline.execution.pool import open_pool
from pipeline.execution.runner import complete
from pipeline.program import program

tasks, digits = pickle.load(sys.stdin.buffer)
events = []
results = complete(tasks, digits, open_pool(program()), observers=[events.append])

import psutil
heavy = {"torch", "pytorch_lightning", "distributed", "dask"} & set(sys.modules)
children = psutil.Process().children()
told = [(event.index, event.cached) for event in events]
sys.stdout.buffer.write(pickle.dumps((results, told, heavy, len(children))))
"""


def test_cached_jobs_are_replayed_with_no_process_started(finished_run: Run, work: Work) -> None:
    found = subprocess.run(
        [sys.executable, "-c", REPLAY],
        input=pickle.dumps((work.tasks, work.digits)),
        env={**os.environ, "ABLATION_CACHE": str(finished_run.cache)},
        check=True,
        capture_output=True,
    )
    results, reported, heavy, children = pickle.loads(found.stdout)
    assert contents(results) == contents(work.expected)
    assert reported == [(index, True) for index in range(len(work.tasks))]
    assert heavy == set()
    assert children == 0
    assert found.stderr == b""


def test_only_what_is_not_in_the_cache_is_computed(work: Work, cache: Path) -> None:
    kept = (0, 3)
    for index in kept:
        write_result(work.tasks[index].key, work.expected[index])
    (damaged,) = cache.rglob(work.tasks[3].key)
    damaged.write_bytes(damaged.read_bytes()[:-1])
    again = run(work, cache, workers=1)
    assert contents(again.results) == contents(work.expected)
    assert {event.index: event.cached for event in again.watch.finished()} == {
        0: True,
        1: False,
        2: False,
        3: False,
    }
    assert again.watch.epochs(work.tasks[0]) == []


def test_worker_that_is_killed_is_replaced_and_its_task_trained_again(
    work: Work, cache: Path
) -> None:
    killed: list[int] = []

    def kill_once(event: Event) -> None:
        if not killed and isinstance(event, Progressed) and event.key == work.tasks[0].key:
            (worker,) = worker_processes()
            killed.append(worker.pid)
            worker.send_signal(signal.SIGKILL)

    long = replace(work, tasks=work.tasks[:2])
    disturbed = run(long, cache, workers=1, also=[kill_once])
    assert killed
    assert contents(disturbed.results) == contents(work.expected[:2])
    reported = disturbed.watch.epochs(work.tasks[0])
    assert reported[0] == 1
    assert reported[-3:] == [1, 2, 3]
    assert len(reported) > 3


def test_tasks_of_workers_that_die_at_once_are_trained_again(work: Work, cache: Path) -> None:
    # One task waits for the other worker, when that one dies too: it has died but once itself.
    killed: list[int] = []

    def kill_all_once(event: Event) -> None:
        if not killed and isinstance(event, Progressed) and event.key == work.tasks[0].key:
            for worker in worker_processes():
                worker.send_signal(signal.SIGKILL)
                killed.append(worker.pid)

    disturbed = run(work, cache, workers=2, also=[kill_all_once])
    assert len(killed) == 2
    assert contents(disturbed.results) == contents(work.expected)


@pytest.mark.parametrize("moment_s", [0, 0.02, 0.05, 0.07, 0.1])
def test_worker_that_is_killed_as_it_starts_is_replaced(
    work: Work, cache: Path, moment_s: float
) -> None:
    killed: list[int] = []

    def kill_the_first() -> None:
        while not (workers := worker_processes()):
            time.sleep(0.001)
        time.sleep(moment_s)
        workers[0].send_signal(signal.SIGKILL)
        killed.append(workers[0].pid)

    with ThreadPoolExecutor() as thread:
        thread.submit(kill_the_first)
        disturbed = run(replace(work, tasks=work.tasks[:2]), cache, workers=2)
    assert killed
    assert contents(disturbed.results) == contents(work.expected[:2])


@dataclass
class Breaking:
    """A client whose first connections break."""

    breaks: int
    tries: int = 0

    def register_plugin(self, plugin: object) -> None:  # noqa: ARG002
        self.tries += 1
        if self.tries <= self.breaks:
            raise OSError("Timed out trying to connect")


@pytest.mark.parametrize("breaks", [0, 1, STARTS - 1])
def test_what_is_shared_is_sent_again_where_a_connection_broke(breaks: int) -> None:
    client: Any = Breaking(breaks)
    ship(partial(shared_plugin, b"content", "shared"), client)
    assert client.tries == breaks + 1


def test_what_is_shared_is_not_sent_for_ever() -> None:
    client: Any = Breaking(STARTS)
    with pytest.raises(OSError, match="Timed out"):
        ship(partial(shared_plugin, b"content", "shared"), client)


@pytest.fixture
def lethal(work: Work) -> Callable[[Event], None]:
    """An observer for whom the first task ends its worker in every first epoch."""

    def kill(event: Event) -> None:
        if isinstance(event, Progressed) and event.key == work.tasks[0].key:
            for worker in worker_processes():
                worker.send_signal(signal.SIGKILL)

    return kill


def test_task_that_kills_every_worker_is_an_error_and_not_tried_for_ever(
    work: Work, cache: Path, lethal: Observer
) -> None:
    with pytest.raises(UserError) as refusal:
        run(replace(work, tasks=work.tasks[:2]), cache, workers=1, also=[lethal])
    assert str(refusal.value) == (
        "every task must have a result, but 1 of 2 lost all workers that tried: is there enough "
        "memory?"
    )
    assert worker_processes() == []
    assert read_result(work.tasks[0].key) is None
    rest = read_result(work.tasks[1].key)
    assert rest is not None
    assert content(rest) == content(work.expected[1])


def test_task_that_kills_every_worker_has_failed_and_the_others_go_on(
    work: Work, monkeypatch: pytest.MonkeyPatch, lethal: Observer
) -> None:
    monkeypatch.setenv("ABLATION_WORKERS", "1")
    watch = Watch(work.tasks)
    with Runner(open_pool(program()), work.digits, most=len(work.tasks)) as runner:
        lost, *rest = runner.complete(work.tasks, observers=[watch, lethal])
        assert lost.record["failure"] == LOST == "its workers died"
        assert (lost.arrays, lost.record["history"]) == ({}, [])
        assert contents(rest) == contents(work.expected[1:])
        assert [read_result(task.key) is None for task in work.tasks] == [
            True,
            False,
            False,
            False,
        ]
        reported = {event.index: event.result for event in watch.finished()}
        assert [reported[index] for index in range(4)] == [lost, *rest]
        again = runner.complete(work.tasks[:1], observers=[])
    assert contents(again) == contents(work.expected[:1])


def test_workers_are_kept_from_batch_to_batch(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABLATION_WORKERS", "2")
    with Runner(open_pool(program()), work.digits, most=2) as runner:
        one = runner.complete(work.tasks[2:3], observers=[])
        first = pids()
        both = runner.complete([work.tasks[1], work.tasks[3]], observers=[])
        assert pids() == first
        assert len(first) == 2  # for the batches to come
    assert contents(one + both) == contents([work.expected[n] for n in (2, 1, 3)])
    assert worker_processes() == []


def test_workers_start_when_one_is_first_missing(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABLATION_WORKERS", "1")
    write_result(work.tasks[1].key, work.expected[1])
    with Runner(open_pool(program()), work.digits, most=1) as runner:
        runner.complete([], observers=[])
        runner.complete(work.tasks[1:2], observers=[])
        assert runner.connection.client is None
        assert worker_processes() == []
        runner.complete(work.tasks[2:3], observers=[])
        assert len(pids()) == 1


def test_late_epoch_of_an_earlier_batch_is_not_told(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABLATION_WORKERS", "1")
    watch = Watch(work.tasks[3:])
    with Runner(open_pool(program()), work.digits, most=1) as runner:
        runner.complete(work.tasks[2:3], observers=[])
        assert runner.connection.client is not None
        late = {"key": work.tasks[2].key, "step": 1, "row": {"epoch": 1}, "at": 0.0}
        runner.connection.client.log_event(TOPIC, late)
        runner.complete(work.tasks[3:], observers=[watch])
    assert watch.epochs(work.tasks[2]) == []
    assert watch.epochs(work.tasks[3]) == [1]


def test_task_that_cannot_be_trained_is_an_error_and_leaves_no_worker(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABLATION_WORKERS", "1")
    task = work.tasks[0]
    assert isinstance(task, TrainingTask)
    lost = replace(task, train_on="no such list")
    with pytest.raises(KeyError, match="no such list"):
        complete([lost], work.digits, open_pool(program()), observers=[])
    assert worker_processes() == []
    assert read_result(lost.key) is None


def test_jobs_with_one_key_share_one_result(work: Work, cache: Path) -> None:
    # Two networks with the same weights, both diverged for example, are one evaluation.
    twice = Work([work.tasks[1]] * 2, work.digits, [work.expected[1]] * 2)
    found = run(twice, cache, workers=2)
    assert contents(found.results) == contents(twice.expected)
    assert sorted(event.index for event in found.watch.finished()) == [0, 1]


def test_weights_of_millions_travel_with_their_job_and_nothing_is_said(
    digits: Digits, lenet5: NetworkSpec, cache: Path
) -> None:
    # 13 MB; Dask warns of more than 10, and a warning is an error here.
    spec = replace(lenet5, hidden_sizes=(4000,), output="linear")
    weights = {n: v.numpy() for n, v in build(spec, init="paper", seed=0).state_dict().items()}
    assert sum(array.nbytes for array in weights.values()) > 10e6
    model = TrainedNetwork(network=spec, init="paper", seed=0, run_key="", weights=weights)
    environment = cpu_environment(kernels=kernels_name())
    tasks = list[Task](evaluations(EvaluationTask, [model], digits, environment=environment))
    images = with_test_images(Images(images=digits.images, labels=digits.labels))
    work = Work(tasks, images, [alone(tasks[0], images)])
    assert contents(run(work, cache, workers=1).results) == contents(work.expected)


def test_result_without_a_place_stops_the_work(work: Work, cache: Path) -> None:
    cache.write_bytes(b"a file where the folder should be")
    with pytest.raises(OSError, match=str(cache)):
        run(replace(work, tasks=[work.tasks[1]]), cache, workers=1)
    assert worker_processes() == []
