"""The figures: one Vega-Lite specification each, drawn as SVG and interactive in the page.

Those with a line a variant are in `lines.py`.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import altair as alt

from pipeline.networks.describe import in_words
from pipeline.networks.sizes import Account
from pipeline.report import architecture, lines, numbers, rows, samples, theme, titles
from pipeline.report.figure import ROW_HEIGHT, WIDTH, Figure, data, figure, tooltips


def figures(
    results: Mapping[str, Any], curves: lines.Curves, accounts: Mapping[str, Account]
) -> list[Figure]:
    """All figures in the order of the report. `curves[variant]` is from `analysis.curves`."""
    found = {name: variant["difference"] for name, variant in results["variants"].items()}
    return [
        differences(results),
        errors(results),
        lines.learning_curves(results, curves),
        architectures(accounts, baseline=results["study"]["baseline"], differences=found),
        lines.robustness(results),
        *samples.drawing(results),
        lines.tuning(results),
    ]


def differences(results: Mapping[str, Any]) -> Figure:
    """Every comparison's difference in points, with its interval and the band of the margin."""
    drawn = rows.differences(results)
    margin = 100 * results["study"]["margin"]
    x = partial(alt.X, title="change in test error, percentage points")
    y = alt.Y("comparison:N", sort=[row["comparison"] for row in drawn], title=None)
    band = alt.Chart(data([{"low": -margin, "high": margin}])).mark_rect(
        color=theme.MUTED, opacity=0.2
    )
    zero = alt.Chart(data([{"value": 0}])).mark_rule(color=theme.MUTED)
    words = alt.Chart(data(drawn)).mark_text(align="left", baseline="middle", dx=8)
    layers = [
        band.encode(x=x("low:Q"), x2="high:Q"),
        zero.encode(x=x("value:Q")),
        *_intervals(drawn, x, y),
        words.encode(x=x("end:Q"), y=y, text="verdict:N"),
    ]
    return figure(
        "differences",
        alt.LayerChart(layer=layers, height=alt.Step(ROW_HEIGHT)),
        title=titles.differences(results),
        caption=titles.DIFFERENCES,
    )


def errors(results: Mapping[str, Any]) -> Figure:
    """Every variant's test error in percent, with its interval; each seed a small point."""
    x = partial(alt.X, title="test error, %", scale=alt.Scale(zero=False))
    y = alt.Y("variant:N", sort=list(results["variants"]), title=None)
    seeds = alt.Chart(data(rows.seeds(results))).mark_point(
        size=14, filled=True, color=theme.MUTED, opacity=0.8, yOffset=9
    )
    layers = [*_intervals(rows.errors(results), x, y), seeds.encode(x=x("value:Q"), y=y)]
    return figure(
        "errors",
        alt.LayerChart(layer=layers, height=alt.Step(ROW_HEIGHT)),
        title=titles.errors(results),
        caption=titles.ERRORS,
    )


def architectures(
    accounts: Mapping[str, Account],
    *,
    baseline: str,
    differences: Mapping[str, Mapping[str, object]],
) -> Figure:
    """A row for each variant in `differences`; `accounts` has theirs and the baseline's."""
    drawn = architecture.draw({name: accounts[name] for name in differences}, accounts[baseline])
    height = architecture.ROW * len(drawn)
    places = {
        "x": alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, WIDTH])),
        "y": alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[height, 0])),
    }
    told = {name: in_words(words, accounts[name]) for name, words in differences.items()}
    marks = architecture.marks(drawn, accounts[baseline], told)
    units = architecture.units_in_a_pixel(accounts[name] for name in differences)
    return figure(
        "architectures",
        alt.LayerChart(
            layer=[_marks(kind, values, places) for kind, values in marks.items()], height=height
        ),
        section="Architectures",
        title=titles.architectures(list(differences), baseline),
        caption=titles.ARCHITECTURES.format(
            baseline=baseline, side=architecture.SIDE, units=numbers.counted(units, "unit")
        ),
    )


def _marks(kind: str, values: rows.Rows, places: Mapping[str, Any]) -> alt.Chart:
    look = architecture.MARKS[kind]
    ends = {"text": "text:N"} if look["type"] == "text" else {"x2": "x2:Q", "y2": "y2:Q"}
    # Read out, the accounts say all that there is to see.
    chart = alt.Chart(data(values), mark=alt.MarkDef(**look, aria=kind == "account"))
    return chart.encode(**places, **ends, tooltip=tooltips(values))


def _intervals(drawn: rows.Rows, x: Callable[[str], alt.X], y: alt.Y) -> list[alt.Chart]:
    """A line for each interval that there is, and the estimate on it as a point."""
    bounded = [row for row in drawn if row["low"] is not None]
    line = alt.Chart(data(bounded)).mark_rule(color=theme.MARK, strokeWidth=2)
    point = alt.Chart(data(drawn)).mark_point(size=70, filled=True, color=theme.MARK, opacity=1)
    return [
        line.encode(x=x("low:Q"), x2="high:Q", y=y),
        point.encode(x=x("value:Q"), y=y, tooltip=tooltips(drawn)),
    ]
