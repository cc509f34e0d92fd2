from collections.abc import Callable
from typing import Any

import pytest

from pipeline.execution.errors import UserError
from pipeline.report.readme import BEGIN, END, include
from pipeline.report.tables import main_table, markdown_table

README = f"# Title\n\n{BEGIN}\nold\n{END}\n\nThe rest.\n"


def test_only_what_stands_between_the_marks_changes(results: dict[str, Any]) -> None:
    text = include(README, results)
    assert text.startswith(f"# Title\n\n{BEGIN}\n")
    assert text.endswith(f"{END}\n\nThe rest.\n")
    assert "old" not in text


def test_the_table_is_the_report_s_and_the_study_is_named(results: dict[str, Any]) -> None:
    text = include(README, results)
    assert markdown_table(main_table(results)) in text
    assert (
        "Study `standard`: 10 seeds, 3 epochs, 60,000 training images, 2,000 test images; the "
        "baseline is `lenet5`."
    ) in text


def test_including_twice_is_including_once(results: dict[str, Any]) -> None:
    once = include(README, results)
    assert include(once, results) == once


def test_results_on_other_images_are_not_passed_off_as_mnist(
    make_study: Callable[..., Any],
) -> None:
    results, _ = make_study(source="tests/digits")
    assert "not MNIST" in include(README, results)


@pytest.mark.parametrize(
    "text", ["", BEGIN, END, f"{END}{BEGIN}", f"{README}{README}", f"{BEGIN}{BEGIN}{END}"]
)
def test_marks_that_are_not_a_pair_are_refused(text: str, results: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="once each"):
        include(text, results)
