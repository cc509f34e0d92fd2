"""A figure of the report, and what all of them are built of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import vl_convert

from pipeline.report import rows, theme

WIDTH, HEIGHT, ROW_HEIGHT = 600, 320, 34


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure; `name` is its file's, without the ending; `spec` lacks the colours of a page."""

    name: str
    section: str
    """The heading under which it stands."""
    title: str
    caption: str
    spec: dict[str, Any]

    def svg(self) -> str:
        """As it stands beside the Markdown, dark on white."""
        return vl_convert.vegalite_to_svg({**self.spec, "config": theme.config(dark=False)})


def figure(
    name: str,
    chart: alt.LayerChart | alt.FacetChart,
    *,
    title: str,
    caption: str,
    section: str = "Results",
) -> Figure:
    words: dict[str, Any] = {"title": title, "description": f"{title}. {caption}"}
    if isinstance(chart, alt.LayerChart):  # the panels of the other have a width of their own
        words["width"] = WIDTH
    spec = chart.properties(**words).to_dict()
    del spec["config"]  # altair's own theme; ours depends on the page
    return Figure(name=name, section=section, title=title, caption=caption, spec=spec)


def looks(variants: Sequence[str]) -> tuple[alt.Color, alt.StrokeDash, alt.Shape]:
    """A variant's line has a colour and a dash, its points a shape: one legend for all three."""
    legend = alt.Legend(title=None, orient="bottom", columns=4, symbolSize=80, symbolOpacity=1)
    return (
        alt.Color("variant:N", scale=theme.scale(variants, theme.COLOURS), legend=legend),
        alt.StrokeDash("variant:N", scale=theme.scale(variants, theme.DASHES), legend=legend),
        alt.Shape("variant:N", scale=theme.scale(variants, theme.SHAPES), legend=legend),
    )


def counting(first: int, last: int) -> alt.Axis:
    """An axis of whole numbers, with at most some twenty of them written."""
    ticks = list(range(first, last + 1, 1 + (last - first + 1) // 20))
    return alt.Axis(values=ticks, format="d", grid=False)


def tooltips(drawn: rows.Rows) -> list[alt.Tooltip]:
    fields = [field for field in rows.TOOLTIPS if drawn and field in drawn[0]]
    return [alt.Tooltip(f"{field}:N", title=rows.TOOLTIPS[field]) for field in fields]


def data(values: rows.Rows) -> alt.InlineData:
    return alt.InlineData(values=values)
