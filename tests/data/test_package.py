import pickle
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pipeline.data.package import idx_files, packaged_mnist, unpickle, wheel_member
from pipeline.execution.errors import UserError


class Attack:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path, ("/",)


def old_pickle(array: np.ndarray) -> bytes:
    """As numpy before 2 wrote it, whose functions lay under another name."""
    return pickle.dumps(array, protocol=3).replace(b"numpy._core.multi", b"numpy.core.multi")


def test_arrays_survive_the_unpickler() -> None:
    array = np.array([[0.5, 0.25]], dtype=np.float32)
    np.testing.assert_array_equal(unpickle(old_pickle(array)), array, strict=True)


def test_pickle_that_names_anything_but_arrays_is_refused() -> None:
    with pytest.raises(UserError, match="must hold plain arrays only, but got pathlib"):
        unpickle(pickle.dumps(Attack()))


def test_pickle_that_names_another_numpy_function_is_refused() -> None:
    with pytest.raises(UserError, match=r"but got numpy\.save"):
        unpickle(pickle.dumps(np.save))


def test_idx_files_join_the_two_training_parts_and_undo_the_scale() -> None:
    def part(pixels: list[int], labels: list[int]) -> tuple[np.ndarray, np.ndarray]:
        images = np.repeat(np.array(pixels, dtype=np.float32)[:, None] / 256, 784, axis=1)
        return images, np.array(labels)

    files = idx_files((part([0, 1], [7, 2]), part([255], [9]), part([128], [4])))
    three_images = bytes.fromhex("00000803 00000003 0000001c 0000001c")
    one_image = bytes.fromhex("00000803 00000001 0000001c 0000001c")
    assert files == {
        "train-images-idx3-ubyte": three_images + b"\0" * 784 + b"\1" * 784 + b"\xff" * 784,
        "train-labels-idx1-ubyte": bytes.fromhex("00000801 00000003 07 02 09"),
        "t10k-images-idx3-ubyte": one_image + b"\x80" * 784,
        "t10k-labels-idx1-ubyte": bytes.fromhex("00000801 00000001 04"),
    }


def test_wheel_with_another_pickle_is_refused_before_unpickling(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as wheel:
        wheel.writestr("mnist/data/mnist.pkl.gz", pickle.dumps(Attack()))
    with pytest.raises(UserError, match=r"`SHA-256` of mnist/data/mnist.pkl.gz must be f11bb9"):
        wheel_member(tmp_path / "a.whl")


def test_wheel_without_the_pickle_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as wheel:
        wheel.writestr("mnist/__init__.py", "")
    with pytest.raises(UserError, match=r"`a.whl` must hold mnist/data/mnist.pkl.gz"):
        wheel_member(tmp_path / "a.whl")


def test_damaged_wheel_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.whl").write_bytes(b"<html>")
    with pytest.raises(UserError, match=r"`a.whl` must hold .* not a zip file"):
        wheel_member(tmp_path / "a.whl")


def test_environment_without_pip_is_named_as_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'python: No module named pip' >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(UserError, match="No module named pip"):
        packaged_mnist()
