import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from pipeline.execution import provenance
from pipeline.execution.provenance import code_digest, cpu_environment, imported_files

TRAINING_CODE = "pipeline.training.task"
ROOT = Path(__file__).parents[2]


def run(script: str, **environment: str) -> list[str]:
    """The words that a script prints in a process of its own."""
    found = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
        text=True,
    )
    return found.stdout.split()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small package in place of ours, which nothing imports or runs."""
    files = {
        "__init__.py": '"""The package."""\n',
        "unused.py": "value = 1\n",
        "errors.py": "class Mistake(Exception):\n    pass\n",
        "deep/__init__.py": "from pipeline.errors import Mistake\n",
        "deep/low.py": "CONSTANT = 2.5\n",
        "deep/lazy.py": "import pipeline.deep.later\n",
        "deep/later.py": "from pipeline import top\n",
        "top.py": (
            '"""Owns something."""\n'
            "import os\n"
            "from pipeline.deep.low import CONSTANT\n"
            "\n"
            "def act(value: float) -> float:\n"
            '    """Act on `value`."""\n'
            "    from pipeline.deep import lazy\n"
            "    return value * CONSTANT  # as in eq. 1\n"
        ),
    }
    for name, source in files.items():
        path = tmp_path / "pipeline" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf8")
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path / "pipeline")
    return tmp_path / "pipeline"


def digest(module: str) -> str:
    code_digest.cache_clear()
    value = code_digest(module)
    code_digest.cache_clear()
    return value


def found_names(package: Path, module: str) -> set[str]:
    return {path.relative_to(package).as_posix() for path in imported_files(module)}


def edit(file: Path, old: str, new: str) -> None:
    source = file.read_text(encoding="utf8")
    assert source.count(old) == 1
    file.write_text(source.replace(old, new), encoding="utf8")


def test_files_are_those_that_are_imported_at_once_later_and_on_the_way(package: Path) -> None:
    assert found_names(package, "pipeline.top") == {
        "__init__.py",
        "top.py",
        "errors.py",  # by the package of `low`
        "deep/__init__.py",
        "deep/low.py",
        "deep/lazy.py",  # inside a function
        "deep/later.py",  # by that one, and back to `top`
    }


def test_module_that_imports_nothing_still_needs_the_packages_above_it(package: Path) -> None:
    assert found_names(package, "pipeline.deep.low") == {
        "__init__.py",
        "errors.py",
        "deep/__init__.py",
        "deep/low.py",
    }


def test_c_source_counts_where_a_module_beside_it_is_imported(package: Path) -> None:
    near, far = package / "deep" / "fast.c", package / "other" / "slow.c"
    far.parent.mkdir()
    before = digest("pipeline.top")
    far.write_text("int f(void) { return 1; }\n", encoding="utf8")
    assert digest("pipeline.top") == before
    near.write_text("int f(void) { return 1; }\n", encoding="utf8")
    assert "deep/fast.c" in found_names(package, "pipeline.top")
    first = digest("pipeline.top")
    edit(near, "1", "2")
    assert len({before, first, digest("pipeline.top")}) == 3


def test_kernels_count_for_whatever_imports_their_build() -> None:
    assert ROOT / "pipeline/native/kernels.c" in imported_files("pipeline.native.build")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("top.py", "Owns something.", "Owns something else."),
        ("top.py", '    """Act on `value`."""\n', ""),
        ("top.py", "  # as in eq. 1", ""),
        ("top.py", "value * CONSTANT", "(value\n        * CONSTANT)"),
        ("top.py", "import os\n", "import os\n\n\n# A comment.\n"),
        ("__init__.py", '"""The package."""\n', ""),
        ("deep/low.py", "2.5", "2.50"),
        ("deep/low.py", "CONSTANT = 2.5\n", 'CONSTANT = 2.5\n"""Metres."""\n'),
        ("errors.py", "    pass\n", '    """Ours."""\n'),
        ("unused.py", "1", "2"),
    ],
)
def test_what_no_program_notices_leaves_the_digest(
    package: Path, file: str, old: str, new: str
) -> None:
    before = digest("pipeline.top")
    edit(package / file, old, new)
    assert digest("pipeline.top") == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("top.py", "value * CONSTANT", "CONSTANT * value"),
        ("top.py", "value: float)", "value: int)"),
        ("top.py", "return value", "return -value"),
        ("deep/low.py", "2.5", "2.4"),
        ("deep/low.py", "CONSTANT = 2.5\n", "CONSTANT = 2.5\nprint()\n"),
        ("deep/low.py", "CONSTANT = 2.5\n", "CONSTANT = 2.5\nTEXT = 'text'\n"),
        ("deep/lazy.py", "import pipeline.deep.later", "import pipeline.unused"),
        ("deep/later.py", "from", "import os\nfrom"),
        ("errors.py", "Exception", "ValueError"),
        ("deep/__init__.py", "from", "X = 1\nfrom"),
        ("__init__.py", '"""The package."""\n', "X = 1\n"),
    ],
)
def test_code_of_every_imported_file_changes_the_digest(
    package: Path, file: str, old: str, new: str
) -> None:
    before = digest("pipeline.top")
    edit(package / file, old, new)
    assert digest("pipeline.top") != before


def test_code_that_moves_to_another_file_changes_the_digest(package: Path) -> None:
    before = digest("pipeline.top")
    (package / "deep" / "low.py").rename(package / "deep" / "lower.py")
    edit(package / "top.py", "deep.low ", "deep.lower ")
    assert digest("pipeline.top") != before


def test_digest_does_not_depend_on_where_the_package_lies(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest("pipeline.top")
    moved = package.parent / "elsewhere" / "pipeline"
    moved.parent.mkdir()
    package.rename(moved)
    monkeypatch.setattr(provenance, "PACKAGE", moved)
    assert digest("pipeline.top") == before


@pytest.mark.parametrize("module", ["pipeline.training.fit", "pipeline.execution.runner"])
def test_files_of_training_are_all_that_importing_it_loads(module: str) -> None:
    script = f"""
import sys, {module}
print(*[m.__file__ for n, m in sys.modules.items() if n.split('.')[0] == 'pipeline'])
"""
    loaded = {Path(name) for name in run(script)}
    assert len(loaded) > 5
    assert loaded <= imported_files(module)


def test_digest_of_training_covers_networks_data_and_training() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in imported_files(TRAINING_CODE)}
    assert {
        "pipeline/networks/summary.py",
        "pipeline/networks/codes.py",
        "pipeline/networks/initialisation.py",
        "pipeline/networks/layers.py",
        "pipeline/networks/lenet5.py",
        "pipeline/data/mnist.py",
        "pipeline/training/classifier.py",
        "pipeline/training/fit.py",
    } <= names
    # Rooms that only show or organise: a change there retrains nothing.
    assert not [name for name in names if name.split("/")[1] in ("report", "study", "stages")]


def test_no_module_imports_in_a_way_that_the_digest_cannot_follow() -> None:
    for path in (ROOT / "pipeline").rglob("*.py"):
        assert not re.search(r"^\s*from \.", path.read_text(encoding="utf8"), re.MULTILINE), path


@pytest.mark.parametrize("capability", ["", "default", "avx2"])
def test_cpu_capability_is_the_one_that_torch_uses(capability: str) -> None:
    if capability == "avx2" and torch.backends.cpu.get_cpu_capability() not in ("AVX2", "AVX512"):
        pytest.skip("this CPU has no AVX2 to be limited to")
    script = """
import torch
from pipeline.execution import provenance
from pipeline.execution.provenance import cpu_environment
print(cpu_environment().cpu_capability, torch.backends.cpu.get_cpu_capability())
"""
    ours, theirs = run(script, ATEN_CPU_CAPABILITY=capability)
    assert ours == theirs


def test_cpu_capability_that_torch_does_not_know_is_ignored() -> None:
    script = "from pipeline.execution.provenance import *; print(cpu_environment().cpu_capability)"
    assert run(script, ATEN_CPU_CAPABILITY="fast") == [torch.backends.cpu.get_cpu_capability()]


def test_environment_names_the_installed_versions_and_one_thread() -> None:
    environment = cpu_environment()
    assert torch.__version__.startswith(environment.torch)
    assert environment.threads == 1
    assert environment.stack_size == 1
    assert environment.kernels == "torch"
    assert environment.device


@pytest.mark.parametrize(
    "module",
    [
        "evaluation.plan",
        "execution.cache",
        "execution.pool",
        "execution.runner",
        "outputs.clock",
        "outputs.predictions",
        "outputs.validation",
        "program",
        "training.images",
        "training.plan",
        "training.samples",
        "training.task",
    ],
)
def test_coordinator_imports_no_torch(module: str) -> None:
    heavy = "{'torch', 'pytorch_lightning', 'distributed', 'mlflow', 'optuna', 'dvc'}"
    script = f"import sys, pipeline.{module}; print(*{heavy} & set(sys.modules))"
    assert run(script) == []


def test_environment_is_told_without_torch() -> None:
    script = """
import sys
from pipeline.execution import provenance
from pipeline.execution.provenance import code_digest, cpu_environment
code_digest("pipeline.training.task"), cpu_environment()
print('torch' in sys.modules)
"""
    assert run(script) == ["False"]
