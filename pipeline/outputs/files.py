"""JSON, tables and arrays: written whole, and read as the dataclasses that describe them."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter, ValidationError

from pipeline.execution.errors import UserError
from pipeline.execution.files import write_atomic
from pipeline.outputs.order import made_by

T = TypeVar("T")


def require(path: Path, holds: bool, rule: str, found: object) -> None:
    """Refuse a file in which `rule` does not hold.

    Raises:
        UserError: Naming the file, the rule, what was found, and the stage that makes the file.
    """
    if not holds:
        raise UserError(f"`{path}`: {rule}, but got {found}.{_advice(path)}")


def read_json(path: Path, *, nan: bool = False) -> dict[str, Any]:
    """A JSON object, in which every number is one unless `nan` allows others.

    Raises:
        UserError: Naming `path`, if it is missing or holds something else.
    """
    constant = float if nan else _no_number
    try:
        content = json.loads(path.read_text(encoding="utf8"), parse_constant=constant)
    except (OSError, ValueError) as problem:
        raise _unreadable(path, "be readable JSON", problem) from problem
    require(path, isinstance(content, dict), "it must be a JSON object", content)
    return content


def read_record(path: Path, kind: type[T], *, nan: bool = False) -> T:
    """A JSON object as a dataclass; keys that it does not have are left out.

    Raises:
        UserError: Naming `path`, if it is missing, or a value is missing or of another type.
    """
    return checked(path, kind, read_json(path, nan=nan))


def write_json(path: Path, content: Mapping[str, object], *, indent: int = 2) -> None:
    """Keys in their order, floats in full."""
    write_atomic(path, f"{json.dumps(content, indent=indent)}\n".encode())


def read_table(path: Path) -> list[dict[str, str | None]]:
    """The rows of a CSV file, by column; None where a cell is empty.

    Raises:
        UserError: Naming `path`, if it is missing, has no row, or rows of unequal length.
    """
    try:
        with path.open(encoding="utf8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as problem:
        raise _unreadable(path, "be a readable table", problem) from problem
    require(path, bool(rows), "it must have rows", "none")
    uneven = [row for row in rows if None in row or None in row.values()]
    require(path, not uneven, "its rows must have a cell for each column", uneven[:1])
    return [{name: cell or None for name, cell in row.items()} for row in rows]


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """CSV; a value that is None, or that a row does not have, is an empty cell."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomic(path, text.getvalue().encode())


def read_arrays(path: Path, names: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """Of one `.npz` file.

    Raises:
        UserError: Naming `path`, if it is missing, unreadable or lacks one.
    """
    try:
        with path.open("rb") as file, np.load(file) as archive:
            return {name: archive[name] for name in names}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as problem:
        listed = ", ".join(f"`{name}`" for name in names)
        raise _unreadable(path, f"hold {listed}", problem) from problem


def write_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """As an `.npz` file: equal arrays are equal files."""
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    write_atomic(path, content.getvalue())


def checked(path: Path, kind: type[T], content: object) -> T:
    """Plain values from `path` as a dataclass, or a list of them.

    Raises:
        UserError: Naming `path` and the first value that is missing or of another type.
    """
    try:
        return TypeAdapter(kind).validate_python(content)
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(map(str, first["loc"]))
        found = "none" if first["type"] == "missing" else repr(first["input"])
        rule = f"`{where}` must be as it was written ({first['msg']})"
        raise UserError(f"`{path}`: {rule}, but got {found}.{_advice(path)}") from problem


def _unreadable(path: Path, rule: str, problem: Exception) -> UserError:
    return UserError(f"`{path}` must {rule}, but got: {problem}.{_advice(path)}")


def _advice(path: Path) -> str:
    stage = made_by(path)
    return f" `dvc repro` makes it, or `python -m pipeline {stage}`." if stage else ""


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
