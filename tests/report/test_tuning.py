from collections.abc import Callable
from typing import Any

from pipeline.report.tuning import candidate_table, chosen_table, fairness, importance_table


def test_what_was_the_same_for_all_is_told_with_the_study_s_own_numbers(
    results: dict[str, Any],
) -> None:
    reported = fairness(results)
    for words in (
        "3 trials of 1 epoch on 50,000 of the training images",
        "the other 10,000 after the last epoch",
        "The best 2, or in the last place the defaults, were trained again for 3 epochs with 2 "
        "fresh seeds each",
        "with 1 more seed for 6 epochs instead of 3",
        "more than 0.1 points off its mean error",
        "the intervals of this report do not include that luck",
    ):
        assert words in reported


def test_without_an_audit_none_is_told(make_study: Callable[..., Any]) -> None:
    results, _ = make_study(variants=("lenet5",))
    results["variants"]["lenet5"]["tuning"] |= {"audit": None, "runner_up": None}
    assert "still improving" not in fairness(results)
    [row] = chosen_table(results).rows
    assert (row[7], row[10]) == ("–", "–")


def test_what_was_chosen_is_told_with_how_surely_and_what_it_took(
    results: dict[str, Any],
) -> None:
    table = chosen_table(results)
    assert table.columns[:5] == ("Variant", "Trial", "learning_rate", "init", "j")
    assert table.rows[0] == (
        *("lenet5", "1", "0.002", "fan_in (inherited)", "1"),
        *("2.00", "2", "+0.40 (trial 0)", "3 (0)", "24", "−0.05", "–"),
    )
    assert len(table.columns) == len(table.numeric) == len(table.rows[0])


def test_a_setting_that_does_not_apply_is_a_dash(results: dict[str, Any]) -> None:
    assert chosen_table(results).rows[3][:5] == ("mlp", "1", "0.002", "fan_in (inherited)", "–")


def test_an_audit_says_by_how_much_and_that_it_goes_on(make_study: Callable[..., Any]) -> None:
    results, _ = make_study(improving={"mlp": 0.0123})
    assert chosen_table(results).rows[3][10] == "−1.23, still improving"


def test_an_audit_that_failed_is_no_audit_that_was_passed(make_study: Callable[..., Any]) -> None:
    results, _ = make_study(variants=("lenet5",))
    results["variants"]["lenet5"]["tuning"]["audit"]["improvement"] = None
    assert chosen_table(results).rows[0][10] == "failed"


def test_a_choice_at_the_edge_of_its_range_is_told(make_study: Callable[..., Any]) -> None:
    results, _ = make_study(variants=("lenet5",))
    edge = {"dimension": "learning_rate", "value": 0.0299, "low": 0.0003, "high": 0.03}
    results["variants"]["lenet5"]["tuning"]["edges"] = [edge]
    assert chosen_table(results).rows[0][11] == "learning_rate (0.0003 to 0.03)"


def test_every_trial_that_was_trained_again_has_a_row(make_study: Callable[..., Any]) -> None:
    results, _ = make_study()
    [_, other] = results["variants"]["lenet5"]["tuning"]["candidates"]
    other |= {"validation_error": None, "per_seed": {"101": 0.02, "102": None}}
    rows = candidate_table(results).rows
    assert len(rows) == 2 * 4
    settings = "learning_rate 0.002, init fan_in, j 1"
    assert rows[0] == ("lenet5", "1", settings, "4.00", "2.00", "1.90, 2.10")
    assert rows[1][3:] == ("4.80", "failed", "2.00, failed")
    assert rows[6][2] == "learning_rate 0.002, init fan_in"  # of a network without j


def test_importance_is_a_table_of_those_that_have_it(make_study: Callable[..., Any]) -> None:
    results, _ = make_study()
    assert importance_table(results) is None
    variants = results["variants"]
    variants["mlp"]["tuning"]["importance"] = {"learning_rate": 1.0}
    variants["lenet5"]["tuning"]["importance"] = {"learning_rate": 0.7, "j": 0.3}
    table = importance_table(results)
    assert table is not None
    assert table.columns == ("Variant", "learning_rate", "j")
    assert table.rows == (("lenet5", "0.70", "0.30"), ("mlp", "1.00", "–"))
