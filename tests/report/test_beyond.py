from collections.abc import Callable
from typing import Any

import pytest

from pipeline.report import beyond


def with_figure_8(results: dict[str, Any]) -> dict[str, Any]:
    known = {"mean": 40.5, "ci95": [39.0, 42.0], "per_seed": [40, 41], "n_seeds": 2}
    variants = {name: each | {"figure_8": known} for name, each in results["variants"].items()}
    mistakes = {"shared": [247, 3], "figure_8": {"images": 82, "shared": 1}}
    return results | {"variants": variants, "mistakes": mistakes}


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
        "confusions": [[0] * 10] * 10,
    }
    study = results | {"variants": {"lenet5": lost}}
    assert beyond.certainty_table(study).rows == (("lenet5", "–", "–", "–", "1"),)
    assert beyond.confusion_table(study).rows == (("lenet5", "–"),)


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


def test_the_most_frequent_mistakes_come_first(results: dict[str, Any]) -> None:
    counts = [[0] * 10 for _ in range(10)]
    counts[4][9], counts[9][4], counts[0][6], counts[1][7] = 30, 20, 10, 9
    counts[0][0] = 2 * results["study"]["test_images"] - 69  # two networks
    variant = results["variants"]["lenet5"] | {"confusions": counts}
    [row] = beyond.confusion_table(results | {"variants": {"lenet5": variant}}).rows
    assert row == ("lenet5", "4 as 9 (15.0), 9 as 4 (10.0), 0 as 6 (5.0)")


def test_the_paper_s_digits_are_told_of_the_real_test_set_alone(results: dict[str, Any]) -> None:
    assert results["mistakes"]["figure_8"] is None
    assert len(beyond.confusion_table(results).columns) == 2
    assert "figure 8" not in beyond.shared(results)
    real = with_figure_8(results)
    assert beyond.confusion_table(real).rows[0][2] == "40.5 (39.0 to 42.0)"
    assert beyond.shared(real) == (
        "2 images of 2,000 are misread by more than half of the networks of every variant; the "
        "paper's figure 8 shows 1 of them."
    )
