"""What the report says of what each network costs, and of what that buys."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from pipeline.report import captions, numbers, rows, theme, titles
from pipeline.report.figure import Figure, data, figure, looks, picked, tooltips
from pipeline.report.tables import Table

# What is paid for an error -> what it is called.
COSTS = {"parameters": "parameters", "macs": "MACs for an image"}
PANEL = 240


def cost_table(results: Mapping[str, Any]) -> Table:
    """A row a variant: arithmetic and memory, as figures 11 and 12 compare them."""
    return Table(
        caption="What a network costs. MACs: multiply-accumulates for an image (figure 11). "
        "Parameters: the variables to store (figure 12), without the fixed output codes. "
        "Activations: what the units of all layers take up for an image, in single precision.",
        columns=("Variant", "MACs", "Parameters", "Activations, bytes"),
        numeric=(False, True, True, True),
        rows=tuple(
            (
                name,
                *(
                    numbers.count(variant[size])
                    for size in ("macs", "parameters", "activation_bytes")
                ),
            )
            for name, variant in results["variants"].items()
        ),
    )


def pareto(results: Mapping[str, Any]) -> Figure:
    """A panel for each cost: every variant's error by it, and a line through those worth it."""
    optimal = {name: pareto_optimal(results, cost) for cost, name in COSTS.items()}
    drawn = _points(results, optimal)
    facets = alt.Facet("kind:N", title=None, sort=list(COSTS.values()))
    panels = _panel(drawn, list(results["variants"])).facet(facets, columns=2)
    return figure(
        "costs",
        panels.resolve_scale(x="independent"),
        title=titles.costs(optimal),
        caption=captions.COSTS,
        drawn=drawn,
    )


def _panel(drawn: rows.Rows, variants: Sequence[str]) -> alt.LayerChart:
    """The front, the intervals where there are any, and the points."""
    color, _, shape = looks(variants)
    scale = alt.Scale(type="log", nice=False, padding=20)
    axis = alt.Axis(tickCount=4, format="~s", grid=False)
    x = alt.X("cost:Q", title=None, scale=scale, axis=axis)
    y, low = (
        alt.Y(f"{field}:Q", title="test error, %", scale=alt.Scale(zero=False, padding=20))
        for field in ("value", "low")
    )
    front = alt.Chart().mark_line(color=theme.MUTED, interpolate="step-after", strokeDash=[4, 3])
    base = alt.Chart().encode(x=x, color=color, opacity=picked())
    points = base.mark_point(size=80, filled=True)
    return alt.LayerChart(
        data=data(drawn),
        layer=[
            front.transform_filter("datum.pareto_optimal").encode(x=x, y=y),
            *([base.mark_rule().encode(y=low, y2="high:Q")] if rows.bounded(drawn) else []),
            points.encode(y=y, shape=shape, tooltip=tooltips(drawn)),
        ],
        width=PANEL,
        height=PANEL,
    )


def pareto_optimal(results: Mapping[str, Any], cost: str) -> list[str]:
    """The variants that no other beats: none errs less and costs no more; the cheapest first."""
    known = {
        name: (variant[cost], variant["test_error"]["mean"])
        for name, variant in results["variants"].items()
    }
    found: list[str] = []
    for name in sorted(known, key=lambda name: known[name]):
        if not found or known[name][1] < known[found[-1]][1]:
            found.append(name)
    return found


def _points(results: Mapping[str, Any], optimal: Mapping[str, Sequence[str]]) -> rows.Rows:
    """A row for each cost and variant."""
    errors, variants = rows.errors(results), results["variants"]
    return [
        {
            "kind": name,
            "cost": variants[row["variant"]][cost],
            "amount": numbers.count(variants[row["variant"]][cost]),
            "pareto_optimal": row["variant"] in optimal[name],
            **row,
        }
        for cost, name in COSTS.items()
        for row in errors
    ]
