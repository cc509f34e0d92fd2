"""The report as a page: one HTML file, and Markdown with its figures beside it."""

import html
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import jinja2
import vl_convert
from markupsafe import Markup

from pipeline.report import tables, theme
from pipeline.report.blocks import Section
from pipeline.report.figure import Figure
from pipeline.report.methods import foreign, scope

LEAD = (
    "LeNet-5 is the network with which LeCun, Bottou, Bengio and Haffner read handwritten digits "
    "in 1998. Here one of its ideas is removed at a time, and every network is tuned, trained and "
    "tested alike. A point is one percentage point of error."
)
THEMES = ("light", "dark")
PROSE = (
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"\[([^\]]+)\]\(([^)]+)\)"), r'<a href="\2">\1</a>'),
    (re.compile(r"\*([^*]+)\*"), r"<em>\1</em>"),
)


def to_html(results: Mapping[str, Any], sections: Sequence[Section]) -> str:
    """One file that needs no other and no network: data, drawing code and style are inside."""
    drawn = [block for each in sections for block in each.blocks if isinstance(block, Figure)]
    return _template("ablation.html.j2", autoescape=True).render(
        **_heading(results),
        sections=sections,
        variants=theme.assigned(list(results["variants"]), theme.COLOURS),
        specs=_script_json({figure.name: figure.untitled for figure in drawn}),
        themes=_script_json({name: theme.config(dark=name == "dark") for name in THEMES}),
        runtime=Markup(vl_convert.javascript_bundle()),  # pyright: ignore[reportCallIssue]
    )


def to_markdown(results: Mapping[str, Any], sections: Sequence[Section]) -> str:
    """The same content; its figures are `figures/<name>.svg` beside it."""
    return _template("ablation.md.j2", autoescape=False).render(
        **_heading(results), sections=sections
    )


def _heading(results: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "study": results["study"],
        "lead": LEAD,
        "scope": scope(results),
        "foreign": foreign(results),
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
        "kind": lambda block: type(block).__name__.lower(),
        "drawing": _drawing,
        "prose": _prose,
        "text": tables.markdown_text,
        "table": tables.markdown_table,
    }
    return environment.get_template(name)


def _drawing(figure: Figure) -> Markup:
    return Markup(figure.svg(titled=False))


def _prose(text: str) -> Markup:
    """Our own sentences as HTML: escaped first, then `code`, [links](to) and *stress*."""
    escaped = html.escape(text)
    for pattern, replacement in PROSE:
        escaped = pattern.sub(replacement, escaped)
    return Markup(escaped)


def _script_json(content: Mapping[str, Any]) -> Markup:
    """JSON that cannot end the script it stands in."""
    return Markup(json.dumps(content, allow_nan=False).replace("<", "\\u003c"))
