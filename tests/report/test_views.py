import base64
import io

import numpy as np
import pytest
from PIL import Image

from pipeline.report import views
from tests.report.conftest import filters


def shown(address: str) -> np.ndarray:
    content = base64.b64decode(address.removeprefix("data:image/png;base64,"))
    return np.array(Image.open(io.BytesIO(content)))


def test_kernels_have_a_row_a_place_with_one_grey_scale_a_variant() -> None:
    found = {name: filters(name, []) for name in ("lenet5", "mlp")}
    figure = views.kernels(found)
    assert figure
    drawn = [row for rows in figure.spec["datasets"].values() for row in rows if "picture" in row]
    assert len(drawn) == 2 * 6 + 6
    assert drawn[0]["read"] == "lenet5, number 1, upper left"
    assert drawn[-1]["read"] == "mlp, number 6, first units"
    kernels = found["lenet5"].kernels
    largest = np.abs(kernels).max()
    for row, kernel in zip(drawn, [*kernels[0], *kernels[1]], strict=False):
        expected = np.rint(127.5 * (1 - kernel / largest))
        assert shown(row["picture"]).tolist() == expected.tolist()


@pytest.mark.parametrize("level", [0.0, np.nan])
def test_nothing_and_no_number_are_grey(level: float) -> None:
    lost = filters("lenet5", [])
    lost.kernels[:] = level
    figure = views.kernels({"lenet5": lost})
    assert figure
    drawn = [row for rows in figure.spec["datasets"].values() for row in rows if "picture" in row]
    assert {int(pixel) for row in drawn for pixel in shown(row["picture"]).flat} <= {127, 128}


def test_perceptrons_have_no_maps() -> None:
    assert views.maps({"mlp": filters("mlp", [])}, {"variants": {}}) is None
