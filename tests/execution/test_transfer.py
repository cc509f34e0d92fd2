"""How what tasks share reaches other processes, also where the system lacks a file in memory."""

import os

import pytest

from pipeline.execution.transfer import in_file, name_of


@pytest.mark.parametrize("system", ["Linux", "macOS"])
def test_other_processes_read_the_content_until_it_is_given_up(
    monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    if system == "macOS":
        monkeypatch.delattr("os.memfd_create")
    with in_file(b"content") as path:
        assert path.read_bytes() == b"content"
        assert str(path).startswith("/proc/") == hasattr(os, "memfd_create")
    assert not path.exists()


def test_content_has_one_name_and_other_content_another() -> None:
    assert name_of(b"content") == name_of(b"content") != name_of(b"other")
