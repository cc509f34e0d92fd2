"""YAML files of studies, and how a difference is laid over a base."""

from pathlib import Path

import pytest

from pipeline.execution.errors import UserError
from pipeline.study import merged, read_yaml


def test_a_difference_changes_adds_and_removes_keys_and_leaves_the_rest() -> None:
    base = {"a": {"x": 1, "y": 2}, "b": [1, 2], "c": 3}
    difference = {"a": {"y": 9, "z": 0}, "b": [5], "c": None, "d": {"e": None, "f": 1}}
    assert merged(base, difference) == {"a": {"x": 1, "y": 9, "z": 0}, "b": [5], "d": {"f": 1}}
    assert base == {"a": {"x": 1, "y": 2}, "b": [1, 2], "c": 3}


def test_variants_keep_their_order_and_new_ones_come_last() -> None:
    assert list(merged({"x": 1, "y": 2}, {"z": 3, "x": 5})) == ["x", "y", "z"]


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "params.yaml"
    file.write_text("variants:\n  mlp: {}\n  mlp: {output: linear}\n")
    with pytest.raises(UserError, match=r"params.yaml` must be YAML, but the key 'mlp' stands"):
        read_yaml(file)


@pytest.mark.parametrize("key", ["on", "no", "null", "3", "1.5"])
def test_a_key_that_is_no_word_to_yaml_is_refused(tmp_path: Path, key: str) -> None:
    file = tmp_path / "params.yaml"
    file.write_text(f"variants:\n  {key}: {{}}\n")
    with pytest.raises(UserError, match=r"must be YAML, but a key must be a word, but got"):
        read_yaml(file)


def test_a_date_is_a_word(tmp_path: Path) -> None:
    file = tmp_path / "params.yaml"
    file.write_text("notes: {lenet5: 2020-01-01, 1998-11-01: today}\n")
    assert read_yaml(file) == {"notes": {"lenet5": "2020-01-01", "1998-11-01": "today"}}


@pytest.mark.parametrize("content", [b"a: [1", b"\xff\xfe\xfa", b"a: b: c"])
def test_what_is_not_yaml_is_refused_with_the_file(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "params.yaml"
    file.write_bytes(content)
    with pytest.raises(UserError, match=r"params.yaml` must be YAML, but"):
        read_yaml(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"params.yaml` must exist"):
        read_yaml(tmp_path / "params.yaml")
