"""What may be tried."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.search.space import Dimensions, LinearRange, LogRange, Range, Search

EVEN = LinearRange(low=1.0, high=101.0)
DECADES = LogRange(low=0.001, high=10.0)
NUMBERS = st.floats(min_value=1e-6, max_value=1e6)
SHARES = st.floats(min_value=0, max_value=1)
SPREADS = [LogRange, LinearRange]


def test_shares_of_an_even_range_are_those_of_its_numbers() -> None:
    assert [EVEN.at(share) for share in (0, 0.25, 0.5, 1)] == [1.0, 26.0, 51.0, 101.0]
    assert [EVEN.share(number) for number in (1, 26, 51, 101)] == [0, 0.25, 0.5, 1]


def test_shares_of_a_log_range_are_those_of_its_logarithms() -> None:
    assert [DECADES.at(share) for share in (0, 0.25, 0.5, 1)] == [0.001, 0.01, 0.1, 10.0]
    found = [DECADES.share(number) for number in (0.001, 0.01, 0.1, 10.0)]
    assert found == pytest.approx([0, 0.25, 0.5, 1])


def test_numbers_have_four_digits() -> None:
    assert DECADES.at(1 / 3) == 0.02154
    assert EVEN.at(1 / 3) == 34.33


@given(ends=st.tuples(NUMBERS, NUMBERS), share=SHARES, spread=st.sampled_from(SPREADS))
def test_rounded_numbers_stay_in_their_range(
    ends: tuple[float, float], share: float, spread: type[Range]
) -> None:
    low, high = sorted(ends)
    if low < high:
        assert low <= spread(low=low, high=high).at(share) <= high


def test_numbers_that_rounding_takes_out_of_the_range_come_back_to_its_ends() -> None:
    narrow = LogRange(low=0.0012344, high=0.0012356)
    assert [narrow.at(share) for share in (0, 0.5, 1)] == [0.0012344, 0.001235, 0.0012356]


@given(share=SHARES)
def test_number_at_a_share_lies_there(share: float) -> None:
    assert DECADES.share(DECADES.at(share)) == pytest.approx(share, abs=1e-4)


@pytest.mark.parametrize(
    ("values", "number", "at_edge"),
    [
        (EVEN, 1.0, True),
        (EVEN, 5.9, True),
        (EVEN, 6.0, False),
        (EVEN, 96.0, False),
        (EVEN, 96.1, True),
        (EVEN, 101.0, True),
        (DECADES, 0.0015, True),
        (DECADES, 0.0017, False),
        (DECADES, 6.0, False),  # with the range spread evenly, 9.5 were inside
        (DECADES, 7.0, True),
    ],
)
def test_edge_is_the_outer_twentieth(values: Range, number: float, at_edge: bool) -> None:
    assert values.at_edge(number) is at_edge


@pytest.mark.parametrize(
    ("low", "high"),
    [(0.0, 1.0), (-1.0, 1.0), (1.0, 1.0), (2.0, 1.0), (1.0, float("inf")), (float("nan"), 1.0)],
)
def test_range_without_an_inside_is_refused(low: float, high: float) -> None:
    with pytest.raises(ValidationError):
        LogRange(low=low, high=high)


@pytest.mark.parametrize("init", [(), ("paper", "paper"), ("zero",)])
def test_words_to_try_are_some_and_distinct(init: Any) -> None:
    with pytest.raises(ValidationError, match="init"):
        Dimensions(init=init)


def test_seeds_are_those_of_all_phases(search: Search) -> None:
    assert search.seeds == (100, 101, 102, 104, 105)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"trials": 0, "finalists": 0}, [("trials",), ("finalists",)]),
        ({"epochs": 0, "audit_seeds": (104, 104)}, [("epochs",), ("audit_seeds",)]),
        ({"finalists": 7}, [("finalists",)]),
        ({"finalist_seeds": ()}, [("finalist_seeds",)]),
        ({"trial_seed": -1}, [("trial_seed",)]),
        ({"audit_seeds": (104, -2)}, [("audit_seeds", 1)]),
        ({"design_seed": -3}, [("design_seed",)]),
        ({"finalist_seeds": (100,)}, [("finalist_seeds",)]),
        ({"audit_seeds": (102,)}, [("audit_seeds",)]),
    ],
)
def test_budget_that_makes_no_sense_is_refused(
    search: Search, changes: dict[str, Any], fields: list[tuple[str | int, ...]]
) -> None:
    with pytest.raises(ValidationError) as refusal:
        replace(search, **changes)
    assert [error["loc"] for error in refusal.value.errors()] == fields


def test_smallest_budget_is_one_trial_and_no_audit(search: Search) -> None:
    smallest = replace(
        search, trials=1, epochs=1, finalists=1, finalist_seeds=(0,), audit_seeds=()
    )
    assert smallest.seeds == (100, 0)
    assert replace(smallest, design_seed=100).design_seed == 100  # of another purpose
