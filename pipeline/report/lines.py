"""The figures with a line for each variant."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import altair as alt

from pipeline.report import rows, titles
from pipeline.report.figure import HEIGHT, Figure, counting, data, figure, looks, tooltips

PANEL = 170

Curves = Mapping[str, Sequence[Mapping[str, Any]]]


def learning_curves(results: Mapping[str, Any], curves: Curves) -> Figure:
    """Every variant's training error by epoch, on a logarithmic axis."""
    # No error at all has no place on this axis: it is drawn at half an image.
    drawn = rows.curves(curves, floor=0.5 / results["study"]["training_images"])
    y = partial(alt.Y, title="training error, %", scale=alt.Scale(type="log", nice=False))
    color, dash, shape = looks(list(results["variants"]))
    x = alt.X("epoch:Q", axis=counting(1, results["study"]["epochs"]))
    base = alt.Chart(data(drawn)).encode(x=x, color=color)
    layers = [
        base.mark_area(opacity=0.12).encode(y=y("low:Q"), y2="high:Q"),
        base.mark_line(strokeWidth=2).encode(y=y("mean:Q"), strokeDash=dash),
        base.mark_point(size=45, filled=True, opacity=1).encode(
            y=y("mean:Q"), shape=shape, tooltip=tooltips(drawn)
        ),
    ]
    return figure(
        "learning_curves",
        alt.LayerChart(layer=layers, height=HEIGHT),
        title=titles.curves(curves),
        caption=titles.CURVES,
    )


def robustness(results: Mapping[str, Any]) -> Figure:
    """A panel for each kind of disturbance: every variant's error by strength."""
    drawn = rows.disturbed(results)
    color, dash, shape = looks(list(results["robustness"]["variants"]))
    x = alt.X("strength:Q", title="strength", axis=alt.Axis(tickCount=4, grid=False))
    y = partial(alt.Y, title="error, %")
    base = alt.Chart().encode(x=x, color=color)
    panel = alt.LayerChart(
        data=data(drawn),
        layer=[
            base.mark_line(strokeWidth=1.5).encode(y=y("mean:Q"), strokeDash=dash),
            base.mark_rule().encode(y=y("low:Q"), y2="high:Q"),
            base.mark_point(size=25, filled=True, opacity=1).encode(
                y=y("mean:Q"), shape=shape, tooltip=tooltips(drawn)
            ),
        ],
        width=PANEL,
        height=PANEL,
    )
    curves = list(dict.fromkeys(row["curve"] for row in drawn))
    facet = alt.Facet("curve:N", title=None, sort=curves)
    return figure(
        "robustness",
        panel.facet(facet, columns=3).resolve_scale(x="independent", y="independent"),
        section="Robustness",
        title=titles.robustness(results),
        caption=titles.ROBUSTNESS,
    )


def tuning(results: Mapping[str, Any]) -> Figure:
    """Every variant's best validation error so far by trial, on a logarithmic axis."""
    # As in the curves of training: no error at all is drawn at half an image.
    drawn = rows.trials(results, floor=0.5 / results["study"]["validation_images"])
    last = max(len(each["tuning"]["trials"]) for each in results["variants"].values()) - 1
    color, dash, shape = looks(list(results["variants"]))
    x = alt.X("trial:Q", axis=counting(0, last), scale=alt.Scale(nice=False, padding=10))
    scale = alt.Scale(type="log", nice=False, padding=10)
    y = alt.Y("value:Q", title="best validation error so far, %", scale=scale)
    best = [row for row in drawn if row["improved"]]
    layers = [
        alt.Chart(data(drawn))
        .mark_line(strokeWidth=2, interpolate="step-after")
        .encode(x=x, y=y, color=color, strokeDash=dash),
        alt.Chart(data(best))
        .mark_point(size=45, filled=True, opacity=1)
        .encode(x=x, y=y, color=color, shape=shape, tooltip=tooltips(best)),
    ]
    return figure(
        "tuning",
        alt.LayerChart(layer=layers, height=HEIGHT),
        section="Tuning",
        title=titles.tuning(results),
        caption=titles.TUNING,
    )
