import hashlib
from fractions import Fraction

import numpy as np
import pytest

from pipeline.corruptions.corruption import Group
from pipeline.corruptions.entries import ENTRIES
from pipeline.corruptions.geometry import DIRECTIONS
from pipeline.corruptions.registry import (
    REGISTRY,
    by_family,
    corrupt,
    find_corruption,
    set_names,
)
from pipeline.data.mnist import Digits, frame

# The protocol's strengths: more may be registered, none of these may go.
MEAN = {
    "shift": (1, 2, 3, 4, 5, 6),
    "rotation": (10, 20, 30, 45),
    "smaller": (0.15, 0.3, 0.5),
    "larger": (0.2, 0.5),
    "shear": (0.2, 0.4),
    "thinner strokes": (1,),
    "thicker strokes": (1,),
    "inverted pixels": (0.05, 0.1, 0.2),
    "noise": (0.2, 0.4),
    "blur": (1, 2),
    "occlusion": (7, 10),
}
SMALL = {
    "shift": (1, 2),
    "rotation": (10,),
    "smaller": (0.15,),
    "larger": (0.2,),
    "shear": (0.2,),
}
PROTOCOL = {
    Group.MEAN: MEAN,
    Group.SMALL: SMALL,
    Group.HALF_HEIGHT: {"half height": (2, 4, 6, 8, 10)},
}


def exact(strengths: tuple[float, ...]) -> set[Fraction]:
    return {Fraction(str(each)) for each in strengths}


@pytest.mark.parametrize("group", PROTOCOL)
def test_the_protocol_s_strengths_are_registered(group: Group) -> None:
    found = by_family(group)
    for family, strengths in PROTOCOL[group].items():
        assert exact(strengths) <= {each.strength for each in found[family]}, family


def test_one_pixel_shifts_are_one_for_each_direction() -> None:
    (family,) = by_family(Group.ONE_PIXEL).values()
    assert [each.description for each in family] == [f"shifted {to} by 1 px" for to in DIRECTIONS]


def test_no_two_entries_have_one_name() -> None:
    assert list(REGISTRY) == [each.name for each in ENTRIES]


@pytest.mark.parametrize("group", [Group.MEAN, Group.HALF_HEIGHT])
def test_a_family_grows_from_strength_0_in_one_unit(group: Group) -> None:
    for family in by_family(group).values():
        strengths = [each.strength for each in family]
        assert strengths == sorted({Fraction(0), *strengths})[1:]
        assert len({(each.unit, each.start) for each in family}) == 1
        assert {each.start for each in family} <= {None, *REGISTRY}


def test_every_set_is_described_and_counts_for_something() -> None:
    assert len({each.description for each in REGISTRY.values()}) == len(REGISTRY)
    assert all(each.groups for each in REGISTRY.values())
    assert set(set_names(Group.SMALL)) < set(set_names(Group.MEAN))


def test_a_corruption_is_found_at_its_exact_strength_alone() -> None:
    assert find_corruption("smaller", 0.15).strength == Fraction(3, 20)
    with pytest.raises(KeyError, match="must be registered, but got 'rotation' at 11"):
        find_corruption("rotation", 11)


@pytest.mark.parametrize("name", REGISTRY)
def test_each_is_the_same_whenever_it_is_made_and_changes_digits(
    name: str, digits: Digits
) -> None:
    images = digits.images[:50]
    once, again = corrupt(images, name), corrupt(images, name)
    assert once.shape == (50, 32, 32)
    assert once.dtype == np.uint8
    np.testing.assert_array_equal(once, again)
    changed = (once != frame(images)).any(axis=(1, 2))
    assert changed.mean() > 0.8 if REGISTRY[name].family == "occlusion" else changed.all()


def test_no_two_draw_alike_but_both_shrink_to_seven_tenths(digits: Digits) -> None:
    sets = {name: corrupt(digits.images[:20], name).tobytes() for name in REGISTRY}
    shrunk = sets[find_corruption("smaller", 0.3).name]
    (same,) = (name for name in set_names(Group.MNIST_C) if sets[name] == shrunk)
    del sets[same]
    assert len({hashlib.sha256(each).hexdigest() for each in sets.values()}) == len(sets)


@pytest.mark.parametrize("name", set_names(Group.MNIST_C))
def test_mnist_c_leaves_the_frame_around_the_digit(name: str, digits: Digits) -> None:
    around = np.ones((32, 32), bool)
    around[2:30, 2:30] = False
    assert not corrupt(digits.images[:20], name)[:, around].any()


def test_strengths_of_a_family_do_not_share_their_draws(digits: Digits) -> None:
    one, two = (
        corrupt(digits.images[:50], find_corruption("shift", pixels).name).astype(int)
        for pixels in (1, 2)
    )
    centre = [
        np.array([(each.sum(axis=2) @ np.arange(32)) / each.sum(axis=(1, 2))])
        for each in (one, two)
    ]
    assert np.corrcoef(centre[0].ravel(), centre[1].ravel())[0, 1] < 0.99


def test_half_a_shrunk_digit_s_height_stays_in_the_frame(digits: Digits) -> None:
    images, moved = digits.images[:100], find_corruption("half height", 8)
    assert moved.start
    ink = corrupt(images, moved.start).sum(axis=(1, 2), dtype=int)
    np.testing.assert_array_equal(ink, corrupt(images, moved.name).sum(axis=(1, 2), dtype=int))
