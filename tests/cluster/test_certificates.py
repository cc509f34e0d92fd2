"""Dask's own configuration keeps out whoever has no certificate of the same authority."""

from pathlib import Path

import pytest
from distributed import Security

from tests.cluster.runs import Cluster, refused, run_to_its_end, same, serving
from tests.faults import Undisturbed

pytestmark = pytest.mark.slow

TLS = "DASK_DISTRIBUTED__COMM__TLS__"


def certificates(folder: Path) -> dict[str, str]:
    """Of a new authority, and the environment variables that say where they are."""
    made = Security.temporary()
    folder.mkdir()
    found = {"DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "True"}
    for variable, pem in {
        f"{TLS}CA_FILE": made.tls_ca_file,
        **{f"{TLS}{role}__CERT": made.tls_client_cert for role in ROLES},
        **{f"{TLS}{role}__KEY": made.tls_client_key for role in ROLES},
    }.items():
        file = folder / variable
        file.write_text(str(pem))
        found[variable] = str(file)
    return found


ROLES = ("SCHEDULER", "WORKER", "CLIENT")


def test_machines_with_certificates_of_one_authority_work_together(
    cluster: Cluster, undisturbed: Undisturbed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in certificates(tmp_path / "ours").items():
        monkeypatch.setenv(name, value)
    first, *others = cluster
    scheduler = first.scheduler(protocol="tls")
    serving(scheduler, others)
    run_to_its_end(first, scheduler)
    same(first, undisturbed)


def test_whoever_has_none_or_others_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    ours, others = certificates(tmp_path / "ours"), certificates(tmp_path / "others")
    first, second, third = cluster
    scheduler = first.scheduler(protocol="tls", **ours)
    plain = scheduler.replace("tls:", "tcp:")
    for host, address, env in ((second, scheduler, others), (third, plain, {})):
        host.worker(address, **env)
        assert host.running[-1].wait(60) == 2
        assert f"a Dask scheduler must answer at '{address}'" in host.said("worker.txt")
    serving(scheduler, [second], **ours)
    for address, env in ((scheduler, others), (scheduler, {}), (plain, {}), (plain, ours)):
        said = refused(first, address, **env)
        assert said.startswith(f"error: a Dask scheduler must answer at '{address}', but got: ")
