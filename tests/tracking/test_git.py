import subprocess
from pathlib import Path

import pytest

from pipeline.tracking.git import git_state


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "code.py").write_text("x = 1\n")
    (tmp_path / "dvc.lock").write_text("old\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    identity = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    git(tmp_path, *identity, "commit", "-qm", "x")
    return tmp_path


def git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_a_clean_tree_is_its_commit_also_from_a_subfolder(repository: Path):
    expected = {"git.sha": git(repository, "rev-parse", "HEAD"), "git.dirty": "false"}
    (repository / "sub").mkdir()
    assert len(expected["git.sha"]) == 40
    assert git_state(repository) == expected
    assert git_state(repository / "sub") == expected


def test_changed_code_is_dirty_and_what_a_study_writes_is_not(repository: Path):
    (repository / "reports").mkdir()
    (repository / "reports" / "results.json").write_text("{}")
    (repository / "dvc.lock").write_text("new\n")
    assert git_state(repository)["git.dirty"] == "false"
    (repository / "code.py").write_text("x = 2\n")
    assert git_state(repository)["git.dirty"] == "true"


def test_there_are_no_tags_without_git_a_commit_or_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_state(tmp_path) == {}
    git(tmp_path, "init", "-q")
    assert git_state(tmp_path) == {}
    assert git_state(tmp_path / "missing") == {}
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_state(tmp_path) == {}
