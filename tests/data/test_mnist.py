import gzip
import hashlib
import math
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data.mnist import (
    frame,
    index_digest,
    load_digits,
    pack_idx,
    read_idx,
    split,
    unpack,
)
from pipeline.execution.errors import UserError

DIGITS = Path(__file__).parents[1] / "digits"


def images_file(count: int = 2, rows: int = 28, columns: int = 28) -> bytes:
    content = bytes(index % 251 for index in range(count * rows * columns))
    return struct.pack(">IIII", 2051, count, rows, columns) + content


def labels_file(*labels: int) -> bytes:
    return struct.pack(">II", 2049, len(labels)) + bytes(labels)


def pair(folder: Path, images: bytes, labels: bytes) -> Path:
    (folder / "a-images-idx3-ubyte").write_bytes(images)
    (folder / "a-labels-idx1-ubyte").write_bytes(labels)
    return folder


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_idx_is_read_in_row_order_raw_or_compressed(tmp_path: Path, compress: type[bytes]) -> None:
    (tmp_path / "file").write_bytes(compress(images_file(2, 3, 4)))
    array = read_idx(tmp_path / "file", 3)
    assert array.dtype == np.uint8
    np.testing.assert_array_equal(array, np.arange(24).reshape(2, 3, 4))
    assert array.flags.writeable


@pytest.mark.parametrize(
    ("content", "dimensions", "complaint"),
    [
        (b"", 1, r"`magic` of .*file must be 00000801 .*, but got ''"),
        (b"<!doctype html>", 1, "`magic` of .*file must be 00000801 .*, but got '3c21646f'"),
        (struct.pack("<II", 2049, 1) + b"\1", 1, "but got '01080000'"),
        (struct.pack(">II", 0x0901, 1) + b"\1", 1, "but got '00000901'"),
        (labels_file(1, 2), 3, "`magic` of .*file must be 00000803 .*, but got '00000801'"),
        (images_file(), 1, "`magic` of .*file must be 00000801 .*, but got '00000803'"),
        (images_file()[:13], 3, "`shape` of .*file must be 3 numbers of 4 bytes, but got '0000"),
        (labels_file(), 1, r"`shape` of .*file must be positive throughout, but got \(0,\)"),
        (images_file(5, 0, 9), 3, r"positive throughout, but got \(5, 0, 9\)"),
        (images_file()[:-1], 3, r"`bytes` of .*file must be 1584 for .* \(2, 28, 28\), .* 1583"),
        (images_file() + b"\0", 3, r"must be 1584 for the shape \(2, 28, 28\), but got 1585"),
        (b"\0\0\x08\x01" + b"\xff" * 4, 1, r"must be 4294967303 for .*, but got 8"),
        (
            b"\0\0\x08\x03" + b"\xff" * 12,
            3,
            r"must be 79228162458924105385300197391 for .*, but got 16",
        ),
        (gzip.compress(labels_file(1))[:-3], 1, "file` must be a whole gzip file"),
        (gzip.compress(labels_file(1))[:-8] + bytes(8), 1, "whole gzip file, but got CRC"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\0\xff\xff", 1, "file` must be a whole gzip file"),
        (gzip.compress(labels_file(1)) + b"rest", 1, "file` must be a whole gzip file"),
    ],
)
def test_unsound_idx_is_refused_with_its_name_and_values(
    tmp_path: Path, content: bytes, dimensions: int, complaint: str
) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(UserError, match=complaint):
        read_idx(tmp_path / "file", dimensions)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_packed_idx_is_magic_then_shape_then_bytes(shape: list[int]) -> None:
    array = np.arange(math.prod(shape), dtype=np.uint8).reshape(shape)
    content = pack_idx(array)
    assert content[:4] == bytes([0, 0, 8, len(shape)])
    assert struct.unpack_from(f">{len(shape)}I", content, 4) == tuple(shape)
    assert content[4 + 4 * len(shape) :] == array.tobytes()


def test_what_is_not_gzip_is_unpacked_as_it_is() -> None:
    assert unpack(b"<html>", "page") == b"<html>"


def test_digest_is_of_the_raw_content_whatever_the_files_are_called(tmp_path: Path) -> None:
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / "b-images-idx3-ubyte.gz").write_bytes(gzip.compress(images_file()))
    (tmp_path / "packed" / "c-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels_file(0, 9)))
    plain = load_digits(pair(tmp_path, images_file(), labels_file(0, 9)))
    assert plain.digest == hashlib.sha256(images_file() + labels_file(0, 9)).hexdigest()
    assert load_digits(tmp_path / "packed").digest == plain.digest
    np.testing.assert_array_equal(plain.labels, [0, 9])
    assert plain.images.shape == (2, 28, 28)


@pytest.mark.parametrize(
    ("images", "labels", "complaint"),
    [
        (images_file(2, 28, 27), labels_file(1, 2), r"must be 28x28, but got \(28, 27\)"),
        (images_file(2), labels_file(1, 2, 3), "one for each of 2 images, but got 3"),
        (images_file(2), labels_file(1, 10), "must be digits 0 to 9, but got 10"),
    ],
)
def test_pair_that_does_not_fit_is_refused(
    tmp_path: Path, images: bytes, labels: bytes, complaint: str
) -> None:
    with pytest.raises(UserError, match=re.escape(str(tmp_path)) + ".*" + complaint):
        load_digits(pair(tmp_path, images, labels))


def test_folder_without_a_pair_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"exactly one \*images-idx3-ubyte file.*but got \[\]"):
        load_digits(tmp_path / "absent")


def test_folder_with_two_candidates_is_refused() -> None:
    with pytest.raises(UserError, match=r"got .'t10k-images-idx3-ubyte.gz', 'train-images"):
        load_digits(DIGITS)


def test_split_shares_by_largest_remainder() -> None:
    # 7 of 20: shares 3.5, 2.1 and 1.4 of classes of 10, 6 and 4; the spare one goes to 3.5.
    labels = np.repeat(np.array([0, 1, 2], dtype=np.uint8), [10, 6, 4])
    _, validation = split(labels, validation_images=7, seed=0)
    assert np.bincount(labels[validation]).tolist() == [4, 2, 1]


def test_split_gives_a_tie_to_the_smaller_digit() -> None:
    labels = np.array([3, 7, 3, 7], dtype=np.uint8)
    _, validation = split(labels, validation_images=1, seed=0)
    assert labels[validation].tolist() == [3]


def test_split_of_mnists_class_counts_is_exact() -> None:
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    labels = np.repeat(np.arange(10, dtype=np.uint8), counts)
    training, validation = split(labels, validation_images=10_000, seed=0)
    # Sixths: 987.17 1123.67 993 1021.83 973.67 903.5 986.33 1044.17 975.17 991.5. Rounded down
    # they are 4 short, which go to 3 (.83), 1 and 4 (.67) and the smaller of the halves, 5.
    assert np.bincount(labels[validation]).tolist() == [
        987, 1124, 993, 1022, 974, 904, 986, 1044, 975, 991,
    ]  # fmt: skip
    assert len(training) == 50_000


@given(st.lists(st.integers(0, 9), min_size=2, max_size=60), st.integers(0, 2**32), st.data())
def test_split_is_sorted_disjoint_complete_and_proportional(
    labels: list[int], seed: int, data: st.DataObject
) -> None:
    array = np.array(labels, dtype=np.uint8)
    size = data.draw(st.integers(1, len(labels) - 1))
    training, validation = split(array, validation_images=size, seed=seed)
    assert training.dtype == validation.dtype == np.int64
    assert len(validation) == size
    assert np.all(np.diff(training) > 0)
    assert np.all(np.diff(validation) > 0)
    assert sorted([*training, *validation]) == list(range(len(labels)))
    shares = np.bincount(array, minlength=10) * size / len(labels)
    assert np.all(np.abs(np.bincount(array[validation], minlength=10) - shares) < 1)


def test_split_is_fixed_by_its_seed_for_good() -> None:
    # PCG64's first eight numbers for seed 0, which numpy promises to keep, begin with the bytes
    # a3 45 0a 04 d0 e9 9b ba: the four smallest are those at 1, 2, 3 and 6.
    _, validation = split(np.zeros(8, dtype=np.uint8), validation_images=4, seed=0)
    assert validation.tolist() == [1, 2, 3, 6]


def test_other_seed_gives_another_split() -> None:
    labels = np.zeros(100, dtype=np.uint8)
    first, second = (split(labels, validation_images=50, seed=seed)[1] for seed in (0, 1))
    assert first.tolist() != second.tolist()


@pytest.mark.parametrize("size", [-1, 0, 4, 5])
def test_split_that_leaves_one_side_empty_is_refused(size: int) -> None:
    with pytest.raises(UserError, match=rf"above 0 and below the 4 .*, but got {size}"):
        split(np.zeros(4, dtype=np.uint8), validation_images=size, seed=0)


def test_index_digest_is_of_little_endian_int64_in_order() -> None:
    expected = hashlib.sha256(struct.pack("<qqq", 5, 0, 300)).hexdigest()
    assert index_digest(np.array([5, 0, 300])) == expected
    assert index_digest(np.array([5, 0, 300], dtype=">i4")) == expected
    assert index_digest(np.array([0, 5, 300])) != expected


def test_frame_puts_the_image_in_the_middle_of_background() -> None:
    framed = frame(np.full((2, 28, 28), 255, dtype=np.uint8))
    assert framed.shape == (2, 32, 32)
    assert framed.dtype == np.uint8
    inside = np.zeros((32, 32), dtype=bool)
    inside[2:30, 2:30] = True
    np.testing.assert_array_equal(framed, np.broadcast_to(inside * np.uint8(255), (2, 32, 32)))
