import json
from dataclasses import replace
from typing import Any

import pytest

from pipeline.networks.describe import as_dict, as_text, claim, describe_difference
from pipeline.networks.matching import matched
from pipeline.networks.sizes import ModelSummary
from pipeline.networks.spec import NetworkSpec
from pipeline.networks.summary import summarize

DIFFERENCES: dict[str, dict[str, Any]] = {
    "lenet5": {},
    "no_pooling": {"subsampling": "stride"},
    "mlp": {"hidden_sizes": (300, 100), "output": "linear"},
    "own_table": {"c3_table": ((0, 5), (2,))},
}


@pytest.fixture(scope="module")
def summaries(lenet5: NetworkSpec) -> dict[str, ModelSummary]:
    return {name: summarize(replace(lenet5, **words)) for name, words in DIFFERENCES.items()}


@pytest.fixture(scope="module")
def described(summaries: dict[str, ModelSummary]) -> list[dict[str, Any]]:
    return [as_dict(name, words, summaries[name]) for name, words in DIFFERENCES.items()]


@pytest.fixture(scope="module")
def parts(summaries: dict[str, ModelSummary]) -> list[str]:
    """Of the text: the family, a table for each variant, legend and claim."""
    return as_text(summaries, DIFFERENCES).split("\n\n")


def test_description_survives_json_and_has_exactly_the_promised_keys(
    described: list[dict[str, Any]],
) -> None:
    sizes = ["parameters", "connections", "macs", "activation_bytes"]
    for variant in described:
        assert json.loads(json.dumps(variant)) == variant
        assert list(variant) == ["variant", "difference", *sizes, "layers"]
        for layer in variant["layers"]:
            words = ["name", "form", "activation", "output_shape", "receptive_field"]
            assert list(layer) == [*words, *sizes]


def test_description_of_lenet5_is_the_papers(described: list[dict[str, Any]]) -> None:
    lenet5, *others = described
    assert (lenet5["parameters"], lenet5["connections"], lenet5["macs"]) == (60000, 340908, 326520)
    assert lenet5["layers"][2] == {
        "name": "c3",
        "form": "a 5x5 kernel for each map, table I",
        "activation": "scaled_tanh",
        "output_shape": [16, 10, 10],
        "receptive_field": 14,
        "parameters": 1516,
        "connections": 151600,
        "macs": 150000,
        "activation_bytes": 6400,
    }
    assert [variant["difference"] for variant in others] == [
        {"subsampling": "stride"},
        {"hidden_sizes": [300, 100], "output": "linear"},
        {"c3_table": [[0, 5], [2]]},
    ]


def test_text_begins_with_the_family_and_its_differences(parts: list[str]) -> None:
    family = parts[0].splitlines()
    cells = [line.split() for line in family]
    assert cells[0][:3] == ["variant", "differs", "in"]
    assert cells[1] == ["lenet5", "-", "60,000", "340,908", "326,520", "32,376"]
    assert cells[2][:4] == ["no_pooling", "subsampling:", "stride", "60,000"]
    assert "hidden_sizes: 300-100, output: linear" in family[3]
    assert len({len(line) for line in family}) == 1  # the columns are aligned


def test_variant_has_a_line_for_each_layer_and_one_for_the_total(parts: list[str]) -> None:
    first, second = parts[1:3]
    lines = [line.split() for line in first.splitlines()]
    assert first.startswith("lenet5  (the baseline)\n")
    assert second.startswith("no_pooling  (subsampling: stride)\n")
    assert lines[2][:7] == ["c1", "6x28x28", "5", "156", "122,304", "117,600", "18,816"]
    names = ["c1", "s2", "c3", "s4", "c5", "f6", "output", "total"]
    assert [line[0] for line in lines[2:]] == names
    assert lines[-1] == ["total", "60,000", "340,908", "326,520", "32,376"]


def test_layers_that_differ_from_the_baselines_are_marked(parts: list[str]) -> None:
    tables = parts[1:5]
    marked = [[line.split()[1] for line in t.splitlines() if line[0] == "*"] for t in tables]
    assert marked == [
        [],
        ["c1", "s2", "c3", "s4"],
        ["h1", "h2", "output"],
        ["c3", "s4", "c5"],
    ]


def test_size_of_full_connection_is_quoted_last(parts: list[str]) -> None:
    last = parts[-1]
    assert last == claim(60_000)
    assert "40x40" in last
    assert "100 fully connected units" in last
    assert "160,000 weights" in last  # 40 * 40 * 100
    assert "60,000 parameters" in last


@pytest.mark.parametrize(
    ("difference", "text"),
    [
        ({}, ""),
        ({"input_size": 28, "output": "linear"}, "input_size: 28, output: linear"),
        ({"output": "linear", "input_size": 28}, "output: linear, input_size: 28"),
        ({"hidden_sizes": (300, 100)}, "hidden_sizes: 300-100"),
        ({"c5_units": "paper"}, "c5_units: paper"),
        ({"c3_table": ((0, 1), (2,))}, "c3_table: a table of 2 maps"),
    ],
    ids=str,
)
def test_differences_are_told_as_they_are_written(
    difference: dict[str, object], text: str
) -> None:
    assert describe_difference(difference) == text


@pytest.mark.parametrize(
    ("difference", "text"),
    [
        # The widths are those that test_matching derives.
        ({"subsampling": "stride", "match": "macs"}, "stride, match: macs (535 units in C5)"),
        (
            {"match": "macs", "hidden_sizes": (300, 100), "output": "linear"},
            "match: macs (360-120), hidden_sizes: 300-100, output: linear",
        ),
        (
            {"hidden_sizes": (1, 84), "match": "parameters"},
            "hidden_sizes: 1-84, match: parameters (69-84)",
        ),
        ({"subsampling": "stride", "match": "none"}, "subsampling: stride, match: none"),
    ],
    ids=str,
)
def test_what_match_computed_is_told(
    lenet5: NetworkSpec, difference: dict[str, Any], text: str
) -> None:
    written = {field: word for field, word in difference.items() if field != "match"}
    network = matched(replace(lenet5, **written), lenet5, difference["match"])
    assert describe_difference(difference, summarize(network)).endswith(text)
    assert "(" not in describe_difference(difference)
