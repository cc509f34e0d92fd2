from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.execution.errors import UserError
from pipeline.outputs.filters import read_filters


def whole() -> dict[str, Any]:
    return {
        "kernels": np.ones((2, 6, 5, 5), dtype=np.float32),
        "maps": np.ones((2, 6, 28, 28), dtype=np.float32),
        "digit": np.zeros((28, 28), dtype=np.uint8),
        "misclassified": np.array([3, 5]),
        "images": np.zeros((2, 28, 28), dtype=np.uint8),
    }


def written(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "lenet5-filters.npz", **arrays)
    return folder


def test_filters_are_read_as_they_were_written(tmp_path: Path) -> None:
    found = read_filters(written(tmp_path, **whole()), "lenet5")
    for name, array in whole().items():
        assert (getattr(found, name) == array).all()


def test_network_without_maps_and_without_misclassified_digits_is_read(tmp_path: Path) -> None:
    none = {"maps": np.zeros((2, 0, 0, 0)), "misclassified": np.zeros(0, dtype=np.int64)}
    images = np.zeros((0, 28, 28), dtype=np.uint8)
    found = read_filters(written(tmp_path, **(whole() | none | {"images": images})), "lenet5")
    assert found.maps.size == 0


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"kernels": np.ones((6, 5, 5))}, "`kernels` must have shape"),
        ({"maps": np.ones((3, 6, 28, 28))}, "`maps` must have shape"),
        ({"digit": np.zeros((28, 28))}, "`digit` must be uint8"),
        ({"misclassified": np.array([3])}, "`images` must have shape"),
        ({"misclassified": np.array(3)}, "`misclassified` must have shape"),
        ({"images": np.zeros((2, 32, 32), dtype=np.uint8)}, "`images` must have shape"),
    ],
)
def test_misshapen_filters_are_refused_by_name(
    tmp_path: Path, changes: dict[str, Any], rule: str
) -> None:
    path = written(tmp_path, **(whole() | changes))
    with pytest.raises(UserError) as refused:
        read_filters(path, "lenet5")
    assert str(path) in str(refused.value)
    assert rule in str(refused.value)


def test_missing_filters_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"lenet5-filters\.npz"):
        read_filters(tmp_path, "lenet5")
