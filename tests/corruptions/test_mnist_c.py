import numpy as np
import pytest
from scipy import stats

from pipeline.corruptions.geometry import Frames
from pipeline.corruptions.mnist_c import (
    brightness,
    canny_edges,
    glass_blur,
    impulse_noise,
    motion_blur,
    rotate,
    scale,
    shear,
    shot_noise,
    stripe,
    translate,
)
from pipeline.data.mnist import Digits


def draws() -> np.random.Generator:
    return np.random.default_rng(0)


def images(count: int, ink: int = 0) -> Frames:
    return np.full((count, 28, 28), ink, np.uint8)


def centroids(ink: np.ndarray) -> np.ndarray:
    """Rows and columns, (N, 2), from the centre."""
    offsets = np.arange(28) - 13.5
    total = ink.sum(axis=(1, 2))
    return np.stack([ink.sum(axis=axis) @ offsets / total for axis in (2, 1)], axis=1)


def test_shot_noise_counts_three_photons_for_full_ink() -> None:
    photons = np.arange(4)
    shares = [*stats.poisson.pmf(photons[:3], 1.2), stats.poisson.sf(2, 1.2)]
    after = shot_noise(images(100, 102), draws())
    levels, counts = np.unique(after, return_counts=True)
    np.testing.assert_array_equal(levels, 85 * photons)
    np.testing.assert_allclose(counts / after.size, shares, atol=0.006)
    assert not shot_noise(images(1), draws()).any()


def test_impulses_are_salt_and_pepper_in_equal_parts() -> None:
    after = impulse_noise(images(100, 90), draws())
    levels, counts = np.unique(after, return_counts=True)
    np.testing.assert_array_equal(levels, [0, 90, 255])
    np.testing.assert_allclose(counts / after.size, [0.085, 0.83, 0.085], atol=0.005)


def test_glass_moves_ink_by_swaps_and_blurs_along_columns_alone() -> None:
    before = images(300)
    before[:, :, 14] = 255
    after = glass_blur(before, draws()).astype(float)
    assert after.sum() == pytest.approx(before.sum(dtype=int), rel=0.005)
    reached = np.flatnonzero(after.any(axis=(0, 1)))
    assert reached[-1] == 16  # one to the right in each round, where a sideways blur would go on
    assert 6 < reached[0] < 12  # but several to the left, with the scan
    assert 0.15 < after[:, :, 14].sum() / after.sum() < 0.6


def test_glass_blurs_twice_with_its_sigma() -> None:
    before = images(100)
    before[:, 14, 0] = 255  # no pixel is swapped with the first column's
    profile = glass_blur(before, draws())[:, :, 0]
    kernel = np.exp(-0.5 * (np.arange(-3, 4) / 0.7) ** 2)
    twice = np.convolve(kernel / kernel.sum(), kernel / kernel.sum())
    np.testing.assert_allclose(profile[:, 8:21], np.tile(255 * twice, (100, 1)), atol=1)


def test_motion_leaves_a_trail_within_45_degrees_on_one_side() -> None:
    before = images(200)
    before[:, 14, 24] = 255
    after = motion_blur(before, draws()).astype(float)
    assert (after.argmax(axis=2).max(axis=1) == 24).all()
    kernel = np.exp(-0.5 * (np.arange(21) / 3) ** 2)
    np.testing.assert_array_equal(after[:, 14, 24], np.rint(255 / kernel.sum()))
    np.testing.assert_allclose(after.sum(axis=(1, 2)), 255, rtol=0.02)
    rows, columns = (centroids(after) - [0.5, 10.5]).T
    assert (columns < 0).all()
    lengths = np.hypot(rows, columns)
    np.testing.assert_allclose(lengths, kernel @ np.arange(21) / kernel.sum(), atol=0.25)
    angles = np.rad2deg(np.arctan2(rows, -columns))
    assert -46 < angles.min() < -38
    assert 38 < angles.max() < 46
    assert abs(angles.mean()) < 6


def test_shear_slides_rows_by_a_sine_and_stretches_columns_by_a_cosine() -> None:
    before = images(40)
    before[:, 9:19, 13:15] = 255
    after = shear(before, draws()).astype(float)
    np.testing.assert_allclose(after.sum(axis=(1, 2)) / 255, 20 / np.cos(0.4), rtol=0.01)
    inner = after[:, 10:18]
    slides = (inner @ (np.arange(28) - 13.5)) / inner.sum(axis=2)
    sides = np.sign(slides[:, -1])
    assert set(sides) == {-1, 1}
    expected = np.sin(0.4) * (np.arange(10, 18) - 13.5)
    np.testing.assert_allclose(slides * sides[:, None], np.tile(expected, (40, 1)), atol=0.02)


def test_scale_shrinks_to_seven_tenths_about_the_centre(digits: Digits) -> None:
    before = digits.images[:100].astype(float)
    after = scale(digits.images[:100]).astype(float)
    ratio = after.sum(axis=(1, 2)) / before.sum(axis=(1, 2))
    assert ratio.mean() == pytest.approx(0.7**2, rel=0.01)
    np.testing.assert_allclose(centroids(after), 0.7 * centroids(before), atol=0.25)


def test_rotation_is_by_four_tenths_of_a_radian_and_keeps_the_ink(digits: Digits) -> None:
    spot = images(40)
    spot[:, 5:8, 5:8] = 255
    rows, columns = centroids(rotate(spot, draws()).astype(float)).T
    turns = np.arctan2(rows, columns) - np.arctan2(-1, -1)
    np.testing.assert_allclose(np.abs(turns), 0.4, atol=0.01)
    assert set(np.sign(turns)) == {-1, 1}
    before = digits.images[:100]
    ink = rotate(before, draws()).sum(axis=(1, 2), dtype=int)
    np.testing.assert_allclose(ink, before.sum(axis=(1, 2), dtype=int), rtol=0.03)


def test_brightness_adds_half_of_full_ink() -> None:
    before = np.array([[[0, 1, 127, 128, 255]]], np.uint8)
    np.testing.assert_array_equal(brightness(before), [[[128, 129, 255, 255, 255]]])


def test_translation_is_by_three_pixels_on_each_axis() -> None:
    before = images(200)
    before[:, 10:18, 12:15] = np.arange(24, dtype=np.uint8).reshape(8, 3)
    after = translate(before, draws())
    moves = [(down, right) for down in (-3, 3) for right in (-3, 3)]
    found = [(after == np.roll(before, move, axis=(1, 2))).all(axis=(1, 2)) for move in moves]
    assert np.sum(found) == 200
    assert (np.sum(found, axis=1) > 30).all()  # of 50 expected


def test_stripe_inverts_the_outer_quarters_alone(digits: Digits) -> None:
    before = digits.images[:20]
    after = stripe(before)
    outer = np.r_[0:7, 21:28]
    np.testing.assert_array_equal(after[:, :, outer], 255 - before[:, :, outer])
    np.testing.assert_array_equal(after[:, :, 7:21], before[:, :, 7:21])


def test_edges_are_full_ink_around_what_was_ink() -> None:
    before = images(1)
    before[0, 8:20, 8:20] = 255
    edges = canny_edges(before)[0]
    assert set(np.unique(edges)) == {0, 255}
    outline = np.zeros((28, 28), bool)
    outline[7:21, 7:21] = True
    outline[9:19, 9:19] = False
    assert not edges[~outline].any()
    sides = (edges[10:18, :14], edges[10:18, 14:], edges[:14, 10:18].T, edges[14:, 10:18].T)
    assert all(side.any(axis=1).all() for side in sides)
    assert not canny_edges(images(2)).any()
