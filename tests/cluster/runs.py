"""Studies on a cluster of hosts, and what must come of them."""

import subprocess
from collections.abc import Callable

from tests.cluster.hosts import Host, wait_for
from tests.faults import Undisturbed, _finished, _outputs

PATIENCE_S = 300
Cluster = tuple[Host, Host, Host]


def started(cluster: Cluster) -> str:
    """The scheduler's address, once both machines serve it."""
    first, *others = cluster
    scheduler = first.scheduler()
    serving(scheduler, others)
    return scheduler


def serving(scheduler: str, hosts: list[Host], **env: str) -> None:
    for host in hosts:
        host.worker(scheduler, **env)
    for host in hosts:
        wait_for(host, "worker.txt", "workers for")


def same(host: Host, undisturbed: Undisturbed) -> None:
    """Every task and every out, byte for byte."""
    assert _finished(host.folder).keys() == undisturbed.tasks
    assert _outputs(host.folder) == undisturbed.outputs


def run_to_its_end(
    host: Host, scheduler: str, meanwhile: Callable[[], None] = lambda: None
) -> None:
    """Run the study there; do something in the middle of the first phase.

    Asserts that no finished task was computed again.
    """
    run = host.study(scheduler)
    wait_for(host, "log.txt", "sweep lenet5, trials: 1/")
    before = _finished(host.folder)
    meanwhile()
    succeeds(run, host)
    after = _finished(host.folder)
    assert {key: after[key] for key in before} == before


def succeeds(run: "subprocess.Popen[bytes]", host: Host) -> None:
    assert run.wait(PATIENCE_S) == 0, host.said("log.txt")[-3000:]


def refused(host: Host, scheduler: str, **env: str) -> str:
    """The last word of a study that cannot begin; it leaves no out."""
    run = host.study(scheduler, **env)
    assert run.wait(PATIENCE_S) == 2, host.said("log.txt")[-3000:]
    assert not (host.folder / "sweeps").exists()
    return host.said("log.txt").splitlines()[-1]
