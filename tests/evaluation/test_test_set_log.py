"""The log of test-set evaluations: what it keeps, whoever writes, and what DVC makes of it."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.evaluation.test_set_log import COLUMNS, LOG, record_evaluations

REPOSITORY = Path(__file__).parents[2]
RECORD = """
import sys
from pipeline.evaluation.test_set_log import record_evaluations
for evaluation in sys.argv[1:]:
    record_evaluations([(evaluation, "run_key", "lenet5", "0", "2026-01-31", "images")])
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def row(evaluation: str) -> tuple[str, ...]:
    return (evaluation, "run_key", "lenet5", "0", "2026-01-31", "images")


def logged() -> list[str]:
    with LOG.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(tuple(each) == COLUMNS and None not in each.values() for each in rows)
    return [each["evaluation_key"] for each in rows]


def test_each_evaluation_has_one_row_however_often_it_is_repeated() -> None:
    for evaluation in ("one", "two", "one"):
        record_evaluations([row(evaluation)])
    record_evaluations([row("two"), row("three")])
    assert logged() == ["one", "two", "three"]


def test_an_empty_log_is_begun_and_a_full_one_left_alone() -> None:
    record_evaluations([])
    assert LOG.read_text() == f"{','.join(COLUMNS)}\n"
    record_evaluations([row("one")])
    before = LOG.stat()
    record_evaluations([])
    assert (LOG.stat().st_ino, LOG.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_stages_that_evaluate_at_once_lose_no_row() -> None:
    names = [[f"{writer} {number}" for number in range(25)] for writer in range(4)]
    writers = [
        subprocess.Popen([sys.executable, "-c", RECORD, *each], env=with_pipeline())
        for each in names
    ]
    assert [writer.wait() for writer in writers] == [0] * 4
    assert sorted(logged()) == sorted(name for each in names for name in each)


def with_pipeline() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(REPOSITORY), "DVC_NO_ANALYTICS": "1"}


def dvc(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *words],
        env=with_pipeline(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def declared(outputs: list[Any]) -> dict[str, Any]:
    """The log, as dvc.yaml has it."""
    return next(out for out in outputs if str(LOG) in out)


def test_dvc_keeps_the_log_and_finds_it_unchanged_after_a_run(folder: Path) -> None:
    """Two stages write into what is an output of a third."""
    stages = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())["stages"]
    (folder / "record.py").write_text(RECORD)
    evaluate = {
        "cmd": f"{sys.executable} record.py ${{key}}-${{item}} && echo ${{item}} > ${{key}}.npz",
        "outs": ["${key}.npz"],
    }
    report = {
        "cmd": f"{sys.executable} record.py",
        "deps": ["a.npz", "b.npz"],
        "outs": [declared(stages["report"]["outs"])],
    }
    foreach = {"foreach": "${code}", "do": evaluate}
    (folder / "dvc.yaml").write_text(
        yaml.safe_dump({"stages": {"evaluate": foreach, "report": report}})
    )
    (folder / "params.yaml").write_text("code: {a: 1, b: 1}\n")
    dvc("init", "--no-scm", "-q")
    dvc("repro")
    assert sorted(logged()) == ["a-1", "b-1"]
    assert json.loads(dvc("status", "--json")) == {}
    (folder / "params.yaml").write_text("code: {a: 2, b: 1}\n")
    dvc("repro", "evaluate@a")
    assert sorted(logged()) == ["a-1", "a-2", "b-1"]
    assert "Running stage 'report'" in dvc("repro")
    assert sorted(logged()) == ["a-1", "a-2", "b-1"]
    assert json.loads(dvc("status", "--json")) == {}
    assert "Running stage" not in dvc("repro")
