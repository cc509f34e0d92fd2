"""A figure of the report, and what all of them are built of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import vl_convert

from pipeline.report import rows, theme

WIDTH, HEIGHT, ROW_HEIGHT = 600, 320, 36


CHOSEN = "chosen"  # the variant that the reader has picked in the page, or null
PICKED = f"{CHOSEN} === null || datum.variant === {CHOSEN}"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure; `name` is its file's, without the ending; `spec` lacks the colours of a page."""

    name: str
    title: str
    caption: str
    spec: dict[str, Any]

    @property
    def untitled(self) -> dict[str, Any]:
        """For a page, which sets the title itself: there it wraps."""
        return {field: value for field, value in self.spec.items() if field != "title"}

    def svg(self, *, titled: bool = True) -> str:
        """As it stands beside the Markdown, dark on white."""
        spec = self.spec if titled else self.untitled
        return vl_convert.vegalite_to_svg({**spec, "config": theme.config(dark=False)})


def figure(
    name: str,
    chart: alt.LayerChart | alt.FacetChart,
    *,
    title: str,
    caption: str,
    drawn: rows.Rows | None = None,
    fixed: bool = False,
) -> Figure:
    """A single view is as wide as there is room for, unless it is `fixed`.

    The caption ends with the sizes of the samples in `drawn`.
    """
    caption += rows.sizes(drawn or [])
    words: dict[str, Any] = {
        "title": title,
        "description": f"{title}. {caption}",
        "params": [alt.VariableParameter(name=CHOSEN, value=None)],
        "usermeta": {"fixed": fixed},
    }
    if isinstance(chart, alt.LayerChart):  # the panels of the other have a width of their own
        words["width"] = WIDTH
    spec = chart.properties(**words).to_dict()
    del spec["config"]  # altair's own theme; ours depends on the page
    return Figure(name=name, title=title, caption=caption, spec=spec)


def picked(opacity: float = 1.0) -> Any:
    """The marks of the variant that the reader has picked stand out; all do where none is."""
    return alt.condition(PICKED, alt.value(opacity), alt.value(opacity / 8))


def canvas(height: float) -> dict[str, Any]:
    """Places in pixels of a `fixed` figure, to the right and down from its top left corner."""
    return {
        "x": alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, WIDTH])),
        "y": alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[height, 0])),
    }


def looks(variants: Sequence[str]) -> tuple[alt.Color, alt.StrokeDash, alt.Shape]:
    """A variant's line has a colour and a dash, its points a shape: one legend for all three."""
    legend = alt.Legend(title=None, symbolSize=80, symbolOpacity=1)
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
