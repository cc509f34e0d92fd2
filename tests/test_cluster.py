"""Several machines give what one gives, whatever happens to them meanwhile."""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.faults import Undisturbed, _finished, _outputs, undisturbed_run
from tests.hosts import NEEDED, Host, hosts, possible, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not possible(), reason=NEEDED)]

PATIENCE_S = 300
Cluster = tuple[Host, Host, Host]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """The small study on this machine alone."""
    return undisturbed_run(tmp_path_factory.mktemp("study"))


@pytest.fixture
def cluster(undisturbed: Undisturbed, tmp_path: Path) -> Iterator[Cluster]:
    """Where the scheduler and the coordinator are, and two machines that may work for them."""
    with hosts(undisturbed.plain, tmp_path, count=3) as (first, second, third):
        yield first, second, third


def started(cluster: Cluster) -> str:
    """The scheduler's address, once both machines serve it."""
    first, *others = cluster
    scheduler = first.scheduler()
    wait_for(first, "scheduler.txt", "Scheduler at:")
    for host in others:
        host.worker(scheduler)
    for host in others:
        wait_for(host, "worker.txt", "workers for")
    return scheduler


def same(host: Host, undisturbed: Undisturbed) -> None:
    """Every cell and every out, byte for byte."""
    assert _finished(host.folder).keys() == undisturbed.cells
    assert _outputs(host.folder) == undisturbed.outputs


def run_to_its_end(
    host: Host, scheduler: str, meanwhile: Callable[[], None] = lambda: None
) -> Mapping[str, int]:
    """Run the study there; do something in the middle of the first phase. What was finished then.

    Asserts that no finished cell was computed again.
    """
    run = host.study(scheduler)
    wait_for(host, "log.txt", "sweep lenet5, trials: 1/")
    before = _finished(host.folder)
    meanwhile()
    assert run.wait(PATIENCE_S) == 0, host.said("log.txt")[-3000:]
    after = _finished(host.folder)
    assert {key: after[key] for key in before} == before
    return before


def test_two_machines_give_what_one_gives(cluster: Cluster, undisturbed: Undisturbed) -> None:
    first, *others = cluster
    run_to_its_end(first, started(cluster))
    same(first, undisturbed)
    for host in others:  # all that they need comes through the network
        assert not (host.folder / "cache").exists()
        assert not (host.folder / "data").exists()


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
    first, *others = cluster
    scheduler = started(cluster)

    def restart() -> None:
        (process,) = [each for each in first.running if "scheduler" in str(each.args)]
        process.kill()
        process.wait()
        wait_for(first, "log.txt", "the scheduler is gone; waiting for it.")
        for host in others:
            wait_for(host, "worker.txt", "is gone; waiting for it.")
        first.scheduler()

    run_to_its_end(first, scheduler, restart)
    same(first, undisturbed)
    assert "the scheduler is back." in first.said("log.txt")


def test_network_that_is_cut_for_half_a_minute_costs_time_alone(
    cluster: Cluster, undisturbed: Undisturbed
) -> None:
    first, second, _ = cluster
    scheduler = started(cluster)

    def cut() -> None:
        second.cut(down=True)
        time.sleep(30)
        second.cut(down=False)

    run_to_its_end(first, scheduler, cut)
    same(first, undisturbed)


def refused(host: Host, scheduler: str, **env: str) -> str:
    """What a study that cannot begin says; it leaves no out."""
    run = host.study(scheduler, **env)
    assert run.wait(PATIENCE_S) == 2
    assert not (host.folder / "sweeps").exists()
    return host.said("log.txt").splitlines()[-1]


def test_machine_with_other_code_is_refused_before_any_work(cluster: Cluster) -> None:
    first, second, _ = cluster
    module = second.folder / "pipeline/training/classifier.py"
    module.write_text(module.read_text() + "\nOTHER = 1\n")
    said = refused(first, started(cluster))
    assert said.startswith("error: every worker must have the same code as this repository, ")


def test_machine_of_another_kind_is_refused_unless_asked_for(
    cluster: Cluster, undisturbed: Undisturbed
) -> None:
    first, second, third = cluster
    scheduler = first.scheduler()
    wait_for(first, "scheduler.txt", "Scheduler at:")
    second.worker(scheduler, ATEN_CPU_CAPABILITY="default")
    third.worker(scheduler)
    for host in (second, third):
        wait_for(host, "worker.txt", "workers for")
    assert "all workers must be alike" in refused(first, scheduler)
    run = first.study(scheduler, ABLATION_MIXED="1")
    assert run.wait(PATIENCE_S) == 0, first.said("log.txt")[-3000:]
    assert not _finished(first.folder).keys() & undisturbed.cells


def test_worker_that_is_not_ours_is_refused(cluster: Cluster) -> None:
    first, second, _ = cluster
    scheduler = first.scheduler()
    wait_for(first, "scheduler.txt", "Scheduler at:")
    program = shutil.which("dask") or "dask"
    second.start([program, "worker", scheduler, "--nthreads", "1"], log="worker.txt")
    wait_for(first, "scheduler.txt", "Register worker")
    assert "must be started by `python -m pipeline worker`" in refused(first, scheduler)


def test_address_where_nobody_answers_is_refused(cluster: Cluster) -> None:
    first, second, _ = cluster
    assert refused(first, "tcp://10.77.0.2:8786").startswith(
        "error: a Dask scheduler must answer at 'tcp://10.77.0.2:8786', but got: "
    )
    second.worker("tcp://10.77.0.1:8786")
    assert second.running[-1].wait(60) == 2
    assert "a Dask scheduler must answer at 'tcp://10.77.0.1:8786'" in second.said("worker.txt")
