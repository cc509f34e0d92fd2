import json
from dataclasses import replace
from typing import Any

import pytest

from pipeline.networks.describe import as_dict, as_text
from pipeline.networks.spec import NetworkSpec


@pytest.fixture(scope="module")
def described(lenet5: NetworkSpec) -> list[dict[str, Any]]:
    stride: dict[str, object] = {"subsampling": "stride"}
    return [
        as_dict("lenet5", {}, lenet5),
        as_dict("no_pooling", stride, replace(lenet5, subsampling="stride")),
    ]


def test_description_survives_json_and_has_exactly_the_promised_keys(
    described: list[dict[str, Any]],
) -> None:
    totals = ["variant", "difference", "parameters", "connections", "macs", "layers"]
    for variant in described:
        assert json.loads(json.dumps(variant)) == variant
        assert list(variant) == totals
        for layer in variant["layers"]:
            assert list(layer) == ["name", "output_shape", "parameters", "connections", "macs"]


def test_description_of_lenet5_is_the_papers(described: list[dict[str, Any]]) -> None:
    lenet5, no_pooling = described
    assert (lenet5["parameters"], lenet5["connections"], lenet5["macs"]) == (60000, 340908, 326520)
    assert lenet5["layers"][2] == {
        "name": "c3",
        "output_shape": [16, 10, 10],
        "parameters": 1516,
        "connections": 151600,
        "macs": 150000,
    }
    assert no_pooling["difference"] == {"subsampling": "stride"}


def test_table_has_a_line_for_each_layer_and_one_for_the_total(
    described: list[dict[str, Any]],
) -> None:
    first, second = as_text(described).split("\n\n")
    lines = [line.split() for line in first.splitlines()]
    assert first.startswith("lenet5  (the baseline)\n")
    assert second.startswith("no_pooling  (subsampling: stride)\n")
    assert lines[1] == ["layer", "output", "parameters", "connections", "MACs"]
    assert lines[2] == ["c1", "6x28x28", "156", "122,304", "117,600"]
    assert [line[0] for line in lines[2:]] == [
        "c1",
        "s2",
        "c3",
        "s4",
        "c5",
        "f6",
        "output",
        "total",
    ]
    assert lines[-1] == ["total", "60,000", "340,908", "326,520"]
    assert len({len(line) for line in first.splitlines()[1:]}) == 1  # the columns are aligned
