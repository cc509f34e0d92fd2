"""What changed since a commit."""

import subprocess
from pathlib import Path

import pytest

from pipeline.execution.errors import UserError
from pipeline.tools.compare import RESULTS, main


def test_a_commit_without_results_is_the_users_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    monkeypatch.chdir(tmp_path)
    RESULTS.parent.mkdir()
    RESULTS.write_text("{}", encoding="utf8")
    with pytest.raises(UserError, match=r"must name a commit with `reports/results.json` in it"):
        main("HEAD")
