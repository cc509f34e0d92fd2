from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.analysis.pictures import read_pictures
from pipeline.execution.errors import UserError


def whole() -> dict[str, Any]:
    return {
        "kernels": np.ones((2, 6, 5, 5), dtype=np.float32),
        "maps": np.ones((2, 6, 28, 28), dtype=np.float32),
        "digit": np.zeros((28, 28), dtype=np.uint8),
        "misread": np.array([3, 5]),
        "images": np.zeros((2, 28, 28), dtype=np.uint8),
    }


def written(folder: Path, **arrays: Any) -> Path:
    path = folder / "lenet5-pictures.npz"
    np.savez(path, **arrays)
    return path


def test_pictures_are_read_as_they_were_written(tmp_path: Path) -> None:
    found = read_pictures(written(tmp_path, **whole()))
    for name, array in whole().items():
        assert (getattr(found, name) == array).all()


def test_network_without_maps_and_without_misread_digits_is_read(tmp_path: Path) -> None:
    none = {"maps": np.zeros((2, 0, 0, 0)), "misread": np.zeros(0, dtype=np.int64)}
    images = np.zeros((0, 28, 28), dtype=np.uint8)
    found = read_pictures(written(tmp_path, **(whole() | none | {"images": images})))
    assert found.maps.size == 0


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"kernels": np.ones((6, 5, 5))}, "`kernels` must have shape"),
        ({"maps": np.ones((3, 6, 28, 28))}, "`maps` must have shape"),
        ({"digit": np.zeros((28, 28))}, "`digit` must be uint8"),
        ({"misread": np.array([3])}, "`images` must have shape"),
        ({"misread": np.array(3)}, "`misread` must have shape"),
        ({"images": np.zeros((2, 32, 32), dtype=np.uint8)}, "`images` must have shape"),
    ],
)
def test_misshapen_pictures_are_refused_by_name(
    tmp_path: Path, changes: dict[str, Any], rule: str
) -> None:
    path = written(tmp_path, **(whole() | changes))
    with pytest.raises(UserError) as refused:
        read_pictures(path)
    assert str(path) in str(refused.value)
    assert rule in str(refused.value)


def test_missing_pictures_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"lenet5-pictures\.npz"):
        read_pictures(tmp_path / "lenet5-pictures.npz")
