"""What DVC was writing when it was killed must not stop the next run."""

from pathlib import Path

import pytest
from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from dvc.utils import strictyaml

from pipeline.study.repro import drop_torn

LOCK = """\
schema: '2.0'
stages:
  download:
    cmd: exec python -m pipeline download
    deps:
    - path: params.yaml
      hash: md5
      md5: 6b5259fa310f653e61853b2445270070
      size: 90
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With both files as DVC leaves them."""
    (tmp_path / "dvc.lock").write_text(LOCK, encoding="utf8")
    (tmp_path / ".dvc/tmp").mkdir(parents=True)
    (tmp_path / ".dvc/tmp/rwlock").write_text("{}", encoding="utf8")
    return tmp_path


def test_whole_files_stay(folder: Path) -> None:
    before = (folder / "dvc.lock").read_bytes()
    drop_torn(folder)
    assert (folder / "dvc.lock").read_bytes() == before
    assert (folder / ".dvc/tmp/rwlock").exists()


def test_a_lock_that_is_cut_off_is_removed_where_dvc_cannot_read_it(folder: Path) -> None:
    lock = folder / "dvc.lock"
    whole, removed = lock.read_bytes(), set[int]()
    for length in range(len(whole)):
        lock.write_bytes(whole[:length])
        drop_torn(folder)
        if lock.exists():  # cut in a digest: DVC takes it for that of another file
            strictyaml.load(str(lock), COMPILED_LOCKFILE_SCHEMA)
        else:
            removed.add(length)
    # Nothing at all, half of a key, and half of a stage's first key.
    assert removed >= {
        0,
        len("schema: '2.0'\nsta"),
        len("schema: '2.0'\nstages:\n  download:\n    c"),
    }
    assert (folder / ".dvc/tmp/rwlock").exists()


@pytest.mark.parametrize("content", ["", '{"a": '])
def test_a_list_of_locks_that_is_cut_off_is_removed(folder: Path, content: str) -> None:
    (folder / ".dvc/tmp/rwlock").write_text(content, encoding="utf8")
    drop_torn(folder)
    assert not (folder / ".dvc/tmp/rwlock").exists()
    assert (folder / "dvc.lock").exists()


def test_a_folder_without_either_is_left_alone(tmp_path: Path) -> None:
    drop_torn(tmp_path)
    assert list(tmp_path.iterdir()) == []
