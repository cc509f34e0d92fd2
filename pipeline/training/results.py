"""The result cache: finished cells, kept so that no work is done twice."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import load, save

from pipeline.data.cache import cache_folder, place
from pipeline.training.cells import Result


def stored(key: str) -> Result | None:
    """The result of the cell with this key; None where there is none, or only a damaged one."""
    try:
        digest, _, body = _path(key).read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    if _digest(key, body) != digest:
        return None
    record, _, arrays = body.partition(b"\n")
    return Result(arrays=load(arrays), record=json.loads(record))


def store(key: str, result: Result) -> None:
    """Keep a result, whole or not at all.

    Raises:
        OSError: Naming the file, when there is no room for it or no permission.
    """
    body = json.dumps(result.record).encode() + b"\n" + pack(result.arrays)
    place(_path(key), _digest(key, body) + b"\n" + body)


def weights_digest(arrays: Mapping[str, np.ndarray]) -> str:
    """Digest of trained parameters: their names, shapes, types and bytes."""
    return hashlib.sha256(pack(arrays)).hexdigest()


def pack(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Arrays by name in the safetensors format."""
    # It writes memory as it lies, so that the view of another array must be laid out anew.
    return save({name: np.asarray(array, order="C") for name, array in arrays.items()})


def _digest(key: str, body: bytes) -> bytes:
    """Of the content and of the cell it belongs to: a file under another name is no result."""
    return hashlib.sha256(key.encode() + body).hexdigest().encode()


def _path(key: str) -> Path:
    return cache_folder() / "results" / key[:2] / key
