"""All figures: one Vega-Lite specification each, drawn as SVG and interactive in the page."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import altair as alt

from pipeline.analysis.curves import Curves
from pipeline.networks.describe import describe_difference
from pipeline.networks.sizes import ModelSummary
from pipeline.outputs.filters import Filters
from pipeline.report import (
    architecture,
    captions,
    contributions,
    costs,
    lines,
    mistakes,
    numbers,
    rows,
    theme,
    titles,
    views,
)
from pipeline.report.figure import (
    ROW_HEIGHT,
    Figure,
    canvas,
    data,
    figure,
    picked,
    tooltips,
)


def figures(
    results: Mapping[str, Any],
    curves: Curves,
    summaries: Mapping[str, ModelSummary],
    filters: Mapping[str, Filters],
) -> list[Figure]:
    """Those that there is something to draw for."""
    found = {name: variant["difference"] for name, variant in results["variants"].items()}
    drawn = [
        differences(results),
        errors(results),
        architectures(summaries, baseline=results["study"]["baseline"], differences=found),
        contributions.ideas(results),
        lines.robustness(results),
        lines.learning_curves(results, curves),
        lines.tuning(results),
        costs.pareto(results),
        lines.stages(results),
        lines.samples(results),
        views.kernels(filters),
        views.maps(filters, results),
        mistakes.gallery(results, filters),
        mistakes.confusions(results),
    ]
    return [figure for figure in drawn if figure]


def differences(results: Mapping[str, Any]) -> Figure | None:
    """Every comparison's difference in points, with its interval and the band of the margin."""
    drawn = rows.differences(results)
    if not drawn:
        return None
    margin = 100 * results["study"]["margin"]
    x = partial(alt.X, title="change in test error, points")
    # The verdict stands under the names: beside the interval there is not always room for it.
    lines = alt.Axis(labelOffset=-7, labelExpr=f"split(datum.label, {rows.BREAK!r})")
    y = alt.Y("judged:N", sort=[row["judged"] for row in drawn], title=None, axis=lines)
    band = alt.Chart(data([{"low": -margin, "high": margin}])).mark_rect(
        color=theme.MUTED, opacity=0.2
    )
    zero = alt.Chart(data([{"value": 0}])).mark_rule(color=theme.MUTED)
    layers = [
        band.encode(x=x("low:Q"), x2="high:Q"),
        zero.encode(x=x("value:Q")),
        *_intervals(drawn, x, y),
    ]
    return figure(
        "differences",
        alt.LayerChart(layer=layers, height=ROW_HEIGHT * len(drawn)),
        title=titles.differences(results),
        caption=captions.DIFFERENCES,
        drawn=drawn,
    )


def errors(results: Mapping[str, Any]) -> Figure:
    """Every variant's test error in percent, with its interval; each seed a small point."""
    drawn = rows.errors(results)
    x = partial(alt.X, title="test error, %", scale=alt.Scale(zero=False))
    y = alt.Y("variant:N", sort=list(results["variants"]), title=None)
    seeds = alt.Chart(data(rows.seeds(results))).mark_point(
        size=14, filled=True, color=theme.MUTED, yOffset=9
    )
    layers = [
        *_intervals(drawn, x, y),
        seeds.encode(x=x("value:Q"), y=y, opacity=picked(0.8)),
    ]
    return figure(
        "errors",
        alt.LayerChart(layer=layers, height=ROW_HEIGHT * len(results["variants"])),
        title=titles.errors(results),
        caption=captions.ERRORS,
        drawn=drawn,
    )


def architectures(
    summaries: Mapping[str, ModelSummary],
    *,
    baseline: str,
    differences: Mapping[str, Mapping[str, object]],
) -> Figure:
    """A row for each variant in `differences`; `summaries` has theirs and the baseline's."""
    drawn = architecture.draw({name: summaries[name] for name in differences}, summaries[baseline])
    height = architecture.ROW * len(drawn)
    reported = {
        name: describe_difference(words, summaries[name]) for name, words in differences.items()
    }
    marks = architecture.marks(drawn, summaries[baseline], reported)
    units = architecture.units_in_a_pixel(summaries[name] for name in differences)
    return figure(
        "architectures",
        alt.LayerChart(
            layer=[_marks(kind, values, canvas(height)) for kind, values in marks.items()],
            height=height,
        ),
        fixed=True,
        title=titles.architectures(list(differences), baseline),
        caption=captions.ARCHITECTURES.format(
            baseline=baseline, side=architecture.SIDE, units=numbers.counted(units, "unit")
        ),
    )


def _marks(kind: str, values: rows.Rows, places: Mapping[str, Any]) -> alt.Chart:
    look = architecture.MARKS[kind]
    ends = {"text": "text:N"} if look["type"] == "text" else {"x2": "x2:Q", "y2": "y2:Q"}
    opacity = {} if "opacity" in look else {"opacity": picked()}
    # Read out, the summaries say all that there is to see.
    chart = alt.Chart(data(values), mark=alt.MarkDef(**look, aria=kind == "summary"))
    return chart.encode(**places, **ends, **opacity, tooltip=tooltips(values))


def _intervals(drawn: rows.Rows, x: Callable[[str], alt.X], y: alt.Y) -> list[alt.Chart]:
    """A line for each interval that there is, and the estimate on it as a point."""
    bounded = [row for row in drawn if row["low"] is not None]
    line = alt.Chart(data(bounded)).mark_rule(color=theme.MARK, strokeWidth=2)
    point = alt.Chart(data(drawn)).mark_point(size=70, filled=True, color=theme.MARK)
    return [
        *([line.encode(x=x("low:Q"), x2="high:Q", y=y, opacity=picked())] if bounded else []),
        point.encode(x=x("value:Q"), y=y, opacity=picked(), tooltip=tooltips(drawn)),
    ]
