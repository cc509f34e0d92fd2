from typing import Any

from pipeline.report.claims import claim_table, verdicts
from tests.report.conftest import Study, make


def test_every_claim_is_a_row_with_its_measure_and_verdict(results: dict[str, Any]) -> None:
    table = claim_table(results)
    assert len(table.rows) == 7
    first = table.rows[0]
    assert first[0] == "Convolution beats the plain MLP with far fewer parameters"
    assert first[5] == "10 × 2,000"
    assert first[-1] == "supported"
    assert table.rows[6][2] == "–"
    assert table.rows[6][-1] == "not testable"


def test_the_sum_of_verdicts_and_what_is_lacking_are_told(results: dict[str, Any]) -> None:
    text = verdicts(results)
    assert "corrected for all 7: " in text
    assert text.endswith(
        "lacks 784-75-10, one with locality alone, one with none of the ideas and one with "
        "subsampling alone in this study."
    )


def test_too_few_seeds_are_told() -> None:
    results, _ = make(seeds=2)
    assert verdicts(results).endswith("7 not testable. So few seeds cannot tell.")


def test_a_study_without_other_networks_judges_no_claim_about_them() -> None:
    study: Study = make(variants=("lenet5",))
    found = [each["verdict"] for each in study[0]["claims"]]
    assert found.count("not testable") == 6
    assert found[4] != "not testable"  # of LeNet-5 alone
