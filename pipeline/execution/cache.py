"""The task cache: results of finished tasks, so that none is computed twice."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import load, save

from pipeline.execution.files import cache_folder, write_atomic
from pipeline.execution.task import Result


def read_result(key: str) -> Result | None:
    """The result of the task with this key; None where there is none, or only a damaged one."""
    try:
        digest, _, body = _path(key).read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    if _digest(key, body) != digest:
        return None
    record, _, arrays = body.partition(b"\n")
    return Result(arrays=load(arrays), record=json.loads(record))


def has_result(key: str) -> bool:
    """Whether there is a file for it; `read_result` says whether it is whole."""
    return _path(key).exists()


def write_result(key: str, result: Result) -> None:
    """Write a result, whole or not at all.

    Raises:
        OSError: Naming the file, when there is no room for it or no permission.
    """
    body = json.dumps(result.record).encode() + b"\n" + pack(result.arrays)
    write_atomic(_path(key), _digest(key, body) + b"\n" + body)


def pack(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Arrays by name in the safetensors format."""
    # It writes memory as it lies, so that the view of another array must be copied.
    return save({name: np.asarray(array, order="C") for name, array in arrays.items()})


def _digest(key: str, body: bytes) -> bytes:
    """Of the content and of the task it belongs to: a file under another name is no result."""
    return hashlib.sha256(key.encode() + body).hexdigest().encode()


def _path(key: str) -> Path:
    return cache_folder() / "results" / key[:2] / key
