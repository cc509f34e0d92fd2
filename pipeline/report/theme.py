"""The colours of the figures: of the data, for every reader, and of the page, light or dark."""

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import altair as alt

# Told apart by colour-blind readers (after Okabe and Ito), with enough contrast on a white and on
# a black page alike. Fewer dashes than colours, so that both repeat together after 30 lines only.
COLOURS = ("#0077bb", "#d55e00", "#009e73", "#cc6699", "#b8860b", "#7a6fd0")
DASHES = ([1, 0], [6, 3], [2, 2], [8, 2, 2, 2], [12, 4])
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross")
MARK, MUTED = COLOURS[0], "#8a8a8a"
SHADES = ("#f3f1ec", "#0077bb")  # of a count, from none on
FONT = "'Liberation Sans', Arial, Helvetica, sans-serif"


def config(*, dark: bool) -> dict[str, Any]:
    """Of everything but the data, as Vega-Lite's `config`."""
    ink, grid, page = ("#e6e6e6", "#3a3d42", None) if dark else ("#222222", "#dddddd", "#ffffff")
    words = {"labelColor": ink, "titleColor": ink, "labelFontSize": 12, "titleFontSize": 12}
    return {
        "background": page,
        "font": FONT,
        "axis": {
            **words,
            "titleFontWeight": "normal",
            "gridColor": grid,
            "domainColor": MUTED,
            "tickColor": MUTED,
            "labelLimit": 320,
        },
        "legend": {**words, "labelLimit": 220, "orient": "bottom", "columns": 4},
        "header": words,
        "title": {"color": ink, "anchor": "start", "frame": "group", "fontSize": 14, "offset": 12},
        "text": {"color": ink, "fontSize": 12},
        "view": {"stroke": None},
    }


def scale(names: Sequence[str], looks: Sequence[Any]) -> alt.Scale:
    """A look for each name, the same one whatever is drawn."""
    return alt.Scale(domain=list(names), range=[*assigned(names, looks).values()])


def assigned(names: Sequence[str], looks: Sequence[Any]) -> dict[str, Any]:
    """From the first look on, and from the first again where there are more names."""
    return dict(zip(names, cycle(looks), strict=False))
