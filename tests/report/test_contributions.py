from typing import Any

from pipeline.report.contributions import contribution_table, contributions, ideas
from pipeline.report.page import to_html, to_markdown
from tests.report.conftest import outline

N = {"n_seeds": 10, "n_images": 10_000}
IDEAS = {
    "locality": {
        "test error": {"mean": -0.012, "ci95": [-0.014, -0.01], **N},
        "mean error": {"mean": -0.1, "ci95": [-0.11, -0.09], **N},
    }
}


def test_contribution_of_each_idea_is_the_record_s(results: dict[str, Any]) -> None:
    study = results | {"attribution": {"missing": [], "ideas": IDEAS}}
    table = contribution_table(study)
    assert table
    changes = "−1.20 (−1.40 to −1.00)", "−10.0 (−11.0 to −9.0)"
    assert table.rows == (("locality", *changes, "10 × 10,000"),)
    assert table.columns[1:3] == ("To the test error", "To the mean error")
    assert "lacks" not in contributions(study)
    figure = ideas(study)
    assert figure
    assert figure.title == "Points added to the test error: locality −1.20"
    for page in (to_html, to_markdown):
        text = page(study, outline(study, [figure]))
        assert "−1.20 (−1.40 to −1.00)" in text
        assert figure.title in text


def test_networks_that_a_study_lacks_are_named(results: dict[str, Any]) -> None:
    missing = [{"connectivity": "full", "subsampling": "stride"}, {"connectivity": "full"}]
    study = results | {"attribution": {"missing": missing, "ideas": {}}}
    assert contribution_table(study) is None
    assert contributions(study).endswith(
        "this study lacks (`connectivity: full`; `subsampling: stride`) and "
        "(`connectivity: full`). `python -m pipeline study lattice` has them all."
    )


def test_baseline_without_the_ideas_has_no_such_section(results: dict[str, Any]) -> None:
    study = results | {"attribution": None}
    assert contributions(study) == ""
    assert ideas(study) is None
    assert "What each idea is worth" not in to_markdown(study, outline(study))
