from typing import Any

from pipeline.report import numbers
from pipeline.report.hierarchy import introduction, shift_table, stage_table


def test_every_stage_of_every_variant_is_a_row(results: dict[str, Any]) -> None:
    table = stage_table(results)
    rows = {row[:2]: row for row in table.rows}
    stages = results["variants"]["lenet5"]["hierarchy"]["stages"]
    assert [stage for name, stage in rows if name == "lenet5"] == ["S2", "S4", "C5", "F6"]
    assert [stage for name, stage in rows if name == "mlp"] == ["H1", "H2"]
    found = stages["c5"]
    assert rows["lenet5", "C5"][2:] == (
        numbers.share(found["trained"]),
        numbers.share(found["untrained"]),
        numbers.change_with_interval(found["gain"]["mean"], found["gain"]["ci95"]),
        "10 × 2,000",
    )
    error = numbers.percent(results["variants"]["lenet5"]["hierarchy"]["input"]["mean"], 2)
    text = introduction(results)
    assert f"misreads {error} % of 2,000 test images" in text
    moved = {
        state: numbers.percent(
            stages["c5"][state]["mean"] - stages["s2"][state]["mean"], 2, signed=True
        )
        for state in ("trained", "untrained")
    }
    assert text.endswith(
        f"of `lenet5` the error moves by {moved['trained']} points in the trained networks and by "
        f"{moved['untrained']} in the untrained ones."
    )


def test_shift_errors_are_told_where_there_are_maps(results: dict[str, Any]) -> None:
    table = shift_table(results)
    assert table
    assert "mlp" not in [row[0] for row in table.rows]
    found = results["variants"]["lenet5"]["hierarchy"]["shift_errors"]
    name, c1, s2, c3, s4, n = table.rows[0]
    assert (name, c3, s4, n) == ("lenet5", "–", "–", "10")
    assert c1 == numbers.value(found["c1"], 2)
    assert s2.startswith("0.1")
    perceptron = results | {"variants": {"mlp": results["variants"]["mlp"]}}
    assert shift_table(perceptron) is None
