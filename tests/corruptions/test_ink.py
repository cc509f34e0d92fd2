import numpy as np
import pytest

from pipeline.corruptions.ink import blurred, inverted, noisy, occluded


def draws() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("share", [0.05, 0.2])
def test_pixels_are_inverted_with_their_probability(share: float) -> None:
    frames = np.full((50, 32, 32), 200, np.uint8)
    after = inverted(frames, share, draws())
    assert set(np.unique(after)) == {55, 200}
    assert (after == 55).mean() == pytest.approx(share, abs=0.006)


def test_noise_has_its_deviation_and_no_drift() -> None:
    frames = np.full((50, 32, 32), 128, np.uint8)
    change = noisy(frames, 0.1, draws()).astype(float) - 128
    assert change.std() == pytest.approx(25.5, rel=0.02)
    assert change.mean() == pytest.approx(0, abs=0.3)
    extremes = noisy(frames, 2, draws())
    assert (extremes.min(), extremes.max()) == (0, 255)


def test_blur_keeps_the_ink_and_spreads_it() -> None:
    frames = np.zeros((2, 32, 32), np.uint8)
    frames[0, 12:20, 12:20] = 255
    after = blurred(frames, 2).astype(float)
    assert not after[1].any()  # frames do not run into each other
    assert after[0].sum() == pytest.approx(255 * 64, rel=0.02)
    offsets = np.arange(32) - 15.5
    variance = (after[0].sum(axis=0) * offsets**2).sum() / after[0].sum()
    assert variance == pytest.approx((8**2 - 1) / 12 + 2**2, rel=0.03)


@pytest.mark.parametrize("pixels", [7, 10])
def test_square_is_hidden_within_the_digit_s_place(pixels: int) -> None:
    frames = np.full((5000, 32, 32), 255, np.uint8)
    hidden = occluded(frames, pixels, draws()) == 0
    assert (hidden.sum(axis=(1, 2)) == pixels**2).all()
    assert (hidden.any(axis=2).sum(axis=1) == pixels).all()
    anywhere = hidden.any(axis=0)
    assert anywhere[2:30, 2:30].all()
    assert anywhere.sum() == 28**2
