"""The tables of the report: what stands in their cells, and how Markdown writes them."""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.analysis.comparison import STILL_IMPROVING
from pipeline.networks.describe import COUNTS
from pipeline.report import numbers
from pipeline.report.answer import improving, loser, with_baseline

SPECIAL = re.compile(r"[\\`*\[\]|~]|(?<!\w)_|_(?!\w)")


@dataclass(frozen=True, kw_only=True)
class Table:
    """Plain text, still to be escaped; the first cell of a row is its heading.

    `numeric` says which columns are set flush right, `copied` whether the last is to be copied.
    """

    caption: str
    columns: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    copied: bool = False


def markdown_text(text: str) -> str:
    """Any text, so that Markdown shows it as it is, on one line and within a table's cell."""
    one_line = " ".join(text.split())
    return SPECIAL.sub(r"\\\g<0>", html.escape(one_line, quote=False))


def markdown_table(table: Table) -> str:
    """Without the caption; ends without a line break."""
    rules = ["---:" if numeric else "---" for numeric in table.numeric]
    cells = [[markdown_text(cell) for cell in row] for row in (table.columns, *table.rows)]
    lines = [cells[0], rules, *cells[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main_table(results: Mapping[str, Any]) -> Table:
    """A row a variant: what it is, its error, and what changed against the baseline."""
    found = {each["variant"]: each for each in with_baseline(results)}
    return Table(
        caption="Each variant: what differs, its size, its test error, and the change against the "
        "variant named beside it.",
        columns=(
            *("Variant", "Differs in", "Parameters", "Connections", "MACs"),
            *("Test error, % (95 % interval)", "n (seeds × images)"),
            *("Change, points (95 % interval)", "Compared with", "Verdict"),
        ),
        numeric=(False, False, True, True, True, True, True, True, False, False),
        rows=tuple(
            (
                *_identity(name, variant),
                *_error(variant["test_error"]),
                *_change(name, variant, found.get(name)),
            )
            for name, variant in results["variants"].items()
        ),
    )


def comparison_table(results: Mapping[str, Any]) -> Table:
    """A row a comparison, with both tests, as they are and corrected."""
    return Table(
        caption="Every comparison with both its tests, as they are and after Holm's correction. "
        "These images: would other seeds agree? New images: would other seeds and images agree?",
        columns=(
            *("Variant", "Compared with", "Family", "Change, points (95 % interval)"),
            *("p, these images", "corrected", "p, new images", "corrected"),
            *("Seed correlation", "Verdict"),
        ),
        numeric=(False, False, False, True, True, True, True, True, True, False),
        rows=tuple(_comparison(each) for each in results["comparisons"]),
    )


def run_table(results: Mapping[str, Any]) -> Table:
    """A row a variant, and a row each of its networks: the filter that finds them in MLflow."""
    return Table(
        caption="To be pasted above the list of runs in MLflow: what finds all trainings of a "
        "variant, and a single one by its run key; make ui RUN=KEY opens that.",
        columns=("Variant", "Seed", "Filter"),
        numeric=(False, True, False),
        rows=tuple(
            (name, seed, f"tags.\"ablation.{tag}\" = '{value}'")
            for name, variant in results["variants"].items()
            for seed, tag, value in (
                ("all", "variant", name),
                *((seed, "run_key", key) for seed, key in variant["run_keys"].items()),
            )
        ),
        copied=True,
    )


def origin_table(results: Mapping[str, Any]) -> Table:
    """What the results were made of."""
    study = results["study"]
    facts = {
        "Parameters (`params.yaml`)": study["params_digest"],
        "Data": study["data_digest"],
        "Code that trains": study["code_digest"],
        **study.get("environment", {}),  # an older record, to be compared with, has none
    }
    return Table(
        caption="Digests, and every field of the environment that the runs' keys depend on; "
        "cpu_capability names the vector instructions that torch chooses its kernels for.",
        columns=("Of", "Value"),
        numeric=(False, False),
        rows=tuple((name.replace("`", ""), str(value)) for name, value in facts.items()),
    )


def _identity(name: str, variant: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        f"{name} (reference model)" if variant["reference_model"] else name,
        variant["differs_in"] or numbers.NONE,
        *(numbers.count(variant[size]) for size in COUNTS),
    )


def _error(error: Mapping[str, Any]) -> tuple[str, str]:
    return (
        numbers.error_with_interval(error["mean"], error["ci95"]),
        numbers.sample(error),
    )


def _change(
    name: str, variant: Mapping[str, Any], comparison: Mapping[str, Any] | None
) -> tuple[str, str, str]:
    """Change, what it is against, and the verdict, to which a variant's own audit is added."""
    judged = verdict(comparison) if comparison else "baseline"
    if improving(variant) and judged != f"{STILL_IMPROVING} ({name})":
        judged = f"{judged}, itself {STILL_IMPROVING}"
    if comparison is None:
        return numbers.NONE, numbers.NONE, judged
    change = numbers.change_with_interval(comparison["difference"], comparison["ci95"])
    return change, comparison["baseline"], judged


def verdict(comparison: Mapping[str, Any]) -> str:
    """The verdict; where nothing was found, with the half-width of what could have been.

    Where it may not be given, with the one that would have lost.
    """
    word, ci95 = comparison["verdict"], comparison["ci95"]
    if word == STILL_IMPROVING:
        return f"{word} ({loser(comparison)})"
    if word != "not distinguished":
        return word
    return f"{word} (±{numbers.percent(numbers.half_width(ci95), numbers.decimals(ci95))})"


def _comparison(each: Mapping[str, Any]) -> tuple[str, ...]:
    tests: Sequence[str] = ("p_value", "p_holm", "p_population", "p_population_holm")
    correlation = each["seed_correlation"]
    return (
        *(each["variant"], each["baseline"], each["family"]),
        numbers.change_with_interval(each["difference"], each["ci95"]),
        *(numbers.p_value(each[test]) for test in tests),
        numbers.NONE if correlation is None else f"{correlation:.2f}".replace("-", numbers.MINUS),
        verdict(each),
    )
