import numpy as np
import pytest
from scipy import ndimage

from pipeline.corruptions.geometry import (
    DIRECTIONS,
    Frames,
    along_axes,
    rotated,
    scaled,
    sheared,
    shifted,
    thickened,
)


def draws() -> np.random.Generator:
    return np.random.default_rng(0)


def square(low: int, high: int) -> Frames:
    """One frame with a full square in these rows and columns."""
    frame = np.zeros((1, 32, 32), np.uint8)
    frame[:, low:high, low:high] = 255
    return frame


@pytest.mark.parametrize("pixels", [1, 6])
def test_shift_moves_every_pixel_along_one_axis(pixels: int) -> None:
    frames = np.repeat(square(8, 20), 400, axis=0)
    steps = along_axes(400, pixels, draws())
    for before, after, (down, right) in zip(frames, shifted(frames, steps), steps, strict=True):
        np.testing.assert_array_equal(after, np.roll(before, (down, right), axis=(0, 1)))
    assert {tuple(step) for step in steps} == {
        (pixels * down, pixels * right) for down, right in DIRECTIONS.values()
    }
    counts = np.unique(steps, axis=0, return_counts=True)[1]
    assert (counts > 60).all()  # of 100 expected


def test_ink_that_leaves_the_frame_is_lost() -> None:
    frames = square(0, 3)
    assert shifted(frames, np.array([[-2, 0]])).sum() == 255 * 3
    assert shifted(frames, np.array([[-3, 0]])).sum() == 0


def test_rotation_is_about_the_centre_and_either_way() -> None:
    frames = np.repeat(square(4, 10), 60, axis=0)
    np.testing.assert_array_equal(rotated(frames, 360, draws()), frames)
    turned = rotated(frames, 90, draws())
    ways = {tuple(np.rint(ndimage.center_of_mass(each)).astype(int)) for each in turned}
    assert ways == {(24, 6), (6, 24)} or ways == {(25, 6), (6, 25)}
    np.testing.assert_array_equal(np.rot90(frames[0]), turned[turned[:, 25, 5] > 0][0])


@pytest.mark.parametrize("degrees", [10, 45])
def test_rotation_turns_by_the_angle(degrees: float) -> None:
    frames = np.repeat(square(6, 10), 2, axis=0)
    after = rotated(frames, degrees, draws())[0].astype(float)
    y, x = ((after.sum(axis=axis) @ np.arange(32)) / after.sum() - 15.5 for axis in (1, 0))
    assert np.hypot(y, x) == pytest.approx(8 * 2**0.5, abs=0.05)
    turned = (np.degrees(np.arctan2(y, x)) + 135 + 180) % 360 - 180
    assert abs(turned) == pytest.approx(degrees, abs=0.5)


def test_scale_is_about_the_centre() -> None:
    frames = square(12, 20)
    np.testing.assert_array_equal(scaled(frames, 1), frames)
    for factor in (0.5, 1.5):
        after = scaled(frames, factor).astype(float)
        assert after.sum() / 255 == pytest.approx((8 * factor) ** 2, rel=0.02)
        assert ndimage.center_of_mass(after[0]) == pytest.approx((15.5, 15.5))


def test_shear_slides_rows_by_their_distance_from_the_centre() -> None:
    frames = np.zeros((40, 32, 32), np.uint8)
    frames[:, :, 15:17] = 255
    after = sheared(frames, 0.4, draws()).astype(float)
    columns = (after * np.arange(32)).sum(axis=2) / after.sum(axis=2)
    slides = columns - 15.5
    expected = 0.4 * (np.arange(32) - 15.5)
    signs = np.sign(slides[:, -1])
    assert set(signs) == {-1, 1}
    np.testing.assert_allclose(slides * signs[:, None], np.tile(expected, (40, 1)), atol=0.02)


@pytest.mark.parametrize(("steps", "width"), [(1, 7), (-1, 5)])
def test_strokes_change_by_half_a_pixel_on_each_side(steps: int, width: int) -> None:
    frames = np.zeros((1, 32, 32), np.uint8)
    frames[:, :, 13:19] = 255
    inner = thickened(frames, steps)[0, 10:22].astype(float)
    assert inner.sum(axis=1) / 255 == pytest.approx(np.full(12, width), abs=0.3)
    wider = inner >= frames[0, 10:22]
    assert wider.all() if steps > 0 else not (wider & (inner > 0)).all()


def test_no_corruption_of_geometry_makes_ink_of_nothing() -> None:
    nothing = np.zeros((3, 32, 32), np.uint8)
    for after in (
        rotated(nothing, 30, draws()),
        scaled(nothing, 0.5),
        sheared(nothing, 0.2, draws()),
        thickened(nothing, 1),
    ):
        assert after.dtype == np.uint8
        assert not after.any()
