"""What cannot work is refused before any work, with the reason."""

import pytest

from tests.cluster.hosts import DASK, wait_for
from tests.cluster.runs import Cluster, refused, serving, started, succeeds
from tests.faults import Undisturbed, _finished

pytestmark = pytest.mark.slow


def test_machine_with_other_code_is_refused(cluster: Cluster) -> None:
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
    serving(scheduler, [second], ATEN_CPU_CAPABILITY="default")
    serving(scheduler, [third])
    assert "all workers must be alike" in refused(first, scheduler)
    run = first.study(scheduler, ABLATION_MIXED="1")
    succeeds(run, first)
    assert not _finished(first.folder).keys() & undisturbed.tasks


def test_machine_of_another_kind_that_comes_later_gets_no_work(
    cluster: Cluster, undisturbed: Undisturbed
) -> None:
    first, second, third = cluster
    scheduler = first.scheduler()
    serving(scheduler, [second])
    run = first.study(scheduler)
    wait_for(first, "log.txt", "sweep lenet5, trials: 1/")
    serving(scheduler, [third], ATEN_CPU_CAPABILITY="default")
    wait_for(first, "log.txt", "1 of 2 workers are of another kind and get no work.")
    # The next stage finds both: it would be for somebody to decide.
    third.power_off()
    succeeds(run, first)
    assert _finished(first.folder).keys() == undisturbed.tasks


def test_worker_that_is_not_ours_is_refused(cluster: Cluster) -> None:
    first, second, _ = cluster
    scheduler = first.scheduler()
    second.start([DASK, "worker", scheduler, "--nthreads", "1"], log="worker.txt")
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
