"""What the report says of fewer training images, and that it says nothing without any."""

from typing import Any

import numpy as np
import pytest

from pipeline.analysis.robustness import Rows
from pipeline.analysis.roles import LATTICE
from pipeline.analysis.samples import sample_efficiency
from pipeline.report import lines, numbers, samples
from pipeline.report.page import to_html, to_markdown
from tests.report.conftest import outline

SIZES = (1000, 5000, 60000)
SHARES = {"lenet5": 0.02, "no_pooling": 0.03, "mlp": 0.05}


def rows(share: float) -> Rows:
    draws = np.random.default_rng(round(1000 * share))
    shares = [share * factor for factor in (4, 2, 1)]
    return {str(n): draws.random((10, 2000)) < s for n, s in zip(SIZES, shares, strict=True)}


@pytest.fixture(scope="module")
def sampled(results: dict[str, Any]) -> dict[str, Any]:
    """A study that trained three of its variants on 1,000 and 5,000 images, too."""
    variants = {name: rows(share) for name, share in SHARES.items()}
    found = sample_efficiency(variants, baseline="lenet5", roles={})
    return results | {"samples": found}


def test_the_table_has_a_column_for_each_number_of_images(sampled: dict[str, Any]) -> None:
    table = samples.sample_table(sampled)
    assert table
    assert table.columns[:4] == ("Variant", "1,000", "5,000", "60,000")
    assert [row[0] for row in table.rows] == list(SHARES)
    assert {len(row) for row in table.rows} == {len(table.columns)} == {len(table.numeric)}
    error = sampled["samples"]["variants"]["mlp"]["errors"]["1000"]
    assert table.rows[2][1] == numbers.share(error)
    assert table.rows[0][5] == "–"
    assert table.rows[2][5].startswith("+")
    assert table.rows[2][6] == "10 × 2,000"


def test_the_introduction_names_variants_and_numbers(sampled: dict[str, Any]) -> None:
    text = samples.introduction(sampled)
    assert "`lenet5`, `no_pooling` and `mlp` were also trained on 1,000 and 5,000 of" in text
    assert "of the 60,000 images" in text
    one = sampled["samples"] | {"variants": {"mlp": sampled["samples"]["variants"]["mlp"]}}
    assert "`mlp` was also trained" in samples.introduction(sampled | {"samples": one})


def test_a_line_a_variant_is_drawn_on_two_logarithmic_axes(sampled: dict[str, Any]) -> None:
    figure = lines.samples(sampled)
    assert figure
    scales = [
        layer["encoding"][axis]["scale"]["type"]
        for layer in figure.spec["layer"]
        for axis in ("x", "y")
    ]
    assert set(scales) == {"log"}
    [values] = figure.spec["datasets"].values()
    assert [row["images"] for row in values] == [*SIZES] * 3
    assert values[0]["mean"] == pytest.approx(
        100 * sampled["samples"]["variants"]["lenet5"]["errors"]["1000"]["mean"]
    )
    assert figure.title.startswith("Test error after 1,000 training images: ")
    assert "<svg" in figure.svg()


def test_no_error_at_all_is_drawn_at_half_an_image(results: dict[str, Any]) -> None:
    none = {str(size): np.zeros((10, 2000), dtype=bool) for size in SIZES}
    few = {name: each.copy() for name, each in none.items()}
    few["1000"][0, :3] = True
    found = sample_efficiency({"lenet5": none, "mlp": few}, baseline="lenet5", roles={})
    figure = lines.samples(results | {"samples": found})
    assert figure
    [values] = figure.spec["datasets"].values()
    assert {row["mean"] for row in values[:3]} == {50 / 2000}
    assert values[0]["low"] is None
    assert values[3]["low"] == 50 / 2000
    assert values[3]["estimate"] != values[0]["estimate"] == "0.00 %"


@pytest.mark.parametrize("page", [to_html, to_markdown])
def test_the_section_stands_only_where_the_study_has_it(
    page: Any, sampled: dict[str, Any], results: dict[str, Any]
) -> None:
    without = results | {"samples": None}
    shown, hidden = (page(each, outline(each)) for each in (sampled, without))
    table = samples.sample_table(sampled)
    assert table
    for words in ("Fewer training images", *(cell for row in table.rows for cell in row)):
        assert words in shown
    assert "Fewer training images" not in hidden
    assert lines.samples(without) is None


def test_what_ideas_save_is_told_where_their_networks_are_there(results: dict[str, Any]) -> None:
    variants = {cell: rows(0.02 + 0.01 * place) for place, cell in enumerate(LATTICE)}
    found = sample_efficiency(variants, baseline="LSP", roles={cell: cell for cell in LATTICE})
    study = results | {"samples": found}
    table = samples.contributions_of_ideas(study)
    assert table
    assert table.columns == ("Idea", "To the area", "n (seeds × images)")
    assert found
    assert [row[0] for row in table.rows] == list(found["attribution"]["ideas"])
    assert table.caption in to_markdown(study, outline(study))


def test_without_their_networks_nothing_is_told_of_ideas(sampled: dict[str, Any]) -> None:
    assert samples.contributions_of_ideas(sampled) is None


def test_the_methods_name_every_stage_that_opens_the_test_images(
    sampled: dict[str, Any], results: dict[str, Any]
) -> None:
    assert "Only `evaluate` and `samples` open the test images" in to_markdown(
        sampled, outline(sampled)
    )
    without = results | {"samples": None}
    plain = to_markdown(without, outline(without))
    assert "Only `evaluate` opens the test images" in plain
