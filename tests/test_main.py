"""`python -m pipeline`: exit codes and last words."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.__main__ import COMMANDS, application

REPOSITORY = Path(__file__).parents[1]


def run(*words: str, cwd: Path = REPOSITORY, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *words],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)} | env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",)])
def test_without_a_command_it_lists_them(words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.returncode == 0
    assert all(f" {command} " in result.stdout for command in COMMANDS)


def test_an_unknown_command_is_refused_with_the_known_ones() -> None:
    result = run("trian")
    assert result.returncode == 2
    known = ", ".join(COMMANDS)
    assert result.stderr == f"error: a command must be one of {known}, but got 'trian'.\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_says_what_it_is_for(command: str) -> None:
    done = CliRunner().invoke(application(command), [command, "--help"], prog_name="program")
    assert done.exit_code == 0
    assert f"program {command} " in done.stdout
    docstring = ast.get_docstring(ast.parse(COMMANDS[command].read_text(encoding="utf8"))) or ""
    assert docstring[:30] in done.stdout


def test_a_word_too_many_is_the_users_mistake() -> None:
    result = run("readme", "now")
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


def test_only_the_module_of_the_command_is_imported() -> None:
    code = (
        "import sys; from pipeline.__main__ import application; application('download'); "
        "print([m for m in sys.modules if m.startswith(('pipeline.stages.', 'pipeline.tools'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['pipeline.stages.download']"


@pytest.mark.parametrize(
    "words",
    [
        ("download",),
        ("sweep", "lenet5"),
        ("train", "lenet5"),
        ("evaluate", "lenet5"),
        ("report",),
        ("study",),
    ],
)
def test_every_stage_lists_the_mistakes_and_touches_nothing(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    text = (REPOSITORY / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(
        text.replace("subsampling: stride", "subsampling: strid").replace(
            "epochs: 10", "epochs: 0"
        )
    )
    before = sorted(tmp_path.rglob("*"))
    result = run(*words, cwd=tmp_path)
    assert result.returncode == 2
    assert "params.yaml has 2 mistakes:" in result.stderr
    assert "  variants.no_pooling.subsampling: input should be 'trainable'" in result.stderr
    assert "  training.epochs: input should be greater than or equal to 1" in result.stderr
    assert "Traceback" not in result.stderr
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        (("sweep", "lenet5"), {"download"}),
        (("train", "lenet5"), {"download", "sweep lenet5"}),
        (("validate", "lenet5"), {"download"}),
        (("evaluate", "lenet5"), {"download", "train lenet5"}),
        (("samples", "lenet5"), {"download", "sweep lenet5"}),
        (("report",), {"download", "sweep mlp", "train mlp", "evaluate mlp", "samples lenet5"}),
        (("compare", "HEAD"), {"report"}),
    ],
)
def test_a_stage_that_comes_too_early_names_those_that_must_run_first(
    words: tuple[str, ...], missing: set[str], tmp_path: Path
) -> None:
    text = (REPOSITORY / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(text.replace("  variants: []", "  variants: [lenet5]"))
    result = run(*words, cwd=tmp_path)
    assert result.returncode == 2
    assert "run `dvc repro`, or first:" in result.stderr
    named = set(
        re.findall(r"^  python -m pipeline ([a-z0-9_ ]+)  \(", result.stderr, re.MULTILINE)
    )
    assert missing <= named
    assert words == ("report",) or named == missing
    assert "same command again" not in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]


def test_an_unknown_variant_is_refused() -> None:
    result = run("evaluate", "lenet6")
    assert result.returncode == 2
    assert "must be one of lenet5, no_weight_sharing" in result.stderr


def test_a_failure_is_left_for_the_command_that_started_dvc(tmp_path: Path) -> None:
    file = tmp_path / "last_error.txt"
    run("evaluate", "lenet6", ABLATION_ERROR_FILE=str(file))
    assert file.read_text().startswith("2\nthe variant must be one of")


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(
        (REPOSITORY / "params.yaml").read_text().replace("mnist ", f"{REPOSITORY}/tests/digits ")
        .replace("validation_images: 10000", "validation_images: 100")
    )  # fmt: skip
    (tmp_path / "timings").write_text("a file where a folder must be")
    result = run("download", cwd=tmp_path)
    assert result.returncode == 1
    assert str(Path("timings/download.json")) in result.stderr
    assert "Traceback" not in result.stderr
