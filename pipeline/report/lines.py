"""The figures with a line for each variant."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import altair as alt

from pipeline.analysis.curves import Curves
from pipeline.report import captions, points, rows, titles
from pipeline.report.figure import HEIGHT, Figure, counting, data, figure, looks, picked, tooltips

PANEL = 170


def learning_curves(results: Mapping[str, Any], curves: Curves) -> Figure:
    """Two panels, training and validation: every variant's error by epoch."""
    drawn = points.curves(results, curves)
    color, dash, shape = looks(list(results["variants"]))
    x = alt.X("epoch:Q", axis=counting(1, results["study"]["epochs"]))
    y = partial(alt.Y, title="error, %", scale=alt.Scale(type="log", nice=False))
    base = alt.Chart().encode(x=x, color=color)
    panel = alt.LayerChart(
        data=data(drawn),
        layer=[
            base.mark_area().encode(y=y("low:Q"), y2="high:Q", opacity=picked(0.12)),
            base.mark_line(strokeWidth=2).encode(y=y("mean:Q"), strokeDash=dash, opacity=picked()),
            base.mark_point(size=45, filled=True).encode(
                y=y("mean:Q"), shape=shape, opacity=picked(), tooltip=tooltips(drawn)
            ),
        ],
        width=1.5 * PANEL,
        height=1.5 * PANEL,
    )
    kinds = list(dict.fromkeys(row["kind"] for row in drawn))
    return figure(
        "learning_curves",
        _panels(panel, alt.Facet("kind:N", title=None, sort=kinds)),
        title=titles.curves(curves.training),
        caption=captions.CURVES,
    )


def robustness(results: Mapping[str, Any]) -> Figure:
    """A panel for each family of corruptions: every variant's error by strength."""
    drawn = points.corrupted(results)
    x = alt.X("strength:Q", title="strength", axis=alt.Axis(tickCount=4, grid=False))
    y = partial(alt.Y, title="error, %")
    panel = _means(drawn, list(results["robustness"]["variants"]), x, y, size=25)
    curves = list(dict.fromkeys(row["curve"] for row in drawn))
    return figure(
        "robustness",
        _panels(panel, alt.Facet("curve:N", title=None, sort=curves)),
        title=titles.robustness(results),
        caption=captions.ROBUSTNESS,
        drawn=drawn,
    )


def stages(results: Mapping[str, Any]) -> Figure:
    """Two panels, trained and untrained: what a linear classifier misreads, stage by stage."""
    drawn = points.stages(results)
    order = list(dict.fromkeys(row["stage"] for row in drawn))
    x = alt.X("stage:N", sort=order, title=None, axis=alt.Axis(labelAngle=0))
    y = partial(alt.Y, title="error, %", scale=alt.Scale(type="log", nice=False, padding=10))
    panel = _means(drawn, list(results["variants"]), x, y, size=45)
    states = list(dict.fromkeys(row["state"] for row in drawn))
    return figure(
        "stages",
        _panels(
            panel.properties(width=1.5 * PANEL), alt.Facet("state:N", title=None, sort=states)
        ),
        title=titles.stages(results),
        caption=captions.STAGES,
        drawn=drawn,
    )


def samples(results: Mapping[str, Any]) -> Figure | None:
    """Error by number of training images, both on logarithmic axes; None where there are none."""
    found = results["samples"]
    if not found:
        return None
    drawn = points.samples(results)
    axis = alt.Axis(values=found["sizes"], format=",d", grid=False)
    scale = alt.Scale(type="log", nice=False, padding=10)
    x = alt.X("images:Q", title="training images", axis=axis, scale=scale)
    y = partial(alt.Y, title="test error, %", scale=scale)
    return figure(
        "samples",
        _means(drawn, list(found["variants"]), x, y, size=45).properties(height=HEIGHT),
        title=titles.samples(results),
        caption=captions.SAMPLES,
        drawn=drawn,
    )


def tuning(results: Mapping[str, Any]) -> Figure:
    """Every variant's best validation error so far by trial, on a logarithmic axis."""
    # As in the curves of training: no error at all is drawn at half an image.
    drawn = points.trials(results, floor=0.5 / results["study"]["validation_images"])
    last = max(len(each["tuning"]["trials"]) for each in results["variants"].values()) - 1
    color, dash, shape = looks(list(results["variants"]))
    x = alt.X("trial:Q", axis=counting(0, last), scale=alt.Scale(nice=False, padding=10))
    scale = alt.Scale(type="log", nice=False, padding=10)
    y = alt.Y("value:Q", title="best validation error so far, %", scale=scale)
    best = [row for row in drawn if row["improved"]]
    layers = [
        alt.Chart(data(drawn))
        .mark_line(strokeWidth=2, interpolate="step-after")
        .encode(x=x, y=y, color=color, strokeDash=dash, opacity=picked()),
        alt.Chart(data(best))
        .mark_point(size=45, filled=True)
        .encode(x=x, y=y, color=color, shape=shape, opacity=picked(), tooltip=tooltips(best)),
    ]
    return figure(
        "tuning",
        alt.LayerChart(layer=layers, height=HEIGHT),
        title=titles.tuning(results),
        caption=captions.TUNING,
    )


def _means(
    drawn: rows.Rows, variants: Sequence[str], x: alt.X, y: Callable[[str], alt.Y], *, size: int
) -> alt.LayerChart:
    """Every variant's means with their intervals, joined by a line."""
    color, dash, shape = looks(variants)
    base = alt.Chart().encode(x=x, color=color, opacity=picked())
    line = base.mark_line(strokeWidth=1.5).encode(y=y("mean:Q"), strokeDash=dash)
    rule = base.mark_rule().encode(y=y("low:Q"), y2="high:Q")
    point = base.mark_point(size=size, filled=True).encode(
        y=y("mean:Q"), shape=shape, tooltip=tooltips(drawn)
    )
    return alt.LayerChart(
        data=data(drawn),
        layer=[line, *([rule] if rows.bounded(drawn) else []), point],
        width=PANEL,
        height=PANEL,
    )


def _panels(panel: alt.LayerChart, facet: alt.Facet) -> alt.FacetChart:
    return panel.facet(facet, columns=3).resolve_scale(x="independent", y="independent")
