"""What the report says of each idea's worth: the attribution of the error to the ideas."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import altair as alt

from pipeline.report import captions, numbers, rows, theme, titles
from pipeline.report.figure import ROW_HEIGHT, Figure, data, figure, tooltips
from pipeline.report.tables import Table

PANEL = 260


def contributions(results: Mapping[str, Any]) -> str:
    """What an idea's worth is, and which networks this study lacks to tell; empty without any."""
    found = results["attribution"]
    if found is None:
        return ""
    text = (
        "An idea's worth is what it takes off the error, as a mean over the orders in which "
        "locality, weight sharing and subsampling can be added to a network that has none of "
        "them; sharing needs locality."
    )
    if not found["missing"]:
        return text
    missing = [
        "; ".join(f"`{field}: {word}`" for field, word in words.items()) or "the baseline"
        for words in found["missing"]
    ]
    return (
        f"{text} That takes six networks, of which this study lacks "
        f"{numbers.listed([f'({each})' for each in missing])}. `python -m pipeline study lattice` "
        "has them all."
    )


def contribution_table(results: Mapping[str, Any]) -> Table | None:
    """A row an idea, for the ideas of which this study has all networks."""
    found = results["attribution"]
    if not found or not found["ideas"]:
        return None
    return idea_table(
        found["ideas"],
        headings=[f"To the {measure}" for measure in next(iter(found["ideas"].values()))],
        caption="What each idea adds to an error, in points, with 95 % intervals over seeds and "
        "images: below zero it helps. The interaction says how much more sharing adds to a "
        "network with subsampling than to one without.",
    )


def ideas(results: Mapping[str, Any]) -> Figure | None:
    """A panel for each measure, a row for each idea; None where `contribution_table` is None."""
    found = results["attribution"]
    if not found or not found["ideas"]:
        return None
    drawn = _points(found["ideas"])
    y = alt.Y("idea:N", sort=[*found["ideas"]], title=None)
    x = partial(alt.X, title="what it adds, points")
    base = alt.Chart().encode(y=y)
    line = base.mark_rule(color=theme.MARK, strokeWidth=2)
    panel = alt.LayerChart(
        data=data(drawn),
        layer=[
            alt.Chart().mark_rule(color=theme.MUTED).encode(x=alt.datum(0)),
            *([line.encode(x=x("low:Q"), x2="high:Q")] if rows.bounded(drawn) else []),
            base.mark_point(color=theme.MARK, size=70, filled=True, opacity=1).encode(
                x=x("value:Q"), tooltip=tooltips(drawn)
            ),
        ],
        width=PANEL,
        height=alt.Step(ROW_HEIGHT),
    )
    order = alt.Facet("measure:N", title=None, sort=[*next(iter(found["ideas"].values()))])
    return figure(
        "ideas",
        panel.facet(order, columns=2).resolve_scale(x="independent"),
        title=titles.ideas(found["ideas"]),
        caption=captions.IDEAS,
        drawn=drawn,
    )


def _points(ideas: Mapping[str, Mapping[str, Any]]) -> rows.Rows:
    """A row for each idea and measure."""
    return [
        {
            "idea": idea,
            "measure": measure,
            "value": 100 * found["mean"],
            **rows.interval(found["ci95"]),
            "estimate": numbers.change_with_interval(found["mean"], None) + " points",
            "n": rows.size(found, "seed"),
        }
        for idea, each in ideas.items()
        for measure, found in each.items()
    ]


def idea_table(
    ideas: Mapping[str, Mapping[str, Any]], *, headings: Sequence[str], caption: str
) -> Table:
    """A row an idea, a column a measure, of the `ideas` of an attribution."""
    return Table(
        caption=caption,
        columns=("Idea", *headings, "n (seeds × images)"),
        numeric=(False, *[True] * len(headings), True),
        rows=tuple(
            (
                idea,
                *(numbers.change_with_interval(e["mean"], e["ci95"]) for e in each.values()),
                numbers.sample(next(iter(each.values()))),
            )
            for idea, each in ideas.items()
        ),
    )
