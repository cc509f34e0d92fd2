from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage

from pipeline.corruptions.weather import fog, spatter
from pipeline.data.mnist import Digits


def draws() -> np.random.Generator:
    return np.random.default_rng(0)


def plasma(count: int) -> np.ndarray:
    """As fog on full ink shows it, (255 + 3 * 255 * plasma) / 4."""
    fogged = fog(np.full((count, 28, 28), 255, np.uint8), draws())
    return (4 * fogged.astype(float) - 255) / (3 * 255)


def test_fog_raises_the_background_and_keeps_a_quarter_of_the_contrast(digits: Digits) -> None:
    digit = digits.images[:50].copy()
    digit[:, 0, 0] = 255  # so that what is rescaled by is the same in both
    speck = np.zeros_like(digit)
    speck[:, 0, 0] = 255
    foggy, fog_alone = (fog(each, draws()).astype(float) for each in (digit, speck))
    np.testing.assert_allclose(foggy - fog_alone, (digit - speck) / 4, atol=1)
    assert fog_alone.mean() == pytest.approx(255 * 3 / 4 / 2, rel=0.15)


def test_fog_is_rescaled_by_the_digit_s_own_most_ink() -> None:
    digit = np.full((2, 28, 28), 255, np.uint8)
    digit[0] = 127
    most = digit[:, :1, :1] / 255
    expected = 255 * (most + 3 * plasma(2)) * most / (most + 3)
    np.testing.assert_allclose(fog(digit, draws()), expected, atol=1)


def test_plasma_is_smooth_within_a_digit_and_wide_over_digits() -> None:
    found = plasma(1000)
    assert found.min() > -0.01
    assert found.max() < 1.01
    assert found.mean() == pytest.approx(0.5, abs=0.03)
    assert found[:, 14, 14].std() == pytest.approx(0.2, abs=0.03)
    assert np.ptp(found) > 0.95
    steps = [
        np.abs(np.diff(found[:, ::apart, ::apart], axis=axis)).mean()
        for axis in (1, 2)
        for apart in (1, 2, 4, 8)
    ]
    assert steps[0] < 0.02
    np.testing.assert_allclose(steps[:4], steps[4:], rtol=0.05)  # the same along both axes
    for near, far in pairwise(steps[:4]):
        assert 1.3 < far / near < 2  # of 1.96, less what the levels below add


def test_no_two_plasmas_are_alike() -> None:
    found = plasma(100)  # more than are made at once
    assert len(np.unique(found.reshape(100, -1), axis=0)) == 100


def test_mud_covers_the_same_spots_whatever_lies_beneath() -> None:
    nothing, full = (np.full((100, 28, 28), ink, np.uint8) for ink in (0, 255))
    on_nothing, on_full = (spatter(each, draws()) for each in (nothing, full))
    muddy = on_nothing > 0
    np.testing.assert_array_equal(muddy, on_full < 255)
    assert on_nothing[muddy].min() == 50  # 0.8 of the mud's 63
    assert on_nothing.max() == 63
    covered = 1 - on_nothing / 63
    np.testing.assert_allclose(on_full[muddy], (255 * covered + 63 * (1 - covered))[muddy], atol=3)


def covered_by_the_recipe(noise: np.random.Generator) -> np.ndarray:
    """One field, step by step."""
    liquid = ndimage.gaussian_filter(noise.normal(0.65, 0.3, (28, 28)), 1, mode="nearest")
    drops = np.where(liquid > 0.65, 1.0, 0.0)
    return ndimage.gaussian_filter(drops, 1.5, mode="nearest") >= 0.8


def test_mud_lies_in_spots_on_every_digit(digits: Digits) -> None:
    before = digits.images[:400]
    muddy = spatter(np.zeros_like(before), draws()) > 0
    assert muddy.any(axis=(1, 2)).all()
    noise = np.random.default_rng(1)
    expected = np.mean([covered_by_the_recipe(noise) for _ in range(400)])
    assert muddy.mean() == pytest.approx(expected, rel=0.1)
    beside = (muddy[:, :, 1:] & muddy[:, :, :-1]).sum() / muddy[:, :, :-1].sum()
    assert beside > 0.6
    after = spatter(before, draws())
    assert (after[~muddy] == before[~muddy]).all()
