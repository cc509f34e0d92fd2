import os
from pathlib import Path

import pytest

from pipeline.execution import slots as slots_module
from pipeline.execution.errors import UserError
from pipeline.execution.provenance import cpu_environment
from pipeline.execution.slots import Gpu, Slot, gpus, local_slots, num_cores, parsed, slots

H100 = "NVIDIA H100 80GB HBM3"
TWO = [Gpu(index=n, uuid=f"GPU-{n}a{n}b-11", name=H100) for n in range(2)]
LISTING = """\
GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-0a0b-11)
GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-1a1b-11)
"""
IN_PARTS = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-aaaa)
  MIG 3g.20gb     Device  0: (UUID: MIG-bbbb)
  MIG 3g.20gb     Device  1: (UUID: MIG-cccc)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-dddd)
"""


def assigned(chosen: str | None, *, per_gpu: int = 1) -> list[str]:
    found = slots(TWO, chosen=chosen, per_gpu=per_gpu, cores=3, cpu="a CPU")
    return [slot.visible for slot in found]


def test_every_gpu_has_a_worker_before_any_has_two() -> None:
    one, other = (gpu.uuid for gpu in TWO)
    assert assigned(None, per_gpu=3) == [one, other] * 3
    assert [slot.device for slot in slots(TWO, chosen=None, per_gpu=1, cores=3, cpu="")] == (
        [H100] * 2
    )


@pytest.mark.parametrize(
    ("chosen", "wanted"),
    [
        ("1", [1]),
        ("1,0", [1, 0]),
        (" 0 , 1 ", [0, 1]),
        ("0,0", [0]),
        ("GPU-1a1b-11", [1]),
        ("GPU-1a", [1]),
        ("GPU-0a,1", [0, 1]),
    ],
)
def test_gpus_that_the_user_chose_are_the_ones(chosen: str, wanted: list[int]) -> None:
    assert assigned(chosen) == [TWO[n].uuid for n in wanted]


@pytest.mark.parametrize("chosen", ["", " ", "-1"])
def test_cores_are_the_slots_where_the_user_chose_no_gpu(chosen: str) -> None:
    found = slots(TWO, chosen=chosen, per_gpu=4, cores=3, cpu="a CPU")
    assert found == [Slot(visible="", device="a CPU")] * 3


def test_cores_are_the_slots_where_there_is_no_gpu() -> None:
    assert slots([], chosen=None, per_gpu=4, cores=2, cpu="a CPU") == (
        [Slot(visible="", device="a CPU")] * 2
    )


@pytest.mark.parametrize("chosen", ["2", "0,2", "GPU-7", "first", "0,", "01x", "-2"])
def test_gpu_that_is_not_there_is_refused(chosen: str) -> None:
    with pytest.raises(UserError) as refusal:
        assigned(chosen)
    assert str(refusal.value).startswith(
        "`CUDA_VISIBLE_DEVICES` must name GPUs that torch can use here, which are "
        "0 (GPU-0a0b-11), 1 (GPU-1a1b-11), but got "
    )


def test_gpu_is_refused_where_there_is_none() -> None:
    with pytest.raises(UserError, match="which are none, but got '0'"):
        slots([], chosen="0", per_gpu=1, cores=1, cpu="")


def test_listing_of_the_driver_is_understood() -> None:
    assert parsed(LISTING) == TWO
    assert parsed("No devices were found\n") == []


def test_gpu_in_parts_is_its_parts() -> None:
    name = "NVIDIA A100-SXM4-40GB"
    assert parsed(IN_PARTS) == [
        Gpu(index=0, uuid="MIG-bbbb", name=f"{name} MIG 3g.20gb"),
        Gpu(index=0, uuid="MIG-cccc", name=f"{name} MIG 3g.20gb"),
        Gpu(index=1, uuid="GPU-dddd", name=name),
    ]


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver with two GPUs, and a torch that was built for them."""
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{LISTING}END\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(slots_module, "version", lambda _: "2.13.0")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.usefixtures("driver")
def test_slots_are_what_driver_and_environment_say(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gpus() == TWO
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    monkeypatch.setenv("ABLATION_SLOTS_PER_GPU", "3")
    assert local_slots() == [Slot(visible=TWO[1].uuid, device=H100)] * 3


@pytest.mark.usefixtures("driver")
def test_torch_without_cuda_has_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots_module, "version", lambda _: "2.13.0+cpu")
    assert gpus() == []
    assert {slot.device for slot in local_slots()} == {cpu_environment().device}


@pytest.mark.parametrize("words", ["0", "-1", "two", "1.5", "²"])
def test_number_of_slots_that_makes_no_sense_is_refused(
    monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.setenv("ABLATION_SLOTS_PER_GPU", words)
    with pytest.raises(UserError) as refusal:
        local_slots()
    assert str(refusal.value) == (
        f"`ABLATION_SLOTS_PER_GPU` must be a whole number of at least 1, but got {words!r}."
    )


@pytest.mark.usefixtures("driver")
def test_driver_that_is_broken_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = "Failed to initialize NVML: Driver/library version mismatch"
    (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\necho {said}\nexit 18\n")
    assert gpus() == []
    assert capsys.readouterr().err == f"nvidia-smi finds no GPU ({said}): training on the CPU.\n"


def test_cores_are_counted_where_the_system_tells_no_affinity(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert num_cores() == len(os.sched_getaffinity(0))
    monkeypatch.delattr("os.sched_getaffinity")
    assert num_cores() == os.cpu_count()
    monkeypatch.setattr("os.cpu_count", lambda: None)
    assert num_cores() == 1
