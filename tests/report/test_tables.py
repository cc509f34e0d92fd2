import re
from collections.abc import Callable
from typing import Any

import pytest

from pipeline.report.tables import (
    Table,
    comparison_table,
    main_table,
    markdown_table,
    markdown_text,
    origin_table,
    run_table,
    verdict,
)

NUMBER = re.compile(r"[+−]?\d+\.\d+")


def test_markdown_shows_any_text_as_it_is() -> None:
    assert markdown_text("a|b <i>c</i> & *d* `e` [f] \\ ~g~") == (
        "a\\|b &lt;i&gt;c&lt;/i&gt; &amp; \\*d\\* \\`e\\` \\[f\\] \\\\ \\~g\\~"
    )
    assert markdown_text("two\nlines\r\n  more") == "two lines more"
    assert markdown_text("no_pooling _stressed_") == "no_pooling \\_stressed\\_"


def test_a_markdown_table_has_a_line_for_heading_rule_and_rows() -> None:
    table = Table(
        caption="c", columns=("a", "b"), numeric=(False, True), rows=(("x", "1"), ("y|z", "2"))
    )
    assert markdown_table(table).splitlines() == [
        "| a | b |",
        "| --- | ---: |",
        "| x | 1 |",
        "| y\\|z | 2 |",
    ]


def assert_written(cell: str, fractions: list[float]) -> None:
    """The percentages in a cell are these fractions, to half a unit of their last digit."""
    for text, fraction in zip(NUMBER.findall(cell), fractions, strict=True):
        half_a_unit = 0.5001 * 10.0 ** -len(text.partition(".")[2])
        assert float(text.replace("−", "-")) == pytest.approx(100 * fraction, abs=half_a_unit)


def test_every_number_of_the_main_table_is_the_record_s(results: dict[str, Any]) -> None:
    compared = {each["variant"]: each for each in results["comparisons"]}
    rows = {row[0].partition(" ")[0]: row for row in main_table(results).rows}
    assert list(rows) == list(results["variants"])
    for name, variant in results["variants"].items():
        row, error = rows[name], variant["test_error"]
        sizes = [f"{variant[size]:,}" for size in ("parameters", "connections", "macs")]
        assert list(row[2:5]) == sizes
        assert_written(row[5], [error["mean"], *error["ci95"]])
        assert row[6] == f"{error['n_seeds']} × 2,000"
        if name in compared:
            assert_written(row[7], [compared[name]["difference"], *compared[name]["ci95"]])
            assert row[8] == compared[name]["baseline"]
            assert row[9].startswith(compared[name]["verdict"])


def test_the_main_table_tells_baseline_and_reference_models(results: dict[str, Any]) -> None:
    rows = main_table(results).rows
    assert rows[0][1] == "–"
    assert rows[0][-1] == "baseline"
    assert [row[0] for row in rows if "reference model" in row[0]] == ["mlp (reference model)"]
    assert rows[1][1] == "connectivity: unshared"
    assert rows[3][1] == "hidden_sizes: 300-100, output: linear"


def test_what_was_computed_for_a_control_is_told(results: dict[str, Any]) -> None:
    reported = {"differs_in": "match: parameters (47 units in C5)"}
    mlp = results["variants"]["mlp"] | reported
    rows = main_table(results | {"variants": results["variants"] | {"mlp": mlp}}).rows
    assert rows[3][1] == "match: parameters (47 units in C5)"


def test_not_distinguished_comes_with_the_half_width(results: dict[str, Any]) -> None:
    open_case = {"verdict": "not distinguished", "ci95": [-0.001, 0.0024], "difference": 0.0007}
    comparisons = [results["comparisons"][0] | open_case]
    assert main_table(results | {"comparisons": comparisons}).rows[1][-1] == (
        "not distinguished (±0.17)"
    )


def test_every_comparison_has_a_row(results: dict[str, Any]) -> None:
    rows = comparison_table(results).rows
    assert len(rows) == len(results["comparisons"]) == 3
    assert rows[0][:3] == ("no_weight_sharing", "lenet5", "planned")
    assert rows[0][4:6] == ("0.0020", "0.0059")  # 2/1024, and three times that


def test_who_is_still_improving_is_told_in_its_row(make_study: Callable[..., Any]) -> None:
    rows = main_table(make_study(improving={"lenet5": 0.002, "mlp": 0.01})[0]).rows
    assert [row[-1] for row in rows] == [
        "baseline, itself still improving",
        "worse",
        "practically equal",
        "still improving (mlp)",
    ]


def test_a_gain_over_a_variant_that_is_still_improving_names_that_one() -> None:
    gain = {"verdict": "still improving", "difference": -0.01, "ci95": [-0.02, -0.005]}
    assert verdict(gain | {"variant": "a", "baseline": "b"}) == "still improving (b)"


def test_origin_table_has_every_field_of_the_environment(results: dict[str, Any]) -> None:
    environment = {"device": "a CPU", "cpu_capability": "AVX2", "threads": "1"}
    table = origin_table(results | {"study": results["study"] | {"environment": environment}})
    assert table.rows[-3:] == tuple(environment.items())


def test_every_network_has_its_filter(results: dict[str, Any]) -> None:
    rows = run_table(results).rows
    assert len(rows) == 4 * (1 + 10)
    assert rows[0] == ("lenet5", "all", "tags.\"ablation.variant\" = 'lenet5'")
    assert rows[2] == ("lenet5", "1", f"tags.\"ablation.run_key\" = '{1:064x}'")
