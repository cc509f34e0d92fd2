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
    if hashlib.sha256(body).hexdigest().encode() != digest:
        return None
    record, _, arrays = body.partition(b"\n")
    return Result(arrays=load(arrays), record=json.loads(record))


def store(key: str, result: Result) -> None:
    """Keep a result, whole or not at all.

    Raises:
        OSError: Naming the file, when there is no room for it or no permission.
    """
    body = json.dumps(result.record).encode() + b"\n" + save(result.arrays)
    place(_path(key), hashlib.sha256(body).hexdigest().encode() + b"\n" + body)


def weights_digest(arrays: Mapping[str, np.ndarray]) -> str:
    """Digest of trained parameters: their names, shapes, types and bytes."""
    return hashlib.sha256(save(dict(arrays))).hexdigest()


def _path(key: str) -> Path:
    return cache_folder() / "results" / key[:2] / key
