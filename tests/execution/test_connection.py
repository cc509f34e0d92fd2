"""What a connection makes of the ways in which a cluster fails, one by one."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any

import pytest
from distributed.client import ClosedClientError

from pipeline.execution.connection import Connection, SchedulerGoneError, _shortage
from pipeline.execution.pool import open_pool
from pipeline.program import program
from pipeline.training.plan import Plan

COMPUTE = """
import pickle, sys
from pipeline.execution.pool import open_pool
from pipeline.execution.runner import complete
from pipeline.program import program

plan = pickle.load(sys.stdin.buffer)
complete(plan.tasks, plan.digits, open_pool(program()), observers=[])
"""


class Future:
    """One that is done, and does or says this when asked for its result."""

    def __init__(self, *said: Any, status: str = "finished") -> None:
        self.said, self.status = list(said), status
        self.callbacks: list[Callable[[Any], None]] = []

    def result(self, timeout: float) -> Any:  # noqa: ARG002
        found = self.said.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        self.callbacks.append(callback)


@pytest.fixture
def connection() -> Connection:
    return Connection(open_pool(program()), None, most=1)


def results(connection: Connection, future: Any) -> Any:
    return connection.results(future)


def test_results_that_take_long_to_fetch_are_waited_for(connection: Connection) -> None:
    assert results(connection, Future(TimeoutError(), TimeoutError(), ["r"])) == ["r"]


@pytest.mark.parametrize("status", ["lost", "pending"])
def test_results_that_died_with_their_worker_come_again(
    connection: Connection, status: str
) -> None:
    future = Future(TimeoutError(), status=status)
    assert results(connection, future) is None
    assert future.callbacks == [connection.events.put]


@pytest.mark.parametrize("problem", [CancelledError(), OSError("comm closed")])
def test_connection_that_breaks_is_told_from_a_job_that_fails(
    connection: Connection, problem: Exception
) -> None:
    with pytest.raises(SchedulerGoneError):
        results(connection, Future(problem))


@pytest.mark.parametrize("problem", [OSError(28, "No space left"), TimeoutError(), ValueError()])
def test_error_of_a_job_is_its_own(connection: Connection, problem: Exception) -> None:
    with pytest.raises(type(problem)) as raised:
        results(connection, Future(problem, status="error"))
    assert raised.value is problem


def test_client_that_closed_itself_is_a_scheduler_that_is_gone(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Closed:
        def submit(self, *_: object, **__: object) -> None:
            raise ClosedClientError

    monkeypatch.setattr(connection, "client", Closed())
    with pytest.raises(SchedulerGoneError):
        connection.submit([], name="task")


@pytest.mark.parametrize(
    ("num_slots", "workers", "said"),
    [
        (0, 0, "no worker is left; waiting for one."),
        (2, 3, "1 of 3 workers are of another kind and get no work."),
        (3, 3, ""),
    ],
)
def test_what_workers_cannot_do_is_said(num_slots: int, workers: int, said: str) -> None:
    assert _shortage(num_slots, workers) == said


def test_nothing_of_dasks_own_log_is_shown(make_plan: Callable[..., Plan]) -> None:
    found = subprocess.run(
        [sys.executable, "-c", COMPUTE],
        input=pickle.dumps(make_plan()),
        env=dict(os.environ),
        check=True,
        capture_output=True,
    )
    assert found.stderr == b""
