"""The results in the README, table and figure, put there by a command rather than by hand."""

from collections.abc import Mapping
from typing import Any

from pipeline.execution.errors import UserError
from pipeline.report import titles
from pipeline.report.methods import foreign, scope
from pipeline.report.tables import main_table, markdown_table

BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"


def include(readme_text: str, results: Mapping[str, Any]) -> str:
    """The text with what stands between its two marks replaced by what came out of the study.

    Raises:
        UserError: If the marks are not there, once each and in order.
    """
    before, begin, rest = readme_text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in before + after:
        raise UserError(f"`README.md` must hold {BEGIN} and then {END}, once each, but does not.")
    warning = [f"**{foreign(results)}**"] if foreign(results) else []
    figure = f"![{titles.differences(results)}](reports/figures/differences.svg)"
    blocks = [BEGIN, *warning, markdown_table(main_table(results)), scope(results), figure, END]
    return before + "\n\n".join(blocks) + after
