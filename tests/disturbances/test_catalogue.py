import hashlib

import numpy as np
import pytest

from pipeline.data.mnist import Digits, frame
from pipeline.disturbances.catalogue import CATALOGUE, FAMILIES, disturbed

EXTRA = ("half height", "one pixel")


def test_the_protocol_s_43_sets_and_those_beside_them() -> None:
    main = [name for family in FAMILIES if family not in EXTRA for name in FAMILIES[family]]
    assert len(main) == 28 + 15
    assert {"shift_1", "rotate_10", "scale_0.7", "shear_0.2", "stroke_-1", "stroke_+1"} < {*main}
    assert {"mnist_c_fog", "mnist_c_canny_edges"} < {*FAMILIES["mnist_c"]}
    assert len(CATALOGUE) == 28 + 15 + 5 + 4


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_is_the_same_whenever_it_is_made_and_changes_digits(
    name: str, digits: Digits
) -> None:
    images = digits.images[:50]
    once, again = disturbed(images, name), disturbed(images, name)
    assert once.shape == (50, 32, 32)
    assert once.dtype == np.uint8
    np.testing.assert_array_equal(once, again)
    changed = (once != frame(images)).any(axis=(1, 2))
    assert changed.mean() > 0.8 if name.startswith("occlude") else changed.all()


def test_no_two_draw_alike_but_both_shrink_to_seven_tenths(digits: Digits) -> None:
    sets = {name: disturbed(digits.images[:20], name).tobytes() for name in CATALOGUE}
    assert sets.pop("mnist_c_scale") == sets["scale_0.7"]
    assert len({hashlib.sha256(each).hexdigest() for each in sets.values()}) == len(sets)


@pytest.mark.parametrize("name", FAMILIES["mnist_c"])
def test_mnist_c_leaves_the_frame_around_the_digit(name: str, digits: Digits) -> None:
    around = np.ones((32, 32), bool)
    around[2:30, 2:30] = False
    assert not disturbed(digits.images[:20], name)[:, around].any()


def test_strengths_of_a_family_do_not_share_their_draws(digits: Digits) -> None:
    one, two = (disturbed(digits.images[:50], f"shift_{px}").astype(int) for px in (1, 2))
    centre = [
        np.array([(each.sum(axis=2) @ np.arange(32)) / each.sum(axis=(1, 2))])
        for each in (one, two)
    ]
    assert np.corrcoef(centre[0].ravel(), centre[1].ravel())[0, 1] < 0.99


def test_half_a_shrunk_digit_s_height_stays_in_the_frame(digits: Digits) -> None:
    images = digits.images[:100]
    ink = disturbed(images, "scale_0.5").sum(axis=(1, 2), dtype=int)
    moved = disturbed(images, "half_height_8").sum(axis=(1, 2), dtype=int)
    np.testing.assert_array_equal(ink, moved)
