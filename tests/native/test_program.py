"""What the program finds of the kernels, its workers must find, too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.native.build import SWITCH, library

ROOT = Path(__file__).parents[2]
TWICE = """
import os
from pipeline.program import program
print([program().kernels == program().kernels, os.environ["ABLATION_NATIVE"]])
"""
WORKER = """
import os
from pipeline.execution.errors import UserError
from pipeline.execution.local import local_cluster
from pipeline.execution.slots import local_slots
from pipeline.native.build import kernels_name
from pipeline.program import program
if __name__ == "__main__":
    ours = program()
    if "BREAK" in os.environ:
        os.environ["CC"] = "/no/such/compiler"
    with local_cluster(local_slots()[:1], ours) as client:
        try:
            print([name == ours.kernels for name in client.run(kernels_name).values()])
        except UserError as problem:
            print(problem)
"""
needs_kernels = pytest.mark.skipif(library() is None, reason="needs a C compiler")


def output(folder: Path, script: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    (folder / "script.py").write_text(script, encoding="utf8")
    inherited = {name: os.environ[name] for name in os.environ if name not in ("CC", SWITCH)}
    return subprocess.run(
        [sys.executable, "script.py"],
        cwd=folder,
        env={**inherited, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        check=True,
        text=True,
    )


@needs_kernels
@pytest.mark.parametrize("switch", ["", "0", "1"])
def test_program_that_is_made_twice_is_the_same(tmp_path: Path, switch: str) -> None:
    found = output(tmp_path, TWICE, ABLATION_NATIVE=switch)
    assert found.stdout.strip() == str([True, switch or "1"])
    assert found.stderr == ""


def test_missing_kernels_are_told_once_and_turned_off_for_workers(tmp_path: Path) -> None:
    found = output(tmp_path, TWICE, CC="/no/such/compiler")
    assert found.stdout.strip() == str([True, "0"])
    assert found.stderr.count("cannot be used") == 1


@needs_kernels
def test_worker_has_the_kernels_of_the_program(tmp_path: Path) -> None:
    assert output(tmp_path, WORKER).stdout.strip() == "[True]"


@needs_kernels
def test_worker_that_cannot_load_the_kernels_fails(tmp_path: Path) -> None:
    said = output(tmp_path, WORKER, BREAK="1").stdout
    assert said.startswith("`ABLATION_NATIVE=1` needs the C kernels, but")
    assert "/no/such/compiler" in said
