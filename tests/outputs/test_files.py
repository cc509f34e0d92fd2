"""JSON, tables and arrays, and what is said of those that are missing or damaged."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from pipeline.execution.errors import UserError
from pipeline.outputs.files import (
    read_arrays,
    read_json,
    read_record,
    read_table,
    write_arrays,
    write_json,
    write_table,
)


@dataclass(frozen=True, kw_only=True)
class Part:
    share: float | None


@dataclass(frozen=True, kw_only=True)
class Whole:
    name: str
    parts: list[Part]


@pytest.mark.parametrize("content", [None, "", "{", "[1]", '{"a": NaN}', '{"a": Infinity}'])
def test_json_that_is_no_object_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "x.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=r"x\.json"):
        read_json(path)


def test_record_is_read_as_its_dataclass_to_the_last_bit(tmp_path: Path) -> None:
    write_json(path := tmp_path / "x.json", {"name": "a", "parts": [{"share": 0.1 + 0.2}]})
    assert read_record(path, Whole) == Whole(name="a", parts=[Part(share=0.1 + 0.2)])


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ({"parts": []}, r"`name` must be .* but got none\."),
        ({"name": "a", "parts": [{"share": "much"}]}, r"`parts\.0\.share` must be .* got 'much'"),
    ],
)
def test_value_that_is_missing_or_of_another_type_is_named(
    tmp_path: Path, content: dict[str, object], cause: str
) -> None:
    write_json(path := tmp_path / "x.json", content)
    with pytest.raises(UserError, match=rf"x\.json`: {cause}"):
        read_record(path, Whole)


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("sweeps/mlp/best.json", "sweep mlp"),
        ("models/mlp/spec.json", "train mlp"),
        ("timings/evaluate-mlp.json", "evaluate mlp"),
        ("predictions/mlp-samples.json", "samples mlp"),
    ],
)
def test_stage_that_makes_a_missing_file_is_named(tmp_path: Path, file: str, command: str) -> None:
    with pytest.raises(UserError, match=rf"`python -m pipeline {command}`\.$"):
        read_json(tmp_path / file)


def test_cell_of_a_table_is_empty_for_none(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    write_table(path, ("a", "b", "c"), [{"a": 1 / 3, "b": None}])
    assert path.read_bytes() == b"a,b,c\n0.3333333333333333,,\n"
    assert read_table(path) == [{"a": "0.3333333333333333", "b": None, "c": None}]


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (None, "readable table"),
        (b"\xff", "readable table"),
        (b"", "must have rows"),
        (b"a,b\n", "must have rows"),
        (b"a,b\n1\n", "a cell for each column"),
        (b"a,b\n1,2,3\n", "a cell for each column"),
    ],
)
def test_table_with_a_mistake_is_refused(
    tmp_path: Path, content: bytes | None, cause: str
) -> None:
    path = tmp_path / "x.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=cause):
        read_table(path)


def test_equal_arrays_are_equal_files_on_any_day(tmp_path: Path) -> None:
    for name in ("one", "other"):
        write_arrays(tmp_path / name, {"x": np.arange(3)})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    assert b"\x21\x00" in (tmp_path / "one").read_bytes()  # 1 January 1980
    with pytest.raises(UserError, match="must hold `x`, `y`"):
        read_arrays(tmp_path / "one", ("x", "y"))
