"""Ended at any moment, a run leaves no process behind, and loses no finished task."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import yaml

from pipeline.interruption import PARENT
from tests.test_pipeline import copy_repository

REPOSITORY = Path(__file__).parents[1]

WAITING = """
import time
from pipeline.interruption import end_with_parent

end_with_parent()
time.sleep(60)
"""


@pytest.fixture
def long_study(tmp_path: Path) -> Path:
    """A study whose trainings go on for minutes."""
    folder = copy_repository(tmp_path)
    params = yaml.safe_load((folder / "params.yaml").read_text())
    params["data"] |= {"source": str(REPOSITORY / "tests/digits"), "validation_images": 100}
    params["search"] |= {"epochs": 400}
    params["training"] |= {"epochs": 400, "batch_size": 10}
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    config = "[core]\n    analytics = false\n    no_scm = true\n"
    (folder / ".dvc/config").write_text(config)
    return folder


@pytest.fixture
def running(long_study: Path) -> Iterator[subprocess.Popen[str]]:
    """`make repro`'s own process, with workers in the middle of their first tasks."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "study"],
        cwd=long_study,
        env=os.environ | {"ABLATION_CACHE": str(long_study / "cache"), "ABLATION_WORKERS": "2"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_until(lambda: num_workers_training(long_study) == 2, seconds=300)
        yield process
    finally:
        for each in processes(long_study):
            each.kill()
        process.communicate()


def processes(folder: Path) -> list[psutil.Process]:
    """Every process that works for the study, however it was started."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("ABLATION_CACHE") == str(folder / "cache"):
                found.append(process)
        except psutil.Error:
            continue
    return found


def stage(folder: Path) -> psutil.Process:
    return next(each for each in processes(folder) if "sweep" in each.cmdline())


def num_workers_training(folder: Path) -> int:
    """Workers are forked from one process that has imported everything: their time is work."""
    try:
        servers = [each for each in processes(folder) if "forkserver" in " ".join(each.cmdline())]
        workers = [child for each in servers for child in each.children()]
        return sum(each.cpu_times().user > 1 for each in workers)
    except psutil.NoSuchProcess:  # one has ended meanwhile: ask again
        return 0


def wait_until(condition: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.1)


def test_a_stage_whose_dvc_is_gone_before_it_looks_leaves_at_once() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    stage = subprocess.run(
        [sys.executable, "-c", WAITING],
        env=os.environ | {PARENT: str(gone.pid)},
        timeout=60,
        check=False,
    )
    assert stage.returncode == 1


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stage_that_is_ended_takes_its_workers_with_it(
    running: subprocess.Popen[str], long_study: Path, number: int
) -> None:
    stage(long_study).send_signal(number)
    running.wait(timeout=60)
    assert running.returncode != 0
    wait_until(lambda: not processes(long_study), seconds=30)
    assert not list((long_study / "sweeps").rglob("*.*"))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_dvc(
    running: subprocess.Popen[str], long_study: Path, number: int
) -> None:
    running.send_signal(number)
    wait_until(lambda: not processes(long_study), seconds=30)


@pytest.mark.slow
def test_a_second_run_in_the_same_folder_is_refused(
    running: subprocess.Popen[str], long_study: Path
) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "pipeline", "study"],
        cwd=long_study,
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 2
    assert "error: only one run may be going on in a folder, but another holds" in second.stderr
    assert running.poll() is None
