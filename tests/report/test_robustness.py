from typing import Any

from pipeline.corruptions.corruption import Group
from pipeline.corruptions.registry import REGISTRY, by_family, find_corruption
from pipeline.report import numbers
from pipeline.report.robustness import (
    area_table,
    exceptions,
    introduction,
    paper_table,
    set_table,
    sum_table,
)


def test_sums_are_the_record_s(results: dict[str, Any]) -> None:
    table = sum_table(results)
    rows = {row[0]: row for row in table.rows}
    assert list(rows) == list(results["variants"])
    found = results["robustness"]["variants"]["mlp"]
    assert rows["mlp"][1] == numbers.share(found["sums"][Group.MEAN])
    difference = found["differences"][Group.MEAN]
    expected = numbers.change_with_interval(difference["mean"], difference["ci95"])
    assert rows["mlp"][2] == expected
    assert rows["mlp"][3] == numbers.share(found["sums"]["MNIST-C"])
    assert rows["mlp"][4].startswith(f"{found['relative']['mean']:.2f} (")
    assert rows["mlp"][6] == numbers.share(
        results["variants"]["mlp"]["consistency"]["consistent_and_correct"]
    )
    assert rows["mlp"][7] == "10 × 2,000"
    assert rows["lenet5"][2] == rows["lenet5"][4] == "–"


def test_every_curve_and_every_set_is_a_row_with_its_n(results: dict[str, Any]) -> None:
    areas, sets = area_table(results), set_table(results)
    assert areas.columns == ("Corruption", *results["variants"])
    curves = [*by_family(Group.MEAN), *by_family(Group.HALF_HEIGHT)]
    assert [row[0] for row in areas.rows] == curves
    assert [row[0] for row in sets.rows] == ["images", *REGISTRY]
    assert [row[1] for row in sets.rows[1:]] == [each.description for each in REGISTRY.values()]
    found = results["robustness"]["variants"]["lenet5"]
    assert areas.rows[0][1] == numbers.share(found["sums"]["shift"])
    for table in (areas, sets):
        assert "n = 10 × 2,000" in table.caption
    text = f"{len(REGISTRY)} corrupted test sets of all 2,000 test images"
    assert text in introduction(results)


def test_the_paper_s_statements_stand_beside_the_baseline(results: dict[str, Any]) -> None:
    table = paper_table(results)
    assert table
    sets = results["robustness"]["variants"]["lenet5"]["sets"]
    shown = {row[1]: row[2] for row in table.rows}
    rotated = find_corruption("rotation", 30).name
    assert shown[rotated] == numbers.share(sets[rotated])
    assert set(shown) < set(sets)
    assert "trained with such noise" in table.caption


def test_statements_on_lenet5_stand_beside_no_other_network(
    results: dict[str, Any],
) -> None:
    baseline = results["variants"]["lenet5"]
    other = {**baseline, "network": {**baseline["network"], "activation": "relu"}}
    assert paper_table(results | {"variants": {**results["variants"], "lenet5": other}}) is None


def test_without_complete_seeds_there_are_no_numbers(results: dict[str, Any]) -> None:
    study = results | {"robustness": {**results["robustness"], "variants": {}}}
    assert paper_table(study) is None
    assert sum_table(study).rows == area_table(study).rows[0][1:] == ()
    assert set_table(study).rows[0][2:] == ()


def test_corruptions_with_lower_error_than_the_baseline_are_named(
    results: dict[str, Any],
) -> None:
    found = results["robustness"]["variants"]
    worse = {"mean": 0.1, "ci95": [0.05, 0.15], "n_seeds": 10, "n_images": 2000}
    better = {**worse, "mean": -0.1, "ci95": [-0.15, -0.05]}
    all_worse = dict.fromkeys(found["mlp"]["differences"], worse)
    mixed = {**all_worse, "noise": better, "blur": better}
    variants = {"lenet5": found["lenet5"], "mlp": {**found["mlp"], "differences": mixed}}
    study = results | {"robustness": {**results["robustness"], "variants": variants}}
    assert exceptions(study).endswith(": `mlp` (noise and blur).")
    variants["mlp"]["differences"] = {key: {**worse, "ci95": None} for key in mixed}
    assert exceptions(study) == ""
