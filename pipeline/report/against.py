"""What changed between two records of a study: at another commit, and now."""

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipeline.execution.errors import UserError
from pipeline.report import numbers, tables
from pipeline.report.tables import Table, markdown_table

Results = Mapping[str, Any]


def committed(path: Path, rev: str) -> dict[str, Any]:
    """The JSON object that the file was at a commit of the repository in which it lies.

    Raises:
        UserError: If there is no such commit, or no such file in it, or no JSON in that.
    """
    command = ["git", "-C", str(path.parent), "show", f"{rev}:./{path.name}"]
    try:
        shown = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(shown.stdout)
    except subprocess.CalledProcessError as problem:
        raise UserError(
            f"`rev` must name a commit with `{path}` in it, but got {rev!r}: "
            f"{problem.stderr.strip()}"
        ) from problem
    except (OSError, ValueError) as problem:
        raise UserError(f"`{path}` at {rev!r} must be readable, but got: {problem}.") from problem


def changes(before: Results, now: Results, *, rev: str) -> str:
    """As Markdown: in what the two differ that a reader would ask for."""
    parts = [f"# Results at {rev}, and now"]
    for title, reported in TOLD.items():
        table = _differing(reported(before), reported(now))
        text = markdown_table(table) if table.rows else "No difference."
        parts.append(f"## {title}\n\n{text}")
    return "\n\n".join(parts)


def _differing(before: Mapping[str, str], now: Mapping[str, str]) -> Table:
    """A row for each name of which not the same is told; a dash where one has no such name."""
    names = [*now, *(name for name in before if name not in now)]
    rows = [(name, *(each.get(name, numbers.NONE) for each in (before, now))) for name in names]
    return Table(
        caption="",
        columns=("Of", "Before", "Now"),
        numeric=(False, False, False),
        rows=tuple(row for row in rows if row[1] != row[2]),
    )


def _origin(results: Results) -> dict[str, str]:
    return {row[0]: row[1] for row in tables.origin_table(results).rows}


def _errors(results: Results) -> dict[str, str]:
    return {
        name: f"{numbers.share(variant['test_error'])} %"
        for name, variant in results["variants"].items()
    }


def _settings(results: Results) -> dict[str, str]:
    return {
        name: numbers.settings(variant["hyperparameters"])
        for name, variant in results["variants"].items()
    }


def _comparisons(results: Results) -> dict[str, str]:
    return {
        f"{each['variant']} vs {each['baseline']}": _judged(each, tables.verdict(each))
        for each in results["comparisons"]
    }


def _claims(results: Results) -> dict[str, str]:
    return {
        each["claim"]: _judged(each | {"difference": each["mean"]}, each["verdict"])
        for each in results["claims"]
    }


def _judged(found: Mapping[str, Any], verdict: str) -> str:
    return f"{numbers.change_with_interval(found['difference'], found['ci95'])}: {verdict}"


TOLD: Mapping[str, Callable[[Results], Mapping[str, str]]] = {
    "Made of": _origin,
    "Settings": _settings,
    "Test errors": _errors,
    "Changes, in points": _comparisons,
    "The essay's claims": _claims,
}
