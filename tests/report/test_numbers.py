import pytest

from pipeline.report import numbers


@pytest.mark.parametrize(
    ("half_width", "places"),
    [(0.05, 1), (0.011, 1), (0.0099, 2), (0.0011, 2), (0.00099, 3), (0.00001, 3)],
)
def test_an_interval_keeps_two_digits_of_its_half_width(half_width: float, places: int) -> None:
    assert numbers.decimals((0.5 - half_width, 0.5 + half_width)) == places


def test_without_an_interval_one_image_of_ten_thousand_is_the_last_digit() -> None:
    assert numbers.decimals(None) == numbers.decimals((0.1, 0.1)) == 2


def test_errors_are_in_percent_with_their_interval() -> None:
    assert numbers.error_with_interval(0.0102, (0.0084, 0.012)) == "1.02 (0.84 to 1.20)"
    assert numbers.error_with_interval(0.0102, None) == "1.02"


def test_changes_have_a_sign_and_ends_with_a_true_minus() -> None:
    assert numbers.change_with_interval(0.0021, (0.001, 0.0032)) == "+0.21 (0.10 to 0.32)"
    assert numbers.change_with_interval(-0.0005, (-0.0016, 0.0006)) == "−0.05 (−0.16 to 0.06)"
    assert numbers.change_with_interval(None, None) == "–"


def test_zero_has_no_sign_from_either_side() -> None:
    assert numbers.percent(0.0, 2, signed=True) == "0.00"
    assert numbers.percent(-0.00001, 2, signed=True) == "0.00"


@pytest.mark.parametrize(
    ("p", "text"),
    [(None, "–"), (0.0501, "0.0501"), (0.002, "0.0020"), (0.0004, "< 0.001"), (1.0, "1.000")],
)
def test_p_values_tell_the_sides_of_the_level_apart(p: float | None, text: str) -> None:
    assert numbers.p_value(p) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.002, "0.002"), (1.0, "1"), (300, "300"), ([300, 100], "300-100")],
)
def test_settings_are_written_as_people_do(value: object, text: str) -> None:
    assert numbers.plain(value) == text


def test_lists_end_in_and() -> None:
    assert numbers.listed(["a"]) == "a"
    assert numbers.listed(["a", "b", "c"]) == "a, b and c"


def test_one_seed_is_singular() -> None:
    assert [numbers.counted(n, "seed") for n in (1, 2, 10000)] == [
        "1 seed",
        "2 seeds",
        "10,000 seeds",
    ]


def test_one_image_is_resolved_and_one_decimal_at_least() -> None:
    assert [numbers.resolved(images) for images in (100, 1000, 5000, 10000, 10001)] == [
        *(1, 1, 2, 2, 3)
    ]


def test_settings_that_do_not_apply_are_left_out() -> None:
    values = {"learning_rate": 0.0004, "init": "paper", "j": None}
    assert numbers.settings(values) == "learning_rate 0.0004, init paper"


def test_a_share_is_told_in_points() -> None:
    assert [numbers.points(share) for share in (0.001, 0.002)] == ["0.1 points", "0.2 points"]
