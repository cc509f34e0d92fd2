import numpy as np
import pytest

from pipeline.analysis.comparison import compare, families, verdict

MARGIN = 0.002
SIGNIFICANT, NOT_SIGNIFICANT = (0.01, 0.01), (0.2, 0.2)
WIDE, NARROW = (0.001, 0.009), (0.0001, 0.0019)


def judge(
    difference: float | None,
    ci90: tuple[float, float] | None,
    p_values: tuple[float | None, float | None],
    improving: tuple[bool, bool] = (False, False),
) -> str:
    return verdict(
        difference=difference, ci90=ci90, p_values=p_values, margin=MARGIN, improving=improving
    )


def errors(num_seeds: int, counts: list[int], num_images: int = 1000) -> np.ndarray:
    """Networks that misclassify the first `counts[s]` images."""
    assert len(counts) == num_seeds
    return np.arange(num_images) < np.array(counts)[:, None]


def test_two_significant_tests_make_a_difference() -> None:
    assert judge(0.005, WIDE, SIGNIFICANT) == "worse"
    assert judge(-0.005, (-0.009, -0.001), SIGNIFICANT) == "better"


def test_one_significant_test_is_not_enough() -> None:
    assert judge(0.005, WIDE, (0.01, 0.06)) == "not distinguished"
    assert judge(0.005, WIDE, (0.06, 0.01)) == "not distinguished"


def test_a_difference_inside_the_margin_is_still_a_difference() -> None:
    assert judge(0.001, NARROW, SIGNIFICANT) == "worse by less than the margin"
    assert judge(-0.001, (-0.0019, -0.0001), SIGNIFICANT) == "better by less than the margin"


@pytest.mark.parametrize("within_margin", [False, True])
def test_who_is_still_improving_cannot_lose(within_margin: bool) -> None:
    difference, ci90 = (0.001, NARROW) if within_margin else (0.005, WIDE)
    turned = (-ci90[1], -ci90[0])
    variant, baseline = (True, False), (False, True)
    assert judge(difference, ci90, SIGNIFICANT, variant) == "still improving"
    assert judge(-difference, turned, SIGNIFICANT, baseline) == "still improving"
    # Who wins before it has learned enough wins all the more.
    assert judge(difference, ci90, SIGNIFICANT, baseline).startswith("worse")
    assert judge(-difference, turned, SIGNIFICANT, variant).startswith("better")


def test_where_nobody_loses_it_does_not_matter_who_is_still_improving() -> None:
    both = (True, True)
    assert judge(0.005, WIDE, SIGNIFICANT, both) == "still improving"
    assert judge(0.001, NARROW, NOT_SIGNIFICANT, both) == "practically equal"
    assert judge(0.005, WIDE, NOT_SIGNIFICANT, both) == "not distinguished"
    assert judge(None, WIDE, SIGNIFICANT, both) == "not testable"


def test_no_difference_inside_the_margin_is_equality() -> None:
    assert judge(0.001, NARROW, NOT_SIGNIFICANT) == "practically equal"


def test_an_interval_that_reaches_the_margin_is_not_inside() -> None:
    assert judge(0.001, (0.0, MARGIN), NOT_SIGNIFICANT) == "not distinguished"
    assert judge(0.001, (-MARGIN, 0.0), NOT_SIGNIFICANT) == "not distinguished"


def test_p_at_the_level_does_not_count() -> None:
    assert judge(0.005, WIDE, (0.05, 0.05)) == "not distinguished"


@pytest.mark.parametrize(
    ("difference", "ci90", "p_values"),
    [(None, NARROW, SIGNIFICANT), (0.1, None, SIGNIFICANT), (0.1, NARROW, (0.01, None))],
)
def test_what_cannot_be_tested_is_said_first(
    difference: float | None,
    ci90: tuple[float, float] | None,
    p_values: tuple[float | None, float | None],
) -> None:
    assert judge(difference, ci90, p_values) == "not testable"


def test_every_variant_that_is_not_planned_is_secondary() -> None:
    planned = [("a", "base"), ("b", "a")]
    assert families(["base", "a", "b", "c"], baseline="base", planned=planned) == {
        "planned": planned,
        "secondary": [("b", "base"), ("c", "base")],
    }


def test_a_comparison_holds_its_difference_its_tests_and_its_verdict() -> None:
    baseline = errors(10, [10, 11, 12, 9, 10, 11, 10, 12, 9, 10])
    variant = errors(10, [50, 52, 49, 51, 50, 48, 53, 50, 51, 49])
    [found] = compare(
        {"base": baseline, "new": variant},
        families={"planned": [("new", "base")]},
        margin=MARGIN,
    )
    assert (found.variant, found.baseline, found.family) == ("new", "base", "planned")
    assert found.difference == pytest.approx(0.0503 - 0.0104)
    assert found.p_value == found.p_holm == 2 / 1024
    assert found.verdict == "worse"


def test_the_one_that_is_still_improving_is_looked_up_by_its_name() -> None:
    wrong = {"base": errors(10, list(range(10, 20))), "new": errors(10, list(range(90, 100)))}
    pairs = [("new", "base"), ("base", "new")]
    found = compare(wrong, families={"planned": pairs}, margin=MARGIN, improving=["new"])
    assert [each.verdict for each in found] == ["still improving"] * 2
    found = compare(wrong, families={"planned": pairs}, margin=MARGIN, improving=["base"])
    assert [each.verdict for each in found] == ["worse", "better"]


def test_the_difference_turns_with_the_pair() -> None:
    wrong = {"base": errors(6, [1, 2, 3, 4, 5, 6]), "new": errors(6, [3, 5, 4, 8, 7, 9])}
    pairs = [("new", "base"), ("base", "new")]
    there, back = compare(wrong, families={"planned": pairs}, margin=MARGIN)
    assert there.difference == -(back.difference or 0)
    assert there.p_value == back.p_value


def test_the_seed_correlation_is_that_of_the_error_counts() -> None:
    wrong = {"base": errors(3, [1, 2, 3]), "new": errors(3, [30, 20, 10])}
    [found] = compare(wrong, families={"planned": [("new", "base")]}, margin=MARGIN)
    assert found.seed_correlation == pytest.approx(-1)


def test_a_variant_that_lacks_a_seed_is_not_testable() -> None:
    wrong = {"base": errors(10, [1] * 10), "new": None}
    [found] = compare(wrong, families={"planned": [("new", "base")]}, margin=MARGIN)
    assert found.verdict == "not testable"
    assert found.difference is None


def test_identical_errors_are_not_testable() -> None:
    same = errors(10, list(range(10)))
    [found] = compare(
        {"base": same, "new": same}, families={"planned": [("new", "base")]}, margin=MARGIN
    )
    assert (found.difference, found.ci95, found.verdict) == (0, None, "not testable")


def test_one_seed_gives_a_difference_and_no_verdict() -> None:
    wrong = {"base": errors(1, [10]), "new": errors(1, [90])}
    [found] = compare(wrong, families={"planned": [("new", "base")]}, margin=MARGIN)
    assert found.difference == pytest.approx(0.08)
    assert (found.ci95, found.p_population, found.verdict) == (None, None, "not testable")


def test_too_few_seeds_for_the_family_leave_the_numbers_and_take_the_verdict() -> None:
    wrong = {"base": errors(6, [10] * 6), "new": errors(6, [90, 91, 92, 93, 94, 95])}
    alone = compare(wrong, families={"planned": [("new", "base")]}, margin=MARGIN)
    absent = [("new", "base"), ("missing", "base")]
    in_family = compare(wrong, families={"planned": absent}, margin=MARGIN)
    assert [each.verdict for each in alone] == ["worse"]
    assert [each.verdict for each in in_family] == ["not testable"]
    assert in_family[0].ci95 == alone[0].ci95


def test_families_are_corrected_apart() -> None:
    wrong = {
        "base": errors(10, [10] * 10),
        "a": errors(10, list(range(20, 30))),
        "b": errors(10, list(range(20, 30))),
    }
    kin = {"planned": [("a", "base")], "secondary": [("b", "base")]}
    assert [each.p_holm for each in compare(wrong, families=kin, margin=MARGIN)] == [2 / 1024] * 2
