from pathlib import Path

import pytest

from pipeline.execution.files import cache_folder, write_atomic


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_placed_file_holds_exactly_the_bytes_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    write_atomic(tmp_path / "new" / "folder" / "file", b"\x00\r\n\xff")
    assert (tmp_path / "new" / "folder" / "file").read_bytes() == b"\x00\r\n\xff"
    assert names(tmp_path / "new" / "folder") == ["file"]


def test_placed_file_is_readable_by_others(tmp_path: Path) -> None:
    write_atomic(tmp_path / "file", b"content")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


def test_placing_over_a_file_never_changes_the_old_one_for_whoever_has_it_open(
    tmp_path: Path,
) -> None:
    write_atomic(tmp_path / "file", b"old")
    with (tmp_path / "file").open("rb") as reader:
        write_atomic(tmp_path / "file", b"new and longer")
        assert reader.read() == b"old"
    assert (tmp_path / "file").read_bytes() == b"new and longer"


def test_placing_over_a_link_leaves_what_it_points_to(tmp_path: Path) -> None:
    write_atomic(tmp_path / "shared", b"shared")
    (tmp_path / "link").symlink_to(tmp_path / "shared")
    write_atomic(tmp_path / "link", b"own")
    assert (tmp_path / "shared").read_bytes() == b"shared"
    assert (tmp_path / "link").read_bytes() == b"own"


def test_placing_below_a_regular_file_names_the_file_that_was_to_be(tmp_path: Path) -> None:
    (tmp_path / "regular").write_bytes(b"")
    wanted = tmp_path / "regular" / "file"
    with pytest.raises(OSError, match="regular/file") as problem:
        write_atomic(wanted, b"content")
    assert problem.value.filename == str(wanted)


def test_placing_over_a_folder_names_it_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "kept").write_bytes(b"kept")
    with pytest.raises(OSError, match="folder") as problem:
        write_atomic(tmp_path / "folder", b"content")
    assert problem.value.filename == str(tmp_path / "folder")
    assert names(tmp_path) == ["folder"]
    assert names(tmp_path / "folder") == ["kept"]


def test_cache_folder_is_the_one_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABLATION_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ABLATION_CACHE", "relative")
    assert cache_folder() == tmp_path / "relative"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ABLATION_CACHE", "~/tasks")
    assert cache_folder() == tmp_path / "home" / "tasks"


def test_cache_folder_is_the_users_when_the_environment_names_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABLATION_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder().name == "lenet5-ablations"
