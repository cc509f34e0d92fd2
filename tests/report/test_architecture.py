import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace
from itertools import chain, pairwise
from typing import Any

import pytest

from pipeline.networks.sizes import ModelSummary
from pipeline.networks.spec import NetworkSpec
from pipeline.networks.summary import summarize
from pipeline.report import architecture, charts, rows
from pipeline.report.architecture import BAR, CHARACTER, COLUMN, COLUMNS, MARKS, ROW, SIDE, Drawn
from pipeline.report.figure import WIDTH, Figure

FAMILY: dict[str, dict[str, Any]] = {
    "lenet5": {},
    "no_weight_sharing": {"connectivity": "unshared"},
    "fully_connected": {"connectivity": "full"},
    "no_pooling": {"subsampling": "stride"},
    "pooling_deleted": {"subsampling": "none"},
    "one_stage": {"feature_stages": 1},
    "no_border": {"input_size": 28},
    "relu": {"activation": "relu"},
    "linear_output": {"output": "linear"},
    "mlp": {"hidden_sizes": (800, 100), "output": "linear"},
}


@pytest.fixture(scope="module")
def family(lenet5: NetworkSpec) -> dict[str, ModelSummary]:
    return {name: summarize(replace(lenet5, **words)) for name, words in FAMILY.items()}


@pytest.fixture(scope="module")
def drawn(family: dict[str, ModelSummary]) -> dict[str, dict[str, Drawn]]:
    """By variant and by layer."""
    layers = architecture.draw(family, family["lenet5"])
    return {name: {each.layer.name: each for each in row} for name, row in layers.items()}


@pytest.fixture(scope="module")
def figure(family: dict[str, ModelSummary]) -> Figure:
    return charts.architectures(family, baseline="lenet5", differences=FAMILY)


def looking(row: dict[str, Drawn], look: str) -> set[str]:
    return {name for name, each in row.items() if each.look == look}


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter() if "text" in element.tag]


def test_each_map_is_a_square_to_scale(drawn: dict[str, dict[str, Drawn]]) -> None:
    layers = [each for row in drawn.values() for each in row.values() if each.look != "absent"]
    stacks = [each for each in layers if len(each.layer.output_shape) == 3]
    assert {each.layer.name for each in stacks} == {"input", "c1", "s2", "c3", "s4"}
    for each in stacks:
        maps, *size = each.layer.output_shape
        assert len(each.boxes) == maps
        for box in each.boxes:
            sides = [box["x2"] - box["x"], box["y2"] - box["y"]]
            assert sides == pytest.approx([SIDE * side for side in size], abs=0.011)


def test_each_layer_of_units_is_a_bar_to_one_scale(drawn: dict[str, dict[str, Drawn]]) -> None:
    layers = [each for row in drawn.values() for each in row.values()]
    for each in (each for each in layers if len(each.layer.output_shape) == 1):
        [box] = each.boxes
        assert box["x2"] - box["x"] == BAR
        # 800 units are the widest layer: 13 in a pixel, and it fits. The output's 10 are visible.
        height = max(1, each.layer.output_shape[0] / 13)
        assert box["y2"] - box["y"] == pytest.approx(height, abs=0.011)


@pytest.mark.parametrize(
    ("variant", "changed", "absent"),
    [
        ("lenet5", "", ""),
        ("no_weight_sharing", "c1 c3", ""),
        ("fully_connected", "c1 c3", ""),
        ("no_pooling", "c1 s2 c3 s4", ""),
        ("pooling_deleted", "c3 c5", "s2 s4"),
        ("one_stage", "c5 f6", "c3 s4"),
        ("no_border", "input c1 s2 c3 s4 c5", ""),
        ("relu", "c1 s2 c3 s4 c5", ""),
        ("linear_output", "output", ""),
        ("mlp", "input h1 h2 output", ""),
    ],
)
def test_what_changed_is_highlighted_and_what_is_absent_a_ghost(
    drawn: dict[str, dict[str, Drawn]], variant: str, changed: str, absent: str
) -> None:
    row = drawn[variant]
    assert looking(row, "changed") == set(changed.split())
    assert looking(row, "absent") == set(absent.split())
    assert looking(row, "same") == row.keys() - {*changed.split(), *absent.split()}


def test_the_highlight_is_told_without_colour() -> None:
    assert MARKS["changed"]["strokeWidth"] > MARKS["same"]["strokeWidth"]
    assert MARKS["bold"]["fontWeight"] == "bold"
    assert MARKS["absent"]["strokeDash"]


def test_a_layer_has_the_same_column_in_every_row(drawn: dict[str, dict[str, Drawn]]) -> None:
    assert len(COLUMNS) * COLUMN == WIDTH
    for row in drawn.values():
        for name, each in row.items():
            if name in COLUMNS:
                assert each.x == drawn["lenet5"][name].x
    xs = [drawn["mlp"][name].x for name in ("input", "h1", "h2", "output")]
    assert [right - left for left, right in pairwise(xs)] == pytest.approx([175] * 3)


def test_drawings_stay_in_their_rows_and_apart(drawn: dict[str, dict[str, Drawn]]) -> None:
    for place, row in enumerate(drawn.values()):
        boxes = [box for each in row.values() for box in each.boxes]
        assert min(box["y"] for box in boxes) >= place * ROW
        assert max(box["y2"] for box in boxes) < (place + 1) * ROW
        left_to_right = sorted(row.values(), key=lambda each: each.x)
        for left, right in pairwise(left_to_right):
            assert left.boxes[-1]["x2"] < right.boxes[0]["x"]


def test_a_table_of_many_maps_still_fits(lenet5: NetworkSpec) -> None:
    table = tuple((0,) for _ in range(100))
    found = summarize(replace(lenet5, c3_table=table))
    c3 = next(
        each for each in architecture.draw({"own": found}, found)["own"] if each.layer.name == "c3"
    )
    assert len(c3.boxes) == 100
    assert c3.boxes[-1]["y2"] - c3.boxes[0]["y"] <= architecture.ROOM


@pytest.mark.parametrize("number", [2, 12, 30])
def test_labels_do_not_touch_where_layers_crowd(lenet5: NetworkSpec, number: int) -> None:
    deep = summarize(replace(lenet5, hidden_sizes=(300,) * number, output="linear"))
    found = architecture.marks(architecture.draw({"v": deep}, deep), deep, {"v": ""})
    lines: dict[float, list[dict[str, Any]]] = {}
    for mark in found["label"]:
        lines.setdefault(mark["y"], []).append(mark)
    names, shapes, parameters = lines.values()
    for left, right in chain.from_iterable(map(pairwise, (names, shapes, parameters))):
        width = CHARACTER * (len(left["text"]) + len(right["text"])) / 2
        assert right["x"] - left["x"] >= width
    assert parameters[0]["text"] == "parameters:"
    assert (len(parameters) == number + 2) == (number == 2)
    assert len(names) >= len(parameters)


def test_what_stands_beside_the_layers_is_of_those_present(
    family: dict[str, ModelSummary],
) -> None:
    drawn = architecture.draw({"v": family["pooling_deleted"]}, family["lenet5"])
    marks = architecture.marks(drawn, family["lenet5"], {"v": "subsampling: none"})
    assert [mark["text"] for mark in marks["bold"]] == ["C3", "C5"]
    present = ["Input", "C1", "C3", "C5", "F6", "Output"]
    assert [mark["layer"] for mark in marks["summary"]] == present
    assert len(marks["ray"]) == 2 * (len(present) - 1)
    # What C5 reads is the whole of C3, whose outline is there already.
    sides = [mark["x2"] - mark["x"] for mark in marks["window"]]
    assert sides == pytest.approx([5 * SIDE, 5 * SIDE], abs=0.011)


def test_the_drawing_names_every_layer_with_its_shape_and_parameters(figure: Figure) -> None:
    shown = Counter(texts(figure.svg()))
    assert shown["C1"] == len(FAMILY) - 1
    assert shown["absent"] == 4
    names = {"Input", "S2", "C3", "S4", "C5", "F6", "H1", "H2", "Output"}
    shapes = {"32x32", "6@28x28", "16@24x24", "120", "800"}
    parameters = {"156", "122,304", "1,106,040", "628,000"}
    headings = {figure.title, "baseline", "hidden_sizes: 800-100, output: linear", *FAMILY}
    assert names | shapes | parameters | headings <= shown.keys()


def test_the_drawing_is_the_same_bytes_each_time(
    family: dict[str, ModelSummary], figure: Figure
) -> None:
    assert charts.architectures(family, baseline="lenet5", differences=FAMILY) == figure
    assert figure.svg() == figure.svg()


def test_a_variant_is_drawn_alone(family: dict[str, ModelSummary]) -> None:
    alone = {"no_pooling": FAMILY["no_pooling"]}
    figure = charts.architectures(family, baseline="lenet5", differences=alone)
    shown = texts(figure.svg())
    assert "no_pooling" in shown
    assert "lenet5" not in shown
    assert figure.title == "no_pooling, drawn to scale; what differs from lenet5 is blue and bold"
    assert "a pixel for 2 units" in figure.caption


def test_a_tooltip_tells_the_summary_and_what_differs(family: dict[str, ModelSummary]) -> None:
    row = rows.layer("v", family["no_weight_sharing"]["c1"], family["lenet5"]["c1"])
    assert row["form"] == "a 5x5 kernel for each unit"
    assert (row["parameters"], row["activations"]) == ("122,304", "18,816 bytes")
    assert row["differs"] == "form, parameters"
    assert rows.layer("v", family["mlp"]["h1"], None)["differs"].startswith("all")
