import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any

import pytest

from pipeline.errors import UserError
from pipeline.training import pool as pool_module
from pipeline.training import remote
from pipeline.training.cluster import INTRODUCTION, PROCESS, local_cluster
from pipeline.training.devices import VISIBLE, Slot
from pipeline.training.identity import (
    Identity,
    identity_here,
    identity_told,
    kind,
    together,
)
from pipeline.training.pool import num_workers, pool, slots_in_use
from pipeline.training.provenance import cpu_environment

Join = Callable[..., None]
GPUS = [Slot(visible=f"GPU-{n}", device="a GPU") for n in range(2)]


@pytest.fixture
def on_gpus(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two GPUs, a slot each."""
    monkeypatch.setattr(pool_module, "local_slots", lambda: GPUS)
    pool_module._pool.cache_clear()
    yield
    pool_module._pool.cache_clear()


@pytest.fixture
def joined(monkeypatch: pytest.MonkeyPatch) -> Iterator[Join]:
    """Joins a cluster whose workers say this of themselves."""

    class Client:
        def __enter__(self) -> "Client":
            return self

        def __exit__(self, *_: object) -> None: ...

    def join(*workers: Identity) -> None:
        monkeypatch.setattr(remote, "members", lambda _: [asdict(each) for each in workers])
        pool_module._pool.cache_clear()

    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://somewhere:8786")
    monkeypatch.setattr(remote, "joined_cluster", lambda _: Client())
    yield join
    pool_module._pool.cache_clear()


def worker(**changed: str) -> Identity:
    """One like those of this machine, but for its environment."""
    identity = identity_here("a CPU")
    return replace(identity, environment=replace(identity.environment, **changed))


def test_cores_of_this_machine_are_the_pool() -> None:
    found = pool()
    assert found.environment == cpu_environment()
    assert found.places == len(found.slots) == len(os.sched_getaffinity(0))
    assert found.scheduler is None
    assert found.resource == identity_here(cpu_environment().device).resource


@pytest.mark.usefixtures("on_gpus")
def test_gpus_have_as_many_workers_as_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pool().environment == replace(cpu_environment(), device="a GPU")
    assert num_workers(10) == 2
    monkeypatch.setenv("ABLATION_WORKERS", "7")
    assert num_workers(10) == 2
    assert slots_in_use() == GPUS
    monkeypatch.setenv("ABLATION_WORKERS", "1")
    assert num_workers(10) == 1
    assert slots_in_use() == GPUS[:1]


def test_cores_may_be_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABLATION_WORKERS", "7")
    assert len(slots_in_use()) == 7
    monkeypatch.delenv("ABLATION_WORKERS")
    assert len(slots_in_use()) == len(os.sched_getaffinity(0))


def test_cells_of_a_joined_cluster_have_the_environment_of_its_workers(joined: Join) -> None:
    joined(worker(), worker())
    assert pool().environment == worker().environment
    assert (pool().places, list(pool().slots)) == (2, [])
    assert pool().resource == worker().resource
    assert num_workers(10) == 2
    assert num_workers(10, places=5) == 5
    assert num_workers(10, places=0) == 0
    assert num_workers(1) == 1


def test_workers_that_are_not_alike_are_refused(joined: Join) -> None:
    joined(worker(device="B"), worker(device="A", cpu_capability="AVX2"))
    with pytest.raises(UserError) as refusal:
        pool()
    said = str(refusal.value)
    assert said.startswith("all workers must be alike, or results would depend on which of them")
    assert "got A (AVX2, torch" in said
    assert "; B (" in said
    assert said.endswith("or set ABLATION_MIXED=1: the report then says so.")


def test_workers_that_are_not_alike_may_be_asked_for(
    joined: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABLATION_MIXED", "1")
    joined(worker(device="B"), worker(device="A"), worker(device="B"))
    found = pool()
    kinds = " and ".join(kind(worker(device=device).environment) for device in "AB")
    assert found.environment == replace(worker().environment, device=kinds)
    assert found.resource == worker(device="A").kin == worker(device="B").kin
    assert found.resource not in (worker(device="A").resource, worker(device="B").resource)


def test_worker_with_other_code_is_refused(joined: Join) -> None:
    joined(worker(), replace(worker(), code="f" * 64))
    with pytest.raises(UserError) as refusal:
        pool()
    ours = worker().code[:12]
    assert str(refusal.value) == (
        f"every worker must have the same code as this repository, {ours}, but one has "
        "ffffffffffff: bring it up to date and start it again."
    )


def test_worker_with_another_python_is_refused(joined: Join) -> None:
    joined(replace(worker(), python="3.99"))
    with pytest.raises(UserError, match=r"must have Python 3\.\d+, but one has 3\.99"):
        pool()


def test_cluster_without_workers_is_refused(joined: Join) -> None:
    joined()
    with pytest.raises(UserError, match="must have workers: start some with `python -m pipeline"):
        pool()


def test_identity_survives_being_told() -> None:
    assert identity_told(asdict(worker())) == worker()


def test_what_is_alike_has_one_resource_and_nothing_else_has() -> None:
    others = [worker(device="B"), replace(worker(), code=""), replace(worker(), python="3")]
    assert len({each.resource for each in (worker(), worker(), *others)}) == 4
    assert worker().kin == others[0].kin
    assert len({each.kin for each in (worker(), *others)}) == 3


def test_one_environment_is_itself() -> None:
    assert together([cpu_environment(), cpu_environment()]) == cpu_environment()


def _visible() -> str | None:
    return os.environ.get(VISIBLE)


def test_each_worker_sees_its_own_gpu_and_tells_what_it_is() -> None:
    ours = dict(os.environ)
    with local_cluster(GPUS) as opened:
        client: Any = opened
        assert sorted(client.run(_visible).values()) == ["GPU-0", "GPU-1"]
        told = [dict(each[INTRODUCTION]) for each in client.scheduler_info()["workers"].values()]
        problems = [each.pop("problem") for each in told]
        assert [identity_told(each) for each in told] == [identity_here("a GPU")] * 2
        assert [problem[:20] for problem in problems] == [
            "torch must find the "
        ] * 2  # no such GPU
        settings = list(client.run(_settings).values())
    assert settings == [("1000000000", "1")] * 2
    assert ours.items() <= os.environ.items()
    assert not (os.environ.keys() - ours.keys()) & PROCESS.keys()


def _settings() -> tuple[str | None, str | None]:
    """As they were when the process started: glibc reads them then."""
    with open("/proc/self/environ", "rb") as file:  # noqa: PTH123
        pairs = dict(pair.split(b"=", 1) for pair in file.read().split(b"\0") if b"=" in pair)
    names = (b"MALLOC_TRIM_THRESHOLD_", b"OMP_NUM_THREADS")
    return tuple(pairs[name].decode() for name in names)  # pyright: ignore[reportReturnType]
