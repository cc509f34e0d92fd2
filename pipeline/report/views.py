"""What the networks learned, as pictures: what units of the first layer read, and their maps."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np

from pipeline.outputs.filters import Filters, Levels
from pipeline.report import captions, rows, titles
from pipeline.report.figure import Figure, canvas, data, figure, picked, tooltips
from pipeline.report.png import png

ACROSS, SIDE, GAP = 6, 72, 6  # pictures in a row; a picture's side and what is around it, pixels
LEFT, HEADING = 120, 24  # of a row: the room for its name; of a variant: for its
PLACES = ("upper left", "lower right")
SHIFTED = ("the digit", "shifted")

Pair = Mapping[str, Levels]
"""By name, rows of pictures [units, height, width]."""


def kernels(filters: Mapping[str, Filters]) -> Figure | None:
    """For each variant the weights of units in the first layer, at each of the places."""
    found: dict[str, Pair] = {
        name: dict(zip(_places(each.kernels), each.kernels, strict=True))
        for name, each in filters.items()
    }
    return _drawing("kernels", found, title=titles.kernels(found), caption=captions.KERNELS)


def maps(filters: Mapping[str, Filters], results: Mapping[str, Any]) -> Figure | None:
    """For each variant with maps those of a digit, and of the digit shifted; None without any."""
    found: dict[str, Pair] = {
        name: dict(zip(SHIFTED, each.maps, strict=True))
        for name, each in filters.items()
        if each.maps.size
    }
    return _drawing("maps", found, title=titles.maps(results), caption=captions.MAPS)


def _places(kernels: Levels) -> tuple[str, ...]:
    return PLACES if len(kernels) == len(PLACES) else ("first units",)


def _drawing(name: str, pairs: Mapping[str, Pair], *, title: str, caption: str) -> Figure | None:
    if not pairs:
        return None
    headings, names, drawn, height = _laid_out(pairs)
    base = alt.Chart().encode(**canvas(height), opacity=picked())
    words = base.mark_text(align="left", fontSize=11).encode(text="read:N")
    image = base.mark_image(width=SIDE, height=SIDE, aspect=False, smooth=False)
    layers = [
        words.mark_text(align="left", fontWeight="bold").properties(data=data(headings)),
        words.properties(data=data(names)),
        image.encode(url="picture:N", description="read:N", tooltip=tooltips(drawn)).properties(
            data=data(drawn)
        ),
    ]
    return figure(
        name,
        alt.LayerChart(layer=layers, height=height),
        fixed=True,
        title=title,
        caption=caption,
    )


def _laid_out(pairs: Mapping[str, Pair]) -> tuple[rows.Rows, rows.Rows, rows.Rows, float]:
    """The names of variants, the names of rows, the pictures, and how high all of it is."""
    headings: rows.Rows = []
    names: rows.Rows = []
    drawn: rows.Rows = []
    y = 0.0
    for variant, pair in pairs.items():
        headings.append({"variant": variant, "x": 0, "y": y + HEADING / 2, "read": variant})
        y += HEADING
        largest = max(float(np.nanmax(np.abs(row), initial=0)) for row in pair.values())
        for name, row in pair.items():
            middle = y + SIDE / 2
            names.append({"variant": variant, "x": 0, "y": middle, "read": name})
            drawn += [
                {
                    "variant": variant,
                    "x": LEFT + (number + 0.5) * (SIDE + GAP),
                    "y": middle,
                    "picture": png(_grey(picture, largest)),
                    "read": f"{variant}, number {number + 1}, {name}",
                }
                for number, picture in enumerate(row[:ACROSS])
            ]
            y += SIDE + GAP
    return headings, names, drawn, y


def _grey(levels: Levels, largest: float) -> Any:
    """Dark where high, light where low; no number is a zero, in the middle."""
    shares = np.nan_to_num(levels / largest) if largest else np.zeros_like(levels)
    return np.rint(127.5 * (1 - shares)).astype(np.uint8)
