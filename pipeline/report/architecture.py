"""The drawing of each variant's architecture: what stands where, from the summary of its sizes.

Lengths are pixels of the figure, to the right and down from its top left corner.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, inf
from typing import Any

from pipeline.networks.sizes import Layer, ModelSummary
from pipeline.report import rows, theme

Box = dict[str, float]
Mark = tuple[str, dict[str, Any]]

# These keep their columns in every row; a perceptron's layers spread over the same width.
COLUMNS = ("input", "c1", "s2", "c3", "s4", "c5", "f6", "output")
COLUMN, ROW = 75, 150
HEADING, ROOM, MARGIN, LINE = 28, 66, 6, 13  # of a row: its top, the drawings, lines of labels
SIDE, OFFSET, BAR = 1.5, 2, 6  # a unit along the side of a map, a map to the next, a bar's width
CHARACTER = 7  # of a label, at most about

# How each kind of mark looks, those in front last, on a white page and on a black one alike. What
# changed is told without colour by its thick outline and by its bold name.
MARKS: dict[str, dict[str, Any]] = {
    "border": {"type": "rule", "color": theme.MUTED, "opacity": 0.4},
    "same": {"type": "rect", "fill": "#bfc4ca", "stroke": "#7a8088", "strokeWidth": 0.75},
    "changed": {"type": "rect", "fill": "#8cc4e8", "stroke": theme.MARK, "strokeWidth": 1.5},
    "absent": {"type": "rect", "fill": None, "stroke": theme.MUTED, "strokeDash": [3, 3]},
    "ray": {"type": "rule", "color": "#777777", "strokeWidth": 0.75},
    "window": {"type": "rect", "fill": None, "stroke": "#222222", "strokeWidth": 0.75},
    "variant": {"type": "text", "fontWeight": "bold", "align": "left", "limit": 175},
    "difference": {"type": "text", "fontSize": 11, "align": "right", "limit": 410},
    "label": {"type": "text", "fontSize": 11},
    "bold": {"type": "text", "fontSize": 11, "fontWeight": "bold"},
    "summary": {"type": "rect", "opacity": 0},  # its tooltip
}


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A layer in its place, with its look beside the baseline: same, changed or absent.

    `boxes` has a square for each map, the last one in front, or the bar of a layer of units.
    """

    layer: Layer
    look: str
    x: float
    y: float
    boxes: list[Box]


def draw(summaries: Mapping[str, ModelSummary], baseline: ModelSummary) -> dict[str, list[Drawn]]:
    """The layers of each variant, a row below the other."""
    units = units_in_a_pixel(summaries.values())
    return {
        name: list(row(summary, baseline, y=place * ROW + HEADING + ROOM / 2, units=units))
        for place, (name, summary) in enumerate(summaries.items())
    }


def units_in_a_pixel(summaries: Iterable[ModelSummary]) -> int:
    """Of a bar's height: so many that the widest layer of all fits in its row."""
    shapes = [layer.output_shape for summary in summaries for layer in summary.layers]
    return ceil(max(units for units, *sides in shapes if not sides) / ROOM)


def row(summary: ModelSummary, baseline: ModelSummary, *, y: float, units: int) -> Iterator[Drawn]:
    """From input to output, then what the baseline has and the variant lacks.

    A perceptron has another body altogether: it lacks nothing.
    """
    own, others = by_name(summary), by_name(baseline)
    looks = {name: "same" if others.get(name) == own[name] else "changed" for name in own}
    if "c1" in own:
        looks |= {name: "absent" for name in COLUMNS if name in others and name not in own}
    places = spread(summary) | {name: float(place) for place, name in enumerate(COLUMNS)}
    for name, look in looks.items():
        layer, x = (others | own)[name], (places[name] + 0.5) * COLUMN
        maps = 1 if look == "absent" else layer.output_shape[0]
        yield Drawn(layer=layer, look=look, x=x, y=y, boxes=boxes(layer, x, y, maps, units))


def spread(summary: ModelSummary) -> dict[str, float]:
    """In columns from the left, the places of layers that have no column of their own."""
    names = [layer.name for layer in summary.layers if layer.name not in COLUMNS]
    step = (len(COLUMNS) - 1) / (len(names) + 1)
    return {name: number * step for number, name in enumerate(names, start=1)}


def by_name(summary: ModelSummary) -> dict[str, Layer]:
    return {layer.name: layer for layer in (summary.input, *summary.layers)}


def boxes(layer: Layer, x: float, y: float, maps: int, units: int) -> list[Box]:
    """Around (x, y): squares of the layer's maps, as many as `maps` says, or its bar."""
    number, *sides = layer.output_shape
    if not sides:
        return [box(x, y, BAR, max(1, number / units))]
    side = SIDE * sides[0]
    # Many maps move together, so that their stack stays in the row.
    offset = min(OFFSET, (ROOM - side) / max(1, maps - 1))
    shifts = [(place - (maps - 1) / 2) * offset for place in range(maps)]
    return [box(x + shift, y + shift, side, side) for shift in shifts]


def box(x: float, y: float, width: float, height: float) -> Box:
    """Around (x, y)."""
    left, top = x - width / 2, y - height / 2
    corners = {"x": left, "y": top, "x2": left + width, "y2": top + height}
    return {corner: round(place, 2) for corner, place in corners.items()}


def centre(of: Box) -> tuple[float, float]:
    return (of["x"] + of["x2"]) / 2, (of["y"] + of["y2"]) / 2


def marks(
    drawn: Mapping[str, list[Drawn]],
    baseline: ModelSummary,
    differences: Mapping[str, str],
) -> dict[str, rows.Rows]:
    """What there is to draw of each kind in `MARKS`; `differences` are in words."""
    found: dict[str, rows.Rows] = {kind: [] for kind in MARKS}
    for place, (name, layers) in enumerate(drawn.items()):
        heading = _heading(place * ROW, name, differences[name])
        for kind, mark in (*heading, *_row(name, layers, baseline)):
            found[kind].append(mark)
    return found


def _heading(top: float, variant: str, difference: str) -> Iterator[Mark]:
    right, middle = len(COLUMNS) * COLUMN, top + HEADING / 2
    if top:
        yield "border", {"x": 0, "y": top, "x2": right, "y2": top}
    yield "variant", {"x": 0, "y": middle, "text": variant}
    yield "difference", {"x": right, "y": middle, "text": difference or "baseline"}


def _row(variant: str, layers: list[Drawn], baseline: ModelSummary) -> Iterator[Mark]:
    for drawn in layers:
        yield from ((drawn.look, each) for each in drawn.boxes)
    for line in range(rows.LABELS):
        yield from _labels(layers, line)
    present = [drawn for drawn in layers if drawn.look != "absent"]
    for before, drawn in pairwise(present):
        yield from _reading(drawn, before)
    others = by_name(baseline)
    for drawn in present:
        below = MARGIN + rows.LABELS * LINE
        around = box(drawn.x, drawn.y + below / 2, COLUMN, ROOM + below)
        found = rows.layer(variant, drawn.layer, others.get(drawn.layer.name))
        yield "summary", {**around, **found}


def _labels(layers: list[Drawn], line: int) -> Iterator[Mark]:
    """From left to right. Where layers crowd, what would touch the label before is left out."""
    taken = -inf
    for drawn in sorted(layers, key=lambda each: each.x):
        top = drawn.y + ROOM / 2 + MARGIN
        kind = "bold" if line == 0 and drawn.look == "changed" else "label"
        for text in rows.labels(drawn.layer, absent=drawn.look == "absent")[line : line + 1]:
            width = CHARACTER * len(text)
            if drawn.x - width / 2 >= taken:
                taken = drawn.x + width / 2
                yield kind, {"x": drawn.x, "y": top + (line + 0.5) * LINE, "text": text}


def _reading(drawn: Drawn, before: Drawn) -> Iterator[Mark]:
    """What one unit reads, on the front of the layer before, and the lines from there to it."""
    source, target = before.boxes[-1], drawn.boxes[-1]
    if len(before.layer.output_shape) > 1:
        side = SIDE * drawn.layer.window
        source = box(*centre(source), side, side)
        if side < SIDE * before.layer.output_shape[-1]:
            yield "window", source
    x, y = centre(target)
    if len(drawn.layer.output_shape) == 1:
        x = target["x"]
    for end in ("y", "y2"):
        yield "ray", {"x": source["x2"], "y": source[end], "x2": x, "y2": y}
