from typing import Any

from pipeline.report import numbers
from pipeline.report.robustness import (
    area_table,
    exceptions,
    introduction,
    said_table,
    set_table,
    sum_table,
)


def test_sums_are_the_record_s(results: dict[str, Any]) -> None:
    table = sum_table(results)
    rows = {row[0]: row for row in table.rows}
    assert list(rows) == list(results["variants"])
    found = results["robustness"]["variants"]["mlp"]
    assert rows["mlp"][1] == numbers.share(found["sums"]["28 sets"])
    change = found["changes"]["28 sets"]
    assert rows["mlp"][2] == numbers.change_with_interval(change["mean"], change["ci95"])
    assert rows["mlp"][3] == numbers.share(found["sums"]["MNIST-C"])
    assert rows["mlp"][4].startswith(f"{found['relative']['mean']:.2f} (")
    assert rows["mlp"][6] == numbers.share(
        results["variants"]["mlp"]["consistency"]["same_and_right"]
    )
    assert rows["mlp"][7] == "10 × 2,000"
    assert rows["lenet5"][2] == rows["lenet5"][4] == "–"


def test_every_curve_and_every_set_is_a_row_with_its_n(results: dict[str, Any]) -> None:
    areas, sets = area_table(results), set_table(results)
    assert areas.columns == ("Disturbance", *results["variants"])
    assert [row[0] for row in areas.rows][0::11] == ["shift", "half height"]
    assert len(areas.rows) == 12
    assert len(sets.rows) == 1 + 52
    found = results["robustness"]["variants"]["lenet5"]
    assert areas.rows[0][1] == numbers.share(found["sums"]["shift"])
    for table in (areas, sets):
        assert "n = 10 × 2,000" in table.caption
    assert "shown 52 sets of all 2,000 test images" in introduction(results)


def test_what_the_paper_says_stands_beside_the_baseline(results: dict[str, Any]) -> None:
    table = said_table(results)
    assert table
    sets = results["robustness"]["variants"]["lenet5"]["sets"]
    told = {row[1]: row[2] for row in table.rows}
    assert told["rotate_30"] == numbers.share(sets["rotate_30"])
    assert set(told) < set(sets)
    assert "trained with such noise" in table.caption


def test_what_the_paper_says_of_lenet5_stands_beside_no_other_network(
    results: dict[str, Any],
) -> None:
    baseline = results["variants"]["lenet5"]
    other = {**baseline, "network": {**baseline["network"], "activation": "relu"}}
    assert said_table(results | {"variants": {**results["variants"], "lenet5": other}}) is None


def test_without_complete_seeds_nothing_is_told(results: dict[str, Any]) -> None:
    study = results | {"robustness": {**results["robustness"], "variants": {}}}
    assert said_table(study) is None
    assert sum_table(study).rows == area_table(study).rows[0][1:] == ()
    assert set_table(study).rows == ()


def test_what_a_variant_bears_better_is_told(results: dict[str, Any]) -> None:
    found = results["robustness"]["variants"]
    worse = {"mean": 0.1, "ci95": [0.05, 0.15], "n_seeds": 10, "n_images": 2000}
    better = {**worse, "mean": -0.1, "ci95": [-0.15, -0.05]}
    changes = {**dict.fromkeys(found["mlp"]["changes"], worse), "noise": better, "blur": better}
    variants = {"lenet5": found["lenet5"], "mlp": {**found["mlp"], "changes": changes}}
    study = results | {"robustness": {**results["robustness"], "variants": variants}}
    assert exceptions(study).endswith(": by `mlp` (on noise and blur).")
    variants["mlp"]["changes"] = {key: {**worse, "ci95": None} for key in changes}
    assert exceptions(study) == ""
