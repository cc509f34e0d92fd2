import json
import subprocess
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from pipeline.execution.errors import UserError
from pipeline.report.against import changes, committed


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """With one commit, in which the record says 1; now it says 2."""
    git(tmp_path, "init")
    record = tmp_path / "reports" / "results.json"
    record.parent.mkdir()
    record.write_text('{"number": 1}')
    (tmp_path / "other.json").write_text("{")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "one")
    record.write_text('{"number": 2}')
    return tmp_path


def test_a_record_is_read_as_it_was_committed(repository: Path) -> None:
    assert committed(repository / "reports/results.json", "HEAD") == {"number": 1}


@pytest.mark.parametrize(
    ("path", "rev", "words"),
    [
        ("reports/results.json", "no-such-commit", "no-such-commit"),
        ("reports/results.json", "--output=x", "--output=x"),
        ("absent.json", "HEAD", "absent.json"),
        ("other.json", "HEAD", "must be readable"),
    ],
)
def test_what_was_never_committed_is_named(
    repository: Path, path: str, rev: str, words: str
) -> None:
    with pytest.raises(UserError) as refused:
        committed(repository / path, rev)
    assert words in str(refused.value)
    assert not (repository / "x").exists()


def test_the_same_results_have_no_difference(results: dict[str, Any]) -> None:
    text = changes(results, results, rev="HEAD")
    assert text.startswith("# Results at HEAD, and now")
    assert text.count("No difference.") == text.count("## ") == 5


def test_only_what_differs_is_told(results: dict[str, Any]) -> None:
    now = deepcopy(results)
    now["study"]["code_digest"] = "other"
    now["variants"]["mlp"]["test_error"] |= {"mean": 0.5, "ci95": [0.4, 0.6]}
    now["comparisons"][0]["verdict"] = "not distinguished"
    text = changes(results, now, rev="v1")
    assert "| Code that trains | cccc" in text
    assert "| 50 (40 to 60) % |" in text.replace(".0", "")
    [row] = [line for line in text.splitlines() if line.startswith("| no_weight_sharing vs")]
    assert ": worse |" in row
    assert ": not distinguished (±0.70) |" in row
    assert text.count("No difference.") == 2
    assert "no_pooling" not in text


def test_variants_that_came_or_went_have_a_dash(make_study: Callable[..., Any]) -> None:
    less, more = (make_study(variants=names)[0] for names in (("lenet5",), ("lenet5", "mlp")))
    assert "| mlp | – | 8" in changes(less, more, rev="HEAD")
    assert "| mlp | 8" in changes(more, less, rev="HEAD")


def test_a_record_reads_back_as_it_is(results: dict[str, Any]) -> None:
    read_back = json.loads(json.dumps(results))
    assert "| " not in changes(results, read_back, rev="HEAD")
