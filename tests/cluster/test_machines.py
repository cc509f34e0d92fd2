"""Several machines give what one gives, whatever happens to them meanwhile."""

import json
import sys
import time
from pathlib import Path

import pytest

from tests.cluster.hosts import wait_for
from tests.cluster.runs import (
    PATIENCE_S,
    Cluster,
    run_to_its_end,
    same,
    serving,
    started,
    succeeds,
)
from tests.faults import Undisturbed, _finished

pytestmark = pytest.mark.slow

HOUR_FAST = "import time\nreal = time.time\ntime.time = lambda: real() + 3600\n"


def test_two_machines_give_what_one_gives(cluster: Cluster, undisturbed: Undisturbed) -> None:
    first, *others = cluster
    run_to_its_end(first, started(cluster))
    same(first, undisturbed)
    for host in others:  # but for what they made themselves all came through the network
        assert [path.name for path in (host.folder / "cache").iterdir()] == ["corrupted", "native"]
        assert not (host.folder / "data").exists()


def test_machines_may_come_late_be_slow_and_have_a_wrong_clock(
    cluster: Cluster, undisturbed: Undisturbed
) -> None:
    first, second, third = cluster
    clock = third.folder / "clock"
    clock.mkdir()
    (clock / "sitecustomize.py").write_text(HOUR_FAST)
    scheduler = first.scheduler()
    begun = time.time()
    run = first.study(scheduler)
    wait_for(first, "log.txt", "no worker is there yet; waiting for one.")
    serving(scheduler, [second])
    serving(scheduler, [third], PYTHONPATH=str(clock))
    with second.slow():
        succeeds(run, first)
    same(first, undisturbed)
    for stage in ("sweep", "train"):
        timing = json.loads((first.folder / f"timings/{stage}-lenet5.json").read_text())
        times = [run[each] for run in timing["runs"] for each in ("started", "ended")]
        assert begun < min(times) < max(times) < time.time()


def test_machine_that_dies_and_comes_back_costs_what_it_was_at(
    cluster: Cluster, undisturbed: Undisturbed
) -> None:
    first, second, _ = cluster
    scheduler = started(cluster)

    def lose_and_replace() -> None:
        second.power_off()
        time.sleep(2)
        second.worker(scheduler)

    run_to_its_end(first, scheduler, lose_and_replace)
    same(first, undisturbed)
    wait_for(second, "worker.txt", "workers for", times=2)


def test_with_every_machine_gone_the_run_waits_and_says_so(
    cluster: Cluster, undisturbed: Undisturbed
) -> None:
    first, second, third = cluster
    scheduler = started(cluster)

    def lose_all() -> None:
        second.power_off()
        third.power_off()
        wait_for(first, "log.txt", "no worker is left; waiting for one.")
        third.worker(scheduler)

    run_to_its_end(first, scheduler, lose_all)
    same(first, undisturbed)


def test_scheduler_that_dies_and_returns_costs_what_was_under_way(
    cluster: Cluster, undisturbed: Undisturbed
) -> None:
    first, second, third = cluster
    scheduler = first.scheduler()
    serving(scheduler, [second])
    serving(scheduler, [third], ABLATION_WORKERS="2")

    def restart() -> None:
        (process,) = [each for each in first.running if "scheduler" in str(each.args)]
        process.kill()
        process.wait()
        wait_for(first, "log.txt", "the scheduler is gone; waiting for it.")
        for host in (second, third):
            wait_for(host, "worker.txt", "is gone; waiting for it.")
        first.running.remove(process)
        first.start(process.args, log="scheduler.txt")  # pyright: ignore[reportArgumentType]

    run_to_its_end(first, scheduler, restart)
    same(first, undisturbed)
    assert "the scheduler is back." in first.said("log.txt")
    wait_for(third, "worker.txt", f"workers for {scheduler}: 2", times=2)


def test_run_that_is_interrupted_costs_what_was_under_way(
    cluster: Cluster, undisturbed: Undisturbed
) -> None:
    first, *_ = cluster
    scheduler = started(cluster)
    run = first.study(scheduler)
    wait_for(first, "log.txt", "sweep lenet5, trials: 1/")
    run.terminate()
    assert run.wait(PATIENCE_S) != 0
    before = _finished(first.folder)
    succeeds(first.study(scheduler), first)
    same(first, undisturbed)
    after = _finished(first.folder)
    assert {key: after[key] for key in before} == before


def test_network_that_is_cut_for_half_a_minute_costs_time_alone(
    cluster: Cluster, undisturbed: Undisturbed
) -> None:
    first, second, _ = cluster
    scheduler = started(cluster)

    def cut() -> None:
        with second.cut():
            time.sleep(30)

    run_to_its_end(first, scheduler, cut)
    same(first, undisturbed)


def test_worker_of_a_machine_with_a_full_disk_says_why_it_does_not_start(
    cluster: Cluster, tmp_path: Path
) -> None:
    first, second, _ = cluster
    full = tmp_path / "full"
    full.mkdir()
    work = f"{sys.executable} -m pipeline worker {first.scheduler()}"
    fill = f"mount -t tmpfs -o nr_inodes=1 tmpfs {full}"  # in a view of its own, as `ip` has it
    second.start(
        ["sh", "-c", f"{fill} && exec {work}"],
        log="worker.txt",
        ABLATION_WORKERS="1",
        DASK_TEMPORARY_DIRECTORY=str(full / "dask"),
    )
    assert second.running[-1].wait(60) == 2
    said = second.said("worker.txt")
    assert "error: workers must be able to start here, but got: [Errno 28] No space left" in said
