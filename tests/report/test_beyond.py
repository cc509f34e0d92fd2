from collections.abc import Callable
from typing import Any

import pytest

from pipeline.report import beyond


def test_certainty_is_the_record_s(results: dict[str, Any]) -> None:
    table = beyond.certainty_table(results)
    assert [row[0] for row in table.rows] == list(results["variants"])
    for row, variant in zip(table.rows, results["variants"].values(), strict=True):
        found = variant["certainty"]
        assert float(row[1].split()[0]) == pytest.approx(100 * found["rejected"]["mean"], abs=0.01)
        assert float(row[2].split()[0]) == pytest.approx(100 * found["ece"]["mean"], abs=0.1)
        assert float(row[3].split()[0]) == pytest.approx(found["brier"]["mean"], rel=0.01)
        assert row[4] == "10"


def test_what_is_missing_is_a_dash(results: dict[str, Any]) -> None:
    gone = {"mean": None, "ci95": None, "per_seed": [None], "n_seeds": 1}
    lost = results["variants"]["lenet5"] | {
        "certainty": dict.fromkeys(("rejected", "ece", "brier"), gone),
    }
    study = results | {"variants": {"lenet5": lost}}
    assert beyond.certainty_table(study).rows == (("lenet5", "–", "–", "–", "1"),)


def test_ensembles_are_the_record_s(results: dict[str, Any]) -> None:
    table = beyond.ensemble_table(results)
    assert table
    found = results["ensembles"]
    for row, each in zip(table.rows, found["comparisons"], strict=True):
        assert row[:3] == (each["variant"], each["baseline"], "10")
        for cell, name in zip(row[3:5], row[:2], strict=True):
            assert float(cell) == pytest.approx(100 * found["variants"][name]["error"], abs=0.05)
        assert row[5:7] == (str(each["only_variant"]), str(each["only_baseline"]))
        assert row[8] == "2,000"
    words = " ".join((table.caption, *(cell for row in table.rows for cell in row)))
    assert not [word for word in ("worse", "better", "equal", "distinguished") if word in words]


def test_ensemble_of_a_network_that_diverged_is_a_dash(make_study: Callable[..., Any]) -> None:
    table = beyond.ensemble_table(make_study(diverged="mlp")[0])
    assert table
    assert table.rows[-1][:3] == ("mlp", "lenet5", "10")
    assert [table.rows[-1][place] for place in (3, 5, 6, 7)] == ["–"] * 4


def test_ensembles_of_unlike_size_name_both(results: dict[str, Any]) -> None:
    fewer = {"mlp": results["ensembles"]["variants"]["mlp"] | {"n_networks": 9}}
    variants = results["ensembles"]["variants"] | fewer
    study = results | {"ensembles": results["ensembles"] | {"variants": variants}}
    table = beyond.ensemble_table(study)
    assert table
    assert table.rows[-1][2] == "9 and 10"


def test_where_nothing_is_compared_no_ensembles_are(make_study: Callable[..., Any]) -> None:
    assert beyond.ensemble_table(make_study(variants=("lenet5",))[0]) is None
