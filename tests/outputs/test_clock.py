"""What a stage's clock reads, and the file that it goes to."""

import time
from pathlib import Path

import pytest

from pipeline.execution.pool import Pool, open_pool
from pipeline.execution.task import Result, Task
from pipeline.outputs.clock import StageClock
from pipeline.outputs.timings import RunTiming, StageTiming, read_timing, write_timing
from pipeline.program import program
from tests.conftest import MakePlan


def timed(started: float) -> Result:
    timing = {"started": started, "ended": started + 2, "epochs": [(started, started + 1)]}
    record = {"history": [], "failure": None, "timing": timing, "device": "a device"}
    return Result(arrays={}, record=record)


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Pool:
    """Seven workers to be had."""
    monkeypatch.setenv("ABLATION_WORKERS", "7")
    return open_pool(program())


@pytest.fixture
def tasks(make_plan: MakePlan) -> list[Task]:
    """Two of them."""
    return [*make_plan(seeds=(0, 1)).tasks]


def test_clock_reads_what_was_done_and_for_how_long(tasks: list[Task], pool: Pool) -> None:
    clock = StageClock("train", "no_pooling")
    time.sleep(0.05)
    clock.add(tasks, [timed(100.0), timed(200.5)], pool, cached=1)
    found = clock.read()
    assert (found.stage, found.variant, found.cached) == ("train", "no_pooling", 1)
    assert found.device == tasks[0].environment.device
    assert 0.05 <= found.wall_s < 30
    one, other = (task.key for task in tasks)
    of = {"device": "a device"}
    assert found.runs == (
        RunTiming(run_key=one, **of, started=100.0, ended=102.0, epochs=[(100.0, 101.0)]),
        RunTiming(run_key=other, **of, started=200.5, ended=202.5, epochs=[(200.5, 201.5)]),
    )


@pytest.mark.parametrize(("cached", "workers"), [(0, 2), (1, 1), (2, 0)])
def test_workers_are_those_that_had_something_to_do(
    tasks: list[Task], pool: Pool, cached: int, workers: int
) -> None:
    clock = StageClock("train", "mlp")
    clock.add(tasks, [timed(0.0), timed(1.0)], pool, cached=cached)
    assert clock.read().workers == workers


def test_phases_of_a_stage_are_added_up(tasks: list[Task], pool: Pool) -> None:
    one, other = tasks
    clock = StageClock("sweep", "mlp")
    clock.add([one, other], [timed(0.0), timed(1.0)], pool, cached=0)
    clock.add([one], [timed(2.0)], pool, cached=1)
    clock.add([other], [timed(3.0)], pool, cached=0)
    found = clock.read()
    assert [run.started for run in found.runs] == [0.0, 1.0, 2.0, 3.0]
    assert [run.run_key for run in found.runs] == [each.key for each in (one, other, one, other)]
    assert (found.cached, found.workers) == (1, 2)  # the most there were at once


def test_timing_is_read_as_it_was_written(tmp_path: Path, tasks: list[Task], pool: Pool) -> None:
    clock = StageClock("sweep", "mlp")
    clock.add(tasks, [timed(0.1 + 0.2), timed(1.0)], pool, cached=0)
    for timing in (clock.read(), StageTiming(stage="download", wall_s=1.5)):
        write_timing(tmp_path, timing)
        assert read_timing(tmp_path, timing.stage, timing.variant) == timing
    assert {path.name for path in tmp_path.glob("*.json")} == {"sweep-mlp.json", "download.json"}
