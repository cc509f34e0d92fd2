"""What the report says of networks trained on fewer images, where a study has any."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import altair as alt

from pipeline.analysis.samples import AREA
from pipeline.report import numbers, rows, titles
from pipeline.report.figure import HEIGHT, Figure, data, figure, looks, tooltips
from pipeline.report.tables import Table
from pipeline.report.worth import idea_table

SECTION = "Fewer training images"


def introduction(results: Mapping[str, Any]) -> str:
    """Who was trained on what, and for how long; empty where the study has none."""
    found, study = results["samples"], results["study"]
    if not found:
        return ""
    fewer = [numbers.count(size) for size in found["sizes"][:-1]]
    return (
        f"How many digits does a network need? {_those(found['variants'])} also trained on "
        f"{numbers.listed(fewer)} of the {numbers.count(study['training_images'])} images, with "
        "the seeds and the settings of the final trainings. A seed puts all images in one order, "
        "whatever the variant, and takes the first, so that more images are the fewer and others. "
        "Fewer were seen more often, in proportion, but for at most ten times as many epochs: few "
        "images are not to mean few steps. The settings were tuned on many images; what would be "
        "best for few is not asked. All of this is exploratory, without verdicts."
    )


def sample_table(results: Mapping[str, Any]) -> Table | None:
    """A row a variant, a column a number of training images; None where the study has none."""
    found, baseline = results["samples"], results["study"]["baseline"]
    if not found:
        return None
    sizes = found["sizes"]
    return Table(
        caption="Test error by number of training images, in %, with 95 % intervals over seeds "
        "and images. Area: the mean error along the logarithm of that number, in which every "
        f"doubling counts the same. Change of the area: against {baseline}, paired by seed.",
        columns=(
            *("Variant", *(numbers.count(size) for size in sizes)),
            *("Area, %", "Change of the area, points", "n (seeds × images)"),
        ),
        numeric=(False, *[True] * (len(sizes) + 3)),
        rows=tuple(_row(name, each) for name, each in found["variants"].items()),
    )


def worth_of_ideas(results: Mapping[str, Any]) -> Table | None:
    """A row an idea, where the study has all networks for any."""
    ideas = results["samples"] and results["samples"]["attribution"]["ideas"]
    if not ideas:
        return None
    return idea_table(
        ideas,
        headings=["To the area"],
        caption="What each idea adds to the area under the error by number of training images, in "
        "points, with 95 % intervals over seeds and images, as under “What each idea is worth”: "
        "below zero a network misreads less with it than without.",
    )


def drawing(results: Mapping[str, Any]) -> list[Figure]:
    """Error by number of training images, both on logarithmic axes; none where there are none."""
    found = results["samples"]
    if not found:
        return []
    drawn = _points(results)
    color, dash, shape = looks(list(found["variants"]))
    axis = alt.Axis(values=found["sizes"], format=",d", grid=False)
    scale = alt.Scale(type="log", nice=False, padding=10)
    x = alt.X("images:Q", title="training images", axis=axis, scale=scale)
    y = partial(alt.Y, title="test error, %", scale=scale)
    base = alt.Chart(data(drawn)).encode(x=x, color=color)
    layers = [
        base.mark_line(strokeWidth=2).encode(y=y("mean:Q"), strokeDash=dash),
        base.mark_rule().encode(y=y("low:Q"), y2="high:Q"),
        base.mark_point(size=45, filled=True, opacity=1).encode(
            y=y("mean:Q"), shape=shape, tooltip=tooltips(drawn)
        ),
    ]
    return [
        figure(
            "samples",
            alt.LayerChart(layer=layers, height=HEIGHT),
            section=SECTION,
            title=titles.samples(results),
            caption=titles.SAMPLES,
        )
    ]


def _points(results: Mapping[str, Any]) -> rows.Rows:
    """A row for each variant and number of training images."""
    found = results["samples"]
    # As in the curves of training: no error at all is drawn at half an image.
    floor = 50 / results["study"]["test_images"]  # in percent
    return [
        {
            "variant": name,
            "images": size,
            "mean": max(floor, 100 * error["mean"]),
            "estimate": numbers.share(error | {"ci95": None}) + " %",
            **_drawn(rows.interval(error["ci95"]), floor),
            "n": rows.size(error, "seed"),
        }
        for name, each in found["variants"].items()
        for size in found["sizes"]
        for error in [each["errors"][str(size)]]
    ]


def _drawn(limits: Mapping[str, Any], floor: float) -> dict[str, Any]:
    if limits["low"] is None:
        return dict(limits)
    return {**limits, **{end: max(floor, limits[end]) for end in ("low", "high")}}


def _row(name: str, found: Mapping[str, Any]) -> tuple[str, ...]:
    errors, change = found["errors"], found["changes"] and found["changes"][AREA]
    return (
        name,
        *(numbers.share(error) for error in errors.values()),
        numbers.change_with_interval(change["mean"], change["ci95"]) if change else numbers.NONE,
        numbers.sample(errors[AREA]),
    )


def _those(variants: Mapping[str, Any]) -> str:
    names = numbers.listed([f"`{name}`" for name in variants])
    return f"{names} {'was' if len(variants) == 1 else 'were'}"
