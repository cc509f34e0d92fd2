import json
import resource
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.execution.cache import read_result, write_result
from pipeline.execution.task import Result

KEY = "ab" * 32
OTHER_KEY = "cd" * 32
SMALL = Result(arrays={"b": np.array([1.5, -2], dtype=np.float32)}, record={"failure": None})


def result_file(cache: Path) -> Path:
    (path,) = (path for path in cache.rglob("*") if path.is_file())
    return path


@pytest.fixture
def file(cache: Path) -> Path:
    """The file of a small result, sound so far."""
    write_result(KEY, SMALL)
    return result_file(cache)


def test_nothing_is_stored_at_first() -> None:
    assert read_result(KEY) is None


@pytest.mark.parametrize(
    "array",
    [
        np.array(3.5, dtype=np.float32),
        np.array(7, dtype=np.int64),
        np.zeros((0, 10), dtype=np.float32),
        np.arange(24, dtype=np.float32).reshape(2, 3, 4),
        np.arange(6, dtype=np.float64).reshape(3, 2) / 3,
        np.arange(-3, 3, dtype=np.int64),
        np.arange(256, dtype=np.uint8),
        np.array([True, False]),
        np.array([1, 2], dtype=np.float16),
    ],
    ids=lambda array: f"{array.dtype}{list(array.shape)}",
)
def test_arrays_come_back_bit_for_bit(array: np.ndarray) -> None:
    more = np.asarray(array + 1)
    write_result(KEY, Result(arrays={"x": array, "y.bias": more}, record={}))
    found = read_result(KEY)
    assert found is not None
    assert set(found.arrays) == {"x", "y.bias"}
    assert found.arrays["x"].dtype == array.dtype
    assert found.arrays["x"].shape == array.shape
    assert found.arrays["x"].tobytes() == array.tobytes()
    assert found.arrays["y.bias"].tobytes() == more.tobytes()


def test_values_that_are_no_numbers_come_back_as_they_are() -> None:
    array = np.array([np.nan, np.inf, -np.inf, -0.0], dtype=np.float32)
    write_result(KEY, Result(arrays={"x": array}, record={"train_loss": float("nan")}))
    found = read_result(KEY)
    assert found is not None
    assert found.arrays["x"].tobytes() == array.tobytes()
    assert np.isnan(found.record["train_loss"])


@pytest.mark.parametrize("view", [np.asfortranarray, np.transpose, lambda array: array[:, ::2]])
def test_arrays_that_are_views_of_others_come_back_as_they_look(view: Any) -> None:
    array = view(np.arange(6, dtype=np.float32).reshape(2, 3))
    write_result(KEY, Result(arrays={"x": array}, record={}))
    found = read_result(KEY)
    assert found is not None
    np.testing.assert_array_equal(found.arrays["x"], array)


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"history": [{"epoch": 1, "train_loss": 0.1 + 0.2}], "failure": None},
        {"failure": "two\nlines, \x00, \u2028 and \N{GREEK SMALL LETTER ALPHA}"},
        {"timing": {"started": 1753000000.1234567, "epochs": [[1.5, 2.5]]}},
    ],
    ids=str,
)
def test_record_comes_back_as_it_was(record: dict[str, Any]) -> None:
    write_result(KEY, Result(arrays=SMALL.arrays, record=record))
    found = read_result(KEY)
    assert found is not None
    assert found.record == record


def test_each_key_has_its_own_result_and_the_last_one_counts() -> None:
    for key, number in ((KEY, 1), (OTHER_KEY, 2), (KEY, 3)):
        write_result(key, Result(arrays={"x": np.array(number)}, record={"number": number}))
    first, second = read_result(KEY), read_result(OTHER_KEY)
    assert first is not None
    assert second is not None
    assert (first.arrays["x"], first.record["number"]) == (3, 3)
    assert (second.arrays["x"], second.record["number"]) == (2, 2)


def test_equal_results_are_equal_files(file: Path, cache: Path) -> None:
    before = file.read_bytes()
    write_result(KEY, SMALL)
    assert result_file(cache).read_bytes() == before


def test_a_byte_flipped_anywhere_loses_the_result(file: Path) -> None:
    sound = file.read_bytes()
    for position in range(len(sound)):
        for flip in (0x01, 0x80):
            damaged = bytearray(sound)
            damaged[position] ^= flip
            file.write_bytes(damaged)
            assert read_result(KEY) is None, position


def test_a_file_cut_off_anywhere_is_no_result(file: Path) -> None:
    sound = file.read_bytes()
    for length in range(len(sound)):
        file.write_bytes(sound[:length])
        assert read_result(KEY) is None, length


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"\n\n", b"<html>not found</html>", json.dumps({"x": 1}).encode(), bytes(4096)],
)
def test_a_foreign_file_is_no_result(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert read_result(KEY) is None


def test_something_appended_loses_the_result(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"\n")
    assert read_result(KEY) is None


def test_the_result_of_another_task_is_no_result(file: Path, cache: Path) -> None:
    write_result(OTHER_KEY, Result(arrays={"x": np.array(2)}, record={}))
    (theirs,) = (path for path in cache.rglob("*") if path.is_file() and path != file)
    file.write_bytes(theirs.read_bytes())
    assert read_result(KEY) is None


def test_a_damaged_result_is_replaced_by_the_next(file: Path) -> None:
    file.write_bytes(b"damaged")
    write_result(KEY, SMALL)
    found = read_result(KEY)
    assert found is not None
    assert found.arrays["b"].tolist() == [1.5, -2]


def test_result_that_cannot_be_placed_is_an_error_that_names_its_file(cache: Path) -> None:
    cache.write_bytes(b"a file where the folder should be")
    with pytest.raises(OSError, match=KEY) as problem:
        write_result(KEY, SMALL)
    assert str(problem.value.filename).startswith(str(cache))


def test_result_that_finds_no_space_is_an_error_and_leaves_nothing(cache: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(OSError, match=KEY):
            write_result(KEY, SMALL)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert read_result(KEY) is None
    assert not [path for path in cache.rglob("*") if path.is_file()]
