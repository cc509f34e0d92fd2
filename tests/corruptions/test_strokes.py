from collections.abc import Callable

import numpy as np
import pytest

from pipeline.corruptions.geometry import Frames
from pipeline.corruptions.strokes import dotted_line, zigzag
from pipeline.data.mnist import Digits

Stroke = Callable[[Frames, np.random.Generator], Frames]


def drawn(stroke: Stroke, count: int) -> Frames:
    """On nothing."""
    return stroke(np.zeros((count, 28, 28), np.uint8), np.random.default_rng(0))


@pytest.mark.parametrize("stroke", [dotted_line, zigzag])
def test_strokes_add_their_ink_to_the_digit_s(stroke: Stroke, digits: Digits) -> None:
    before = digits.images[:100]
    alone = drawn(stroke, 100).astype(int)
    both = stroke(before, np.random.default_rng(0))
    np.testing.assert_allclose(both, np.minimum(before + alone, 255), atol=1)
    assert (both >= before).all()


def test_line_is_dotted_by_twos() -> None:
    after = drawn(dotted_line, 2000)
    columns = np.flatnonzero(after.any(axis=(0, 1)))
    np.testing.assert_array_equal(columns, [c for c in range(27) if c % 4 in (2, 3)])


def test_level_line_fades_by_its_logarithm() -> None:
    after = drawn(dotted_line, 2000)
    level = after[(after[:, :, 2] == after[:, :, 26]).all(axis=1)]
    assert 40 < len(level) < 120  # of 2000 / 27 expected
    rows = level[:, :, 2].argmax(axis=1)
    assert rows.min() == 0
    assert rows.max() == 26
    inner = level[rows == 13, 10:17, 2]
    beside = np.rint(255 * (1 + np.log(1 - 1 / 2.3)))
    np.testing.assert_array_equal(np.unique(inner, axis=0), [[0, 0, beside, 255, beside, 0, 0]])


def test_dots_lie_on_a_straight_line() -> None:
    after = drawn(dotted_line, 500).astype(float)
    columns = np.array([6, 10, 14, 18, 22])
    clear = ~after[:, [0, 1, -2, -1]].any(axis=(1, 2))
    ink = after[clear][:, :, columns]
    rows = np.einsum("nrc,r->nc", ink, np.arange(28)) / ink.sum(axis=1)
    np.testing.assert_allclose(np.diff(rows, n=2, axis=1), 0, atol=0.35)
    slopes = np.diff(rows, axis=1).mean(axis=1) / 4
    assert np.ptp(slopes) > 1


def test_zigzag_crosses_the_digit_in_six_turns_of_two_pixels() -> None:
    after = drawn(zigzag, 500)
    columns = np.flatnonzero(after.any(axis=(0, 1)))
    np.testing.assert_array_equal(columns, np.arange(2, 26))
    clear = after[~after[:, [0, -1]].any(axis=(1, 2))]
    assert len(clear) > 200
    turns = clear[:, :, [4, 8, 12, 16, 20, 24]].argmax(axis=1)
    heights = np.diff(turns, axis=1) * [-1, 1, -1, 1, -1]
    assert heights.mean() == pytest.approx(4, abs=0.5)
    assert heights.min() >= 2


def test_zigzag_climbs_or_falls_by_up_to_five_rows() -> None:
    after = drawn(zigzag, 500)
    clear = after[~after[:, [0, -1]].any(axis=(1, 2))].astype(float)
    ink = clear[:, :, 4:20]  # two periods of eight columns
    rows = np.einsum("nrc,r->nc", ink, np.arange(28)) / ink.sum(axis=1)
    climbs = rows[:, 8:].mean(axis=1) - rows[:, :8].mean(axis=1)
    assert climbs.min() == pytest.approx(8 * -5 / 23, abs=0.3)
    assert climbs.max() == pytest.approx(8 * 4 / 23, abs=0.3)
