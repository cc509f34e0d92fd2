from typing import Any

from pipeline.report.page import to_html, to_markdown
from pipeline.report.worth import worth, worth_table

IDEAS = {
    "locality": {"effect": -0.012, "ci95": [-0.014, -0.01], "n_seeds": 10, "n_images": 10_000}
}


def test_worth_of_each_idea_is_the_record_s(results: dict[str, Any]) -> None:
    study = results | {"attribution": {"missing": [], "ideas": IDEAS}}
    table = worth_table(study)
    assert table
    assert table.rows == (("locality", "−1.20 (−1.40 to −1.00)", "10 × 10,000"),)
    assert "lacks" not in worth(study)
    for page in (to_html(study, []), to_markdown(study, [])):
        assert "−1.20 (−1.40 to −1.00)" in page


def test_networks_that_a_study_lacks_are_named(results: dict[str, Any]) -> None:
    missing = [{"connectivity": "full", "subsampling": "stride"}, {"connectivity": "full"}]
    study = results | {"attribution": {"missing": missing, "ideas": {}}}
    assert worth_table(study) is None
    assert worth(study).endswith(
        "this study lacks (`connectivity: full`; `subsampling: stride`) and "
        "(`connectivity: full`). `python -m pipeline study lattice` has them all."
    )


def test_baseline_without_the_ideas_has_no_such_section(results: dict[str, Any]) -> None:
    assert results["attribution"] is None
    assert worth(results) == ""
    assert "What each idea is worth" not in to_markdown(results, [])
