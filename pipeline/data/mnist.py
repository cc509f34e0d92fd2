"""MNIST in memory: IDX files, the fixed split, the network's frame."""

import gzip
import hashlib
import math
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.execution.errors import UserError

CLASSES = 10
SIDE_PX = 28
UNSIGNED_BYTES = b"\x00\x00\x08"  # how each IDX file of MNIST begins; then a byte: dimensions


@dataclass(frozen=True, eq=False)
class Digits:
    """Images uint8 [N, 28, 28], 255 = ink; labels uint8 [N]; SHA-256 of the two raw files joined.

    The digest is of the content: the same whatever the files are called and however compressed.
    """

    images: np.ndarray
    labels: np.ndarray
    digest: str


def unpack(content: bytes, name: object) -> bytes:
    """What a gzip file holds; anything else as it is.

    Raises:
        UserError: Naming `name`, when the gzip file is cut off or damaged.
    """
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as problem:
        raise UserError(f"`{name}` must be a whole gzip file, but got {problem}.") from problem


def pack_idx(array: np.ndarray) -> bytes:
    """The one raw IDX file that holds this uint8 array."""
    assert array.dtype == np.uint8, array.dtype
    shape = np.array(array.shape, dtype=">u4").tobytes()
    return UNSIGNED_BYTES + bytes([array.ndim]) + shape + array.tobytes()


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """The uint8 array of an IDX file, raw or gzip.

    Raises:
        UserError: Naming the file, when it is not exactly one array of that many dimensions.
    """
    content = unpack(path.read_bytes(), path)
    shape = _shape(content, dimensions, path)
    size = 4 + 4 * dimensions + math.prod(shape)
    if len(content) != size:
        raise UserError(
            f"`bytes` of {path} must be {size} for the shape {shape}, but got {len(content)}."
        )
    # A copy, because torch warns about arrays that cannot be written to.
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape).copy()


def _shape(content: bytes, dimensions: int, path: Path) -> tuple[int, ...]:
    magic = UNSIGNED_BYTES + bytes([dimensions])
    if content[:4] != magic:
        raise UserError(
            f"`magic` of {path} must be {magic.hex()} (unsigned bytes, {dimensions} dimensions), "
            f"but got {content[:4].hex()!r}."
        )
    header = content[4 : 4 + 4 * dimensions]
    if len(header) < 4 * dimensions:
        raise UserError(
            f"`shape` of {path} must be {dimensions} numbers of 4 bytes, but got {header.hex()!r}."
        )
    shape = tuple(np.frombuffer(header, ">u4").tolist())
    if 0 in shape:
        raise UserError(f"`shape` of {path} must be positive throughout, but got {shape}.")
    return shape


def load_digits(folder: Path) -> Digits:
    """The images and labels of a folder that holds one pair of IDX files, raw or gzip.

    Raises:
        UserError: When there is no such pair or more than one, or when the two do not fit.
    """
    images = read_idx(_only_file(folder, "images-idx3-ubyte"), 3)
    labels = read_idx(_only_file(folder, "labels-idx1-ubyte"), 1)
    if images.shape[1:] != (SIDE_PX, SIDE_PX):
        raise UserError(
            f"`images` in {folder} must be {SIDE_PX}x{SIDE_PX}, but got {images.shape[1:]}."
        )
    if len(images) != len(labels):
        raise UserError(
            f"`labels` in {folder} must be one for each of {len(images)} images, "
            f"but got {len(labels)}."
        )
    if labels.max() >= CLASSES:
        raise UserError(f"`labels` in {folder} must be digits 0 to 9, but got {labels.max()}.")
    digest = hashlib.sha256(pack_idx(images))
    digest.update(pack_idx(labels))
    return Digits(images, labels, digest.hexdigest())


def _only_file(folder: Path, ending: str) -> Path:
    found = sorted([*folder.glob(f"*{ending}"), *folder.glob(f"*{ending}.gz")])
    if len(found) != 1:
        raise UserError(
            f"`{folder}` must hold exactly one *{ending} file, raw or gz, "
            f"but got {[path.name for path in found]}."
        )
    return found[0]


def require_training_images(count: int, *, validation_images: int) -> None:
    """Refuse a split that leaves nothing on one side.

    Raises:
        UserError: Unless both sides get an image.
    """
    if not 0 < validation_images < count:
        raise UserError(
            f"`validation_images` must be above 0 and below the {count} training images, "
            f"but got {validation_images!r}."
        )


def split(
    labels: np.ndarray, *, validation_images: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Sorted int64 indices of the training and of the validation images, every class in its share.

    A class's share is rounded by largest remainder, ties to the smaller digit, so that the sizes
    are exact.

    Raises:
        UserError: Unless both sides get an image.
    """
    require_training_images(len(labels), validation_images=validation_images)
    # Raw output, because only the bit generators are the same in every release of numpy.
    rank = np.random.PCG64(seed).random_raw(len(labels))
    chosen = np.zeros(len(labels), dtype=bool)
    for label, size in enumerate(_shares(labels, validation_images)):
        members = np.flatnonzero(labels == label)
        chosen[members[np.argsort(rank[members], kind="stable")[:size]]] = True
    return np.flatnonzero(~chosen).astype(np.int64), np.flatnonzero(chosen).astype(np.int64)


def _shares(labels: np.ndarray, total: int) -> np.ndarray:
    sizes, remainders = np.divmod(np.bincount(labels).astype(np.int64) * total, len(labels))
    sizes[np.argsort(-remainders, kind="stable")[: total - sizes.sum()]] += 1
    return sizes


def index_digest(indices: np.ndarray) -> str:
    """SHA-256, in hex, of the exact index list, order included, as little-endian int64."""
    assert np.issubdtype(indices.dtype, np.integer), indices.dtype
    return hashlib.sha256(indices.astype("<i8").tobytes()).hexdigest()


def frame(images: np.ndarray) -> np.ndarray:
    """28x28 images [N, 28, 28] in the middle of the network's 32x32, background around them.

    Stroke ends can then reach the centre of the highest receptive fields (section II.B).
    """
    return np.pad(images, ((0, 0), (2, 2), (2, 2)))
