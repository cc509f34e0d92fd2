"""Corrupted test sets, each made once on a machine and kept in the cache folder."""

import hashlib
from importlib.metadata import version
from pathlib import Path

import numpy as np
from filelock import FileLock

from pipeline.corruptions.registry import corrupt
from pipeline.execution.files import cache_folder, write_atomic

FRAME = (32, 32)
LIBRARIES = ("scipy", "scikit-image")


def libraries() -> str:
    """Those that corrupt, with their versions: others may give other pixels."""
    return ", ".join(f"{name} {version(name)}" for name in LIBRARIES)


def corrupted_set(images: np.ndarray, name: str, key: str) -> tuple[np.ndarray, str]:
    """The frames uint8 [N, 32, 32] of corruption `name`, and the digest of their bytes.

    `key` and the libraries of this machine name the file: it may have others than the one that
    asks. A damaged file is made again.
    """
    path = cache_folder() / "corrupted" / _digest(f"{key} {libraries()}".encode())
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):  # or all workers of a machine would make it at once
        found = _stored(path)
        if found is None:
            content = corrupt(images, name).tobytes()
            found = _digest(content), content
            write_atomic(path, found[0].encode() + b"\n" + content)
    digest, content = found
    # A copy, because torch warns about arrays that cannot be written to.
    return np.frombuffer(content, np.uint8).reshape(-1, *FRAME).copy(), digest


def _stored(path: Path) -> tuple[str, bytes] | None:
    """Digest and content of the file; None where there is none, or only a damaged one."""
    try:
        digest, _, content = path.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    found = _digest(content)
    return (found, content) if found.encode() == digest else None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
