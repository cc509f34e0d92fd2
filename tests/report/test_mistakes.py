import base64
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.analysis.mistakes import as_what, shared
from pipeline.data.mnist import Digits
from pipeline.execution.task import Result
from pipeline.outputs.filters import Filters
from pipeline.outputs.misclassified import answers, is_wrong
from pipeline.outputs.predictions import Predictions
from pipeline.report import mistakes
from tests.report.conftest import filters


def with_figure_8(results: dict[str, Any]) -> dict[str, Any]:
    known = {"mean": 40.5, "ci95": [39.0, 42.0], "per_seed": [40, 41], "n_seeds": 2}
    variants = {name: each | {"figure_8": known} for name, each in results["variants"].items()}
    shared = [digit(image, 4, lenet5=9) for image in (247, 3)]
    found = {"shared": shared, "figure_8": {"images": 82, "shared": [247]}}
    return results | {"variants": variants, "mistakes": found}


def test_the_most_frequent_mistakes_come_first(results: dict[str, Any]) -> None:
    counts = [[0] * 10 for _ in range(10)]
    counts[4][9], counts[9][4], counts[0][6], counts[1][7] = 30, 20, 10, 9
    counts[0][0] = 2 * results["study"]["test_images"] - 69  # two networks
    variant = results["variants"]["lenet5"] | {"confusions": counts}
    [row] = mistakes.confusion_table(results | {"variants": {"lenet5": variant}}).rows
    assert row == ("lenet5", "4 as 9 (15.0), 9 as 4 (10.0), 0 as 6 (5.0)")


def test_the_paper_s_digits_are_told_of_the_real_test_set_alone(results: dict[str, Any]) -> None:
    assert results["mistakes"]["figure_8"] is None
    assert len(mistakes.confusion_table(results).columns) == 2
    assert "figure 8" not in mistakes.shared(results)
    real = with_figure_8(results)
    assert mistakes.confusion_table(real).rows[0][2] == "40.5 (39.0 to 42.0)"
    assert mistakes.shared(real) == (
        "2 images of 2,000 are misread by more than half of the networks of every variant; the "
        "paper's figure 8 shows 1 of them."
    )


def digit(image: int, label: int, **answers: int | None) -> dict[str, Any]:
    reported = {name: {"answer": answer, "share": 0.75} for name, answer in answers.items()}
    return {"image": image, "label": label, "variants": reported}


def gallery(results: dict[str, Any], digits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    known = results["mistakes"]["figure_8"]
    study = results | {"mistakes": {"shared": digits, "figure_8": known}}
    shown = {"lenet5": filters("lenet5", [each["image"] for each in digits])}
    figure = mistakes.gallery(study, shown)
    assert figure
    [rows] = figure.spec["datasets"].values()
    return rows


def test_the_paper_s_digits_come_first_and_are_framed(results: dict[str, Any]) -> None:
    known = {"figure_8": {"images": 82, "shared": [247]}}
    study = results | {"mistakes": known | {"shared": []}}
    drawn = gallery(study, [digit(3, 5, lenet5=6, mlp=None), digit(247, 4, lenet5=2, mlp=9)])
    assert [(row["image"], row["known"]) for row in drawn] == [(247, True), (3, False)]
    assert [row["words"] for row in drawn] == ["4 → 2", "5 → 6"]
    assert drawn[0]["read"] == (
        "test image 247, in the paper's figure 8: a 4, read as lenet5 2 (75 %), mlp 9 (75 %)"
    )
    assert drawn[1]["read"] == "test image 3: a 5, read as lenet5 6 (75 %), mlp – (75 %)"


def test_whatever_the_analysis_calls_wrong_has_a_picture(
    results: dict[str, Any],
) -> None:
    """Also a label with the highest score beside one that is not a number."""
    scores = np.array([[[5.0, np.nan, *[1.0] * 8], [5.0, *[1.0] * 9]]], dtype=np.float32)
    labels = np.array([0, 0], dtype=np.uint8)
    test = Digits(np.zeros((2, 28, 28), dtype=np.uint8), labels, "two")
    drawn = np.ones((2, 6, 5, 5), dtype=np.float32)
    first_layer = Result(arrays={"kernels": drawn, "maps": drawn}, record={})
    given = Predictions(seeds=(0,), scores=scores, labels=labels.astype(np.int64))
    found = Filters.of_result(first_layer, digit=test.images[0], predictions=given, test=test)
    digits = as_what(
        shared({"lenet5": is_wrong(scores, labels)}), {"lenet5": answers(scores)}, labels
    )
    study = results | {"mistakes": {"shared": digits, "figure_8": None}}
    figure = mistakes.gallery(study, {"lenet5": found})
    assert figure
    [rows] = figure.spec["datasets"].values()
    assert [row["image"] for row in rows] == [0]


def test_a_digit_is_shown_dark_on_light_as_it_is(results: dict[str, Any]) -> None:
    [row] = gallery(results, [digit(8, 5, lenet5=6)])
    content = base64.b64decode(row["picture"].removeprefix("data:image/png;base64,"))
    shown = np.array(Image.open(io.BytesIO(content)))
    assert (shown == 255 - filters("lenet5", [8]).images[0]).all()


def test_more_digits_than_fit_stand_in_more_rows(results: dict[str, Any]) -> None:
    count = mistakes.ACROSS + 1
    drawn = gallery(results, [digit(image, 5, lenet5=6) for image in range(count)])
    assert drawn[0]["x"] == drawn[-1]["x"]
    assert drawn[-1]["y"] - drawn[0]["y"] > mistakes.SIDE


def test_without_digits_there_is_no_gallery(results: dict[str, Any]) -> None:
    study = results | {"mistakes": {"shared": [], "figure_8": None}}
    assert mistakes.gallery(study, {"lenet5": filters("lenet5", [])}) is None


def test_confusions_are_counted_a_network(results: dict[str, Any]) -> None:
    figure = mistakes.confusions(results)
    assert figure
    [drawn] = figure.spec["datasets"].values()
    assert len(drawn) == 90 * len(results["variants"])
    first = drawn[0]
    counts = results["variants"]["lenet5"]["confusions"]
    assert (first["label"], first["answer"]) == (0, 1)
    assert first["times"] == pytest.approx(counts[0][1] / 10)
    assert first["estimate"] == f"{counts[0][1] / 10:.1f} times a network"
    assert drawn[1]["written"] == ""
