"""Intervals and verdicts keep their word: the committed simulation, and a short one."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from benchmarks.coverage import TRUTHS, WITHIN, Truth, drawn, judged, summary, table
from benchmarks.race import included


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return json.loads(Path("benchmarks/coverage.json").read_text(encoding="utf8"))


def test_committed_intervals_cover_and_verdicts_hold(rows: list[dict[str, Any]]) -> None:
    assert [(row["between"], row["seed_effect"]) for row in rows] == [
        (truth.between, truth.seed_effect) for truth in TRUTHS
    ]
    for row in rows:
        assert row["studies"] >= 2000
        assert 0.92 <= row["coverage"] <= 0.975
        assert row["false_verdicts"] <= 0.05


def test_page_shows_the_committed_simulation(rows: list[dict[str, Any]]) -> None:
    page = Path("docs/statistics.md").read_text(encoding="utf8")
    assert included(page, "coverage", table(rows)) == page


@pytest.mark.parametrize("truth", [TRUTHS[0], TRUTHS[-1]])
def test_few_studies_agree_with_many(truth: Truth) -> None:
    found = summary(truth, [judged(truth, number) for number in range(60)])
    assert 0.90 < found["coverage"] < 0.99
    assert found["false_verdicts"] <= 0.10


def test_studies_are_drawn_from_the_truth_they_name() -> None:
    truth = Truth(between=0.82, seed_effect=0.0)
    wrong = drawn(truth, "ab", np.random.default_rng(0), seeds=10, images=50_000)
    assert wrong["a"].mean() == pytest.approx(0.01, abs=0.001)
    same = np.mean([(wrong["a"][i] & wrong["a"][i + 1]).mean() for i in range(9)])
    other = np.mean([(wrong["a"][i] & wrong["b"][i]).mean() for i in range(10)])
    # What two normals beyond the threshold have in common, by their correlation.
    assert same == pytest.approx(_both(WITHIN), rel=0.1)
    assert other == pytest.approx(_both(truth.between), rel=0.1)


def _both(correlation: float) -> float:
    at = stats.norm.ppf(0.01)
    covariance: Any = [[1, correlation], [correlation, 1]]
    return float(stats.multivariate_normal(cov=covariance).cdf([at, at]))
