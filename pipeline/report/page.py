"""The page: what the report says in which order, as one HTML file and as Markdown."""

import html
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import jinja2
import vl_convert
from markupsafe import Markup

from pipeline.report import (
    beyond,
    claims,
    hierarchy,
    paper,
    robustness,
    samples,
    tables,
    theme,
    tuning,
)
from pipeline.report.answer import answer
from pipeline.report.figure import Figure
from pipeline.report.gaps import gaps
from pipeline.report.methods import command, foreign, methods, scope
from pipeline.report.worth import worth, worth_table

THEMES = ("light", "dark")
PROSE = (
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"\[([^\]]+)\]\(([^)]+)\)"), r'<a href="\2">\1</a>'),
    (re.compile(r"\*([^*]+)\*"), r"<em>\1</em>"),
)


def to_html(results: Mapping[str, Any], figures: Sequence[Figure]) -> str:
    """One file that needs no other and no network: data, drawing code and style are inside."""
    return _template("ablation.html.j2", autoescape=True).render(
        **_content(results),
        figures=[(figure, Markup(figure.svg())) for figure in figures],
        specs=_script_json({figure.name: figure.spec for figure in figures}),
        themes=_script_json({name: theme.config(dark=name == "dark") for name in THEMES}),
        runtime=Markup(vl_convert.javascript_bundle()),  # pyright: ignore[reportCallIssue]
    )


def to_markdown(results: Mapping[str, Any], figures: Sequence[Figure]) -> str:
    """The same content; its figures are `figures/<name>.svg` beside it."""
    return _template("ablation.md.j2", autoescape=False).render(
        **_content(results), figures=figures
    )


def _content(results: Mapping[str, Any]) -> dict[str, Any]:
    """What both pages say. Notes are a user's text; all else is prose or tables of ours."""
    notes = {name: variant["note"] for name, variant in results["variants"].items()}
    return {
        "study": results["study"],
        "scope": scope(results),
        "foreign": foreign(results),
        "answer": answer(results),
        "gaps": gaps(results),
        "main": tables.main_table(results),
        "verdicts": claims.verdicts(results),
        "claims": claims.claim_table(results),
        "comparisons": tables.comparison_table(results),
        **_explored(results),
        "fairness": tuning.fairness(results),
        "chosen": tuning.chosen_table(results),
        "candidates": tuning.candidate_table(results),
        "importance": tuning.importance_table(results),
        "notes": {name: note for name, note in notes.items() if note},
        "methods": methods(results),
        "origin": tables.origin_table(results),
        "cells": tables.cell_table(results),
        "command": command(results),
    }


def _explored(results: Mapping[str, Any]) -> dict[str, Any]:
    """What is told without verdicts."""
    return {
        "worth": worth(results),
        "ideas": worth_table(results),
        "disturbed": robustness.introduction(results),
        "exceptions": robustness.exceptions(results),
        "sums": robustness.sum_table(results),
        "areas": robustness.area_table(results),
        "sets": robustness.set_table(results),
        "said": robustness.said_table(results),
        "stages": hierarchy.introduction(results),
        "probes": hierarchy.stage_table(results),
        "shifts": hierarchy.shift_table(results),
        "fewer": samples.introduction(results),
        "samples": samples.sample_table(results),
        "saved": samples.worth_of_ideas(results),
        "certainty": beyond.certainty_table(results),
        "ensembles": beyond.ensemble_table(results),
        "confusions": beyond.confusion_table(results),
        "shared": beyond.shared(results),
        "beside": paper.beside(results),
        "published": paper.paper_table(results),
        "costs": paper.cost_table(results),
    }


def _template(name: str, *, autoescape: bool) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pipeline.report"),
        autoescape=autoescape,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "prose": _prose,
        "text": tables.markdown_text,
        "table": tables.markdown_table,
    }
    return environment.get_template(name)


def _prose(text: str) -> Markup:
    """Our own sentences as HTML: escaped first, then `code`, [links](to) and *stress*."""
    escaped = html.escape(text)
    for pattern, replacement in PROSE:
        escaped = pattern.sub(replacement, escaped)
    return Markup(escaped)


def _script_json(content: Mapping[str, Any]) -> Markup:
    """JSON that cannot end the script it stands in."""
    return Markup(json.dumps(content, allow_nan=False).replace("<", "\\u003c"))
