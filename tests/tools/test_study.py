"""A study in a folder of its own, and who may run there."""

from pathlib import Path

import pytest

from pipeline.execution.errors import UserError
from pipeline.study import STUDIES, sole_run
from pipeline.tools.study import main
from tests.test_pipeline import copy_repository


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(copy_repository(tmp_path / "repository"))
    return Path.cwd()


def test_a_second_run_is_refused_before_it_changes_the_folder_of_the_first() -> None:
    folder = STUDIES / "tiny"
    (folder / "pipeline").mkdir(parents=True)
    (folder / "pipeline/running.py").touch()
    with sole_run(folder), pytest.raises(UserError, match="only one run may be going on"):
        main("tiny")
    assert [path.name for path in folder.iterdir() if path.name != "var"] == ["pipeline"]
    assert (folder / "pipeline/running.py").exists()


def test_an_unknown_study_gets_no_folder() -> None:
    with pytest.raises(UserError, match=r"must be one of .*tiny, but got 'tinny'"):
        main("tinny")
    assert not STUDIES.exists()
