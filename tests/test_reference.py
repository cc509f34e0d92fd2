"""The committed reference run: tuned as well as it should be, and in the time it should take."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.tuning import BARS, misses

MINUTES = 32  # on two CPU cores


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    return json.loads(Path("reports/results.json").read_text(encoding="utf8"))


@pytest.fixture(scope="module")
def lattice() -> dict[str, Any]:
    return json.loads(Path("reports/lattice/results.json").read_text(encoding="utf8"))


@pytest.mark.parametrize("variant", BARS)
def test_winners_reach_their_bars(results: dict[str, Any], variant: str) -> None:
    assert not misses(results["variants"][variant]["validation_error"]["per_seed"], BARS[variant])


def test_no_variant_was_tuned_with_seeds_that_judge_it(results: dict[str, Any]) -> None:
    for variant in results["variants"].values():
        tuned_with = {
            int(seed) for each in variant["tuning"]["candidates"] for seed in each["per_seed"]
        }
        assert not tuned_with & set(results["study"]["seeds"])


def test_it_took_no_longer_than_it_should_and_nothing_came_from_the_cache() -> None:
    timing = json.loads(Path("reports/timing.json").read_text(encoding="utf8"))
    assert timing["total_s"] <= 60 * MINUTES
    assert timing["workers"] == 2


def test_lattice_can_answer_what_the_standard_study_must_leave_open(
    lattice: dict[str, Any],
) -> None:
    assert lattice["attribution"]["missing"] == []
    assert not [claim["claim"] for claim in lattice["claims"] if claim["missing"]]


def test_lattice_says_which_code_made_it(lattice: dict[str, Any]) -> None:
    page = Path("reports/lattice/README.md").read_text(encoding="utf8")
    assert f"`{lattice['study']['code_digest']}`" in page


def test_lattice_is_of_the_same_data_and_agrees_within_the_intervals(
    results: dict[str, Any], lattice: dict[str, Any]
) -> None:
    assert lattice["study"]["data_digest"] == results["study"]["data_digest"]
    for name, variant in results["variants"].items():
        low, high = variant["test_error"]["ci95"]
        other_low, other_high = lattice["variants"][name]["test_error"]["ci95"]
        assert low <= other_high, name
        assert other_low <= high, name
