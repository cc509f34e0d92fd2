import os
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest

from pipeline.execution import pool as pool_module
from pipeline.execution.errors import UserError
from pipeline.execution.identity import (
    Identity,
    accepts,
    identity_here,
    kind,
    read_identity,
    together,
)
from pipeline.execution.local import PROCESS, local_cluster
from pipeline.execution.pool import open_pool, slots_in_use
from pipeline.execution.provenance import cpu_environment
from pipeline.execution.slots import VISIBLE, Slot, num_cores
from pipeline.execution.worker import INTRODUCTION
from pipeline.native.build import kernels_name
from pipeline.program import program

Join = Callable[..., None]
CPU = Slot(visible="", device="a CPU")
GPUS = [Slot(visible=f"GPU-{n}", device="a GPU") for n in range(2)]


@pytest.fixture
def on_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two GPUs, a slot each."""
    monkeypatch.setattr(pool_module, "local_slots", lambda: GPUS)


@pytest.fixture
def joined(monkeypatch: pytest.MonkeyPatch) -> Join:
    """Joins a cluster whose workers say this of themselves."""

    class Client:
        def __enter__(self) -> "Client":
            return self

        def __exit__(self, *_: object) -> None: ...

    def join(*workers: Identity) -> None:
        monkeypatch.setattr(
            pool_module, "introductions", lambda _: [asdict(each) for each in workers]
        )

    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://somewhere:8786")
    monkeypatch.setattr(pool_module, "joined_cluster", lambda _: Client())
    return join


def worker(**changed: str) -> Identity:
    """One like those of this machine, but for its environment."""
    identity = identity_here(program(), CPU)
    return replace(identity, environment=replace(identity.environment, **changed))


def test_cores_of_this_machine_are_the_pool() -> None:
    found = open_pool(program())
    assert found.environment == cpu_environment(kernels=kernels_name())
    assert found.num_slots == len(found.slots) == num_cores()
    assert found.scheduler is None
    assert found.resource == identity_here(program(), found.slots[0]).resource


@pytest.mark.usefixtures("on_gpus")
def test_gpus_have_as_many_workers_as_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = replace(cpu_environment(), device="a GPU", device_type="cuda")
    assert open_pool(program()).environment == gpu
    assert open_pool(program()).num_workers(10) == 2
    monkeypatch.setenv("ABLATION_WORKERS", "7")
    assert open_pool(program()).num_workers(10) == 2
    assert slots_in_use() == GPUS
    monkeypatch.setenv("ABLATION_WORKERS", "1")
    assert open_pool(program()).num_workers(10) == 1
    assert slots_in_use() == GPUS[:1]


def test_cores_may_be_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABLATION_WORKERS", "7")
    assert len(slots_in_use()) == 7
    monkeypatch.delenv("ABLATION_WORKERS")
    assert len(slots_in_use()) == num_cores()


def test_tasks_of_a_joined_cluster_have_the_environment_of_its_workers(joined: Join) -> None:
    joined(worker(), worker())
    assert open_pool(program()).environment == worker().environment
    assert (open_pool(program()).num_slots, list(open_pool(program()).slots)) == (2, [])
    assert open_pool(program()).resource == worker().resource
    assert open_pool(program()).num_workers(10) == 2
    assert open_pool(program()).num_workers(10, num_slots=5) == 5
    assert open_pool(program()).num_workers(10, num_slots=0) == 0
    assert open_pool(program()).num_workers(1) == 1


def test_workers_that_are_not_alike_are_refused(joined: Join) -> None:
    joined(worker(device="B"), worker(device="A", cpu_capability="AVX2"))
    with pytest.raises(UserError) as refusal:
        open_pool(program())
    said = str(refusal.value)
    assert said.startswith("all workers must be alike, or results would depend on which of them")
    assert "got A (AVX2, " in said
    assert "; B (" in said
    assert said.endswith("or set ABLATION_MIXED=1: the report then says so.")


def test_workers_that_are_not_alike_may_be_asked_for(
    joined: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABLATION_MIXED", "1")
    joined(worker(device="B"), worker(device="A"), worker(device="B"))
    found = open_pool(program())
    kinds = " and ".join(kind(worker(device=device).environment) for device in "AB")
    assert found.environment == replace(worker().environment, device=kinds)
    assert found.resource == worker(device="A").same_code == worker(device="B").same_code
    assert found.resource not in (worker(device="A").resource, worker(device="B").resource)


def test_worker_with_other_code_is_refused(joined: Join) -> None:
    joined(worker(), replace(worker(), code="f" * 64))
    with pytest.raises(UserError) as refusal:
        open_pool(program())
    ours = worker().code[:12]
    assert str(refusal.value) == (
        f"every worker must have the same code as this repository, {ours}, but one has "
        "ffffffffffff: bring it up to date and start it again."
    )


def test_worker_with_another_python_is_refused(joined: Join) -> None:
    joined(replace(worker(), python="3.99"))
    with pytest.raises(UserError, match=r"must have Python 3\.\d+, but one has 3\.99"):
        open_pool(program())


def test_cluster_without_workers_is_refused(joined: Join) -> None:
    joined()
    with pytest.raises(UserError, match="must have workers: start some with `python -m pipeline"):
        open_pool(program())


def test_identity_survives_being_told() -> None:
    assert read_identity(asdict(worker())) == worker()


def test_what_is_alike_has_one_resource_and_nothing_else_has() -> None:
    others = [worker(device="B"), replace(worker(), code=""), replace(worker(), python="3")]
    assert len({each.resource for each in (worker(), worker(), *others)}) == 4
    assert worker().same_code == others[0].same_code
    assert len({each.same_code for each in (worker(), *others)}) == 3


def test_one_environment_is_itself() -> None:
    assert together([cpu_environment(), cpu_environment()]) == cpu_environment()


def test_worker_accepts_its_own_environment_alone_or_together_with_others() -> None:
    one, other, third = (worker(device=device).environment for device in "ABC")
    assert accepts(one, replace(one, stack_size=8))
    assert not accepts(one, other)
    mixed = together([one, other])
    assert accepts(one, mixed)
    assert accepts(other, mixed)
    assert not accepts(third, mixed)
    assert not accepts(one, replace(one, kernels="gcc 14"))


def _visible() -> str | None:
    return os.environ.get(VISIBLE)


def test_each_worker_sees_its_own_gpu_and_tells_what_it_is() -> None:
    ours = dict(os.environ)
    with local_cluster(GPUS, program()) as opened:
        client: Any = opened
        assert sorted(client.run(_visible).values()) == ["GPU-0", "GPU-1"]
        reported = [
            dict(each[INTRODUCTION]) for each in client.scheduler_info()["workers"].values()
        ]
        problems = [each.pop("problem") for each in reported]
        assert [read_identity(each) for each in reported] == [
            identity_here(program(), GPUS[0])
        ] * 2
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
