import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.execution.pool import open_pool
from pipeline.execution.task import Result, Task
from pipeline.execution.timings import StageClock
from pipeline.program import program
from pipeline.training.plan import Plan


def timed(started: float) -> Result:
    timing = {"started": started, "ended": started + 2, "epochs": [(started, started + 1)]}
    record = {"history": [], "failure": None, "timing": timing, "device": "a device"}
    return Result(arrays={}, record=record)


@pytest.fixture
def tasks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_plan: Callable[..., Plan]
) -> list[Task]:
    """Two cells, and seven workers to be had."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ABLATION_WORKERS", "7")
    return list(make_plan(seeds=(0, 1)).tasks)


@pytest.fixture
def record(tasks: list[Task]) -> dict[str, Any]:
    """What a stage of two cells leaves, one of them from the cache."""
    clock = StageClock("train", "no_pooling")
    time.sleep(0.05)
    clock.add(tasks, [timed(100.0), timed(200.5)], open_pool(program()), cached=1)
    clock.write()
    found = json.loads(Path("timings/train-no_pooling.json").read_text(encoding="utf8"))
    return {**found, "keys": [task.key for task in tasks], "tasks": tasks}


def test_file_says_which_stage_ran_where(record: dict[str, Any]) -> None:
    assert (record["stage"], record["variant"]) == ("train", "no_pooling")
    assert record["device"] == record["tasks"][0].environment.device
    assert record["cached"] == 1


@pytest.mark.parametrize(("cached", "workers"), [(0, 2), (1, 1), (2, 0)])
def test_workers_are_those_that_had_something_to_do(
    tasks: list[Task], cached: int, workers: int
) -> None:
    clock = StageClock("train", "mlp")
    clock.add(tasks, [timed(0.0), timed(1.0)], open_pool(program()), cached=cached)
    clock.write()
    assert json.loads(Path("timings/train-mlp.json").read_bytes())["workers"] == workers


def test_phases_of_a_stage_are_added_up(tasks: list[Task]) -> None:
    one, other = tasks
    clock = StageClock("sweep", "mlp")
    clock.add([one, other], [timed(0.0), timed(1.0)], open_pool(program()), cached=0)
    clock.add([one], [timed(2.0)], open_pool(program()), cached=1)
    clock.add([other], [timed(3.0)], open_pool(program()), cached=0)
    clock.write()
    found = json.loads(Path("timings/sweep-mlp.json").read_bytes())
    assert [cell["started"] for cell in found["cells"]] == [0.0, 1.0, 2.0, 3.0]
    keys = [task.key for task in (one, other, one, other)]
    assert [cell["cell"] for cell in found["cells"]] == keys
    assert found["cached"] == 1
    assert found["workers"] == 2  # the most there were at once


def test_wall_time_runs_from_the_start_of_the_clock(record: dict[str, Any]) -> None:
    assert 0.05 <= record["wall_s"] < 30


def test_each_cell_has_its_own_times_in_the_order_of_the_jobs(record: dict[str, Any]) -> None:
    one, other = record["keys"]
    where = {"device": "a device"}
    assert record["cells"] == [
        {"cell": one, **where, "started": 100.0, "ended": 102.0, "epochs": [[100.0, 101.0]]},
        {"cell": other, **where, "started": 200.5, "ended": 202.5, "epochs": [[200.5, 201.5]]},
    ]
