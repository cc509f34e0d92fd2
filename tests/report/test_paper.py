from typing import Any

from pipeline.analysis.paper import LENET5, beside, perceptron
from pipeline.report import paper
from pipeline.report.page import to_html, to_markdown
from tests.report.conftest import outline


def real(results: dict[str, Any], **lenet5: Any) -> dict[str, Any]:
    """As if it were of the real test set: with the paper's LeNet-5 and its perceptron."""
    words = {"lenet5": LENET5 | lenet5, "mlp": perceptron(300, 100)}
    variants = {
        name: variant | {"network": words.get(name, {})}
        for name, variant in results["variants"].items()
    }
    return results | {"variants": variants, "paper": beside(variants)}


def test_values_of_the_paper_stand_beside_ours(results: dict[str, Any]) -> None:
    table = paper.paper_table(real(results))
    assert table
    rows = {(row[0], row[1]): row for row in table.rows}
    assert list(rows) == [
        *(("LeNet-5", "9"), ("28x28-300-100-10", "9"), ("LeNet-4", "10")),
        *(("LeNet-5", "11"), ("28x28-300-100-10", "11")),
        *(("LeNet-5", "12"), ("28x28-300-100-10", "12")),
    ]
    error = results["variants"]["lenet5"]["test_error"]["mean"]
    row = rows["LeNet-5", "9"]
    assert row[2:5] == ("test error, %", "0.95", "lenet5")
    assert abs(float(row[5]) - 100 * error) < 0.06
    assert " to " in row[6]
    assert row[7:] == ("no", "10")
    assert rows["LeNet-5", "11"][2:] == (
        *("MACs", "401,000", "lenet5", "326,520"),
        *("–", "–", "–"),
    )
    assert rows["LeNet-4", "10"][7] == "–"  # another network: not to be reproduced


def test_value_without_an_interval_is_neither_reproduced_nor_not(results: dict[str, Any]) -> None:
    study = real(results)
    gone = study["paper"][0] | dict.fromkeys(("low", "high", "reproduced"))
    unknown = study["paper"][2] | dict.fromkeys(("ours", "low", "high", "reproduced"))
    table = paper.paper_table(study | {"paper": [gone, unknown]})
    assert table
    assert table.rows[0][6:8] == ("–", "–")
    assert table.rows[1][5:8] == ("–", "–", "–")


def test_both_pages_say_how_far_the_paper_can_be_compared(results: dict[str, Any]) -> None:
    study = real(results)
    assert "Adam for 3 epochs" in paper.beside(study)
    for page in (page(study, outline(study)) for page in (to_html, to_markdown)):
        assert "28x28-300-100-10" in page
        assert "LeNet-5 is not in figure 10: the nearest there, LeNet-4, is another" in page


def test_other_images_are_compared_in_costs_alone(results: dict[str, Any]) -> None:
    assert results["paper"] == []
    assert paper.paper_table(results) is None
    assert "do not stand here" in paper.beside(results)
    assert "28x28-300-100-10" not in to_markdown(results, outline(results))


def test_study_without_the_paper_s_networks_has_none_of_its_values(
    results: dict[str, Any],
) -> None:
    study = real(results, subsampling="max")
    assert [row["variant"] for row in study["paper"]] == ["mlp"] * 3
