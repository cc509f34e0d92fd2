import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.training.cells import Result
from pipeline.training.plan import Plan
from pipeline.training.tasks import Job
from pipeline.training.timings import StageClock


def timed(started: float) -> Result:
    timing = {"started": started, "ended": started + 2, "epochs": [(started, started + 1)]}
    record = {"history": [], "failure": None, "timing": timing, "device": "a device"}
    return Result(arrays={}, record=record)


@pytest.fixture
def jobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_plan: Callable[..., Plan]
) -> list[Job]:
    """Two cells, and seven workers to be had."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ABLATION_WORKERS", "7")
    return [Job(cell=cell) for cell in make_plan(seeds=(0, 1)).cells]


@pytest.fixture
def record(jobs: list[Job]) -> dict[str, Any]:
    """What a stage of two cells leaves, one of them from the cache."""
    clock = StageClock("train", "no_pooling")
    time.sleep(0.05)
    clock.add(jobs, [timed(100.0), timed(200.5)], cached=1)
    clock.write()
    found = json.loads(Path("timings/train-no_pooling.json").read_text(encoding="utf8"))
    return {**found, "keys": [job.cell.key for job in jobs], "jobs": jobs}


def test_file_says_which_stage_ran_where(record: dict[str, Any]) -> None:
    assert (record["stage"], record["variant"]) == ("train", "no_pooling")
    assert record["device"] == record["jobs"][0].cell.environment.device
    assert record["cached"] == 1


@pytest.mark.parametrize(("cached", "workers"), [(0, 2), (1, 1), (2, 0)])
def test_workers_are_those_that_had_something_to_do(
    jobs: list[Job], cached: int, workers: int
) -> None:
    clock = StageClock("train", "mlp")
    clock.add(jobs, [timed(0.0), timed(1.0)], cached=cached)
    clock.write()
    assert json.loads(Path("timings/train-mlp.json").read_bytes())["workers"] == workers


def test_phases_of_a_stage_are_added_up(jobs: list[Job]) -> None:
    one, other = jobs
    clock = StageClock("sweep", "mlp")
    clock.add([one, other], [timed(0.0), timed(1.0)], cached=0)
    clock.add([one], [timed(2.0)], cached=1)
    clock.add([other], [timed(3.0)], cached=0)
    clock.write()
    found = json.loads(Path("timings/sweep-mlp.json").read_bytes())
    assert [cell["started"] for cell in found["cells"]] == [0.0, 1.0, 2.0, 3.0]
    keys = [job.cell.key for job in (one, other, one, other)]
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
