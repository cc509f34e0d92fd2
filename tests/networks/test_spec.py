from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from pipeline.networks.spec import CODE_UNITS, NetworkSpec


@pytest.mark.parametrize(
    ("difference", "complaint"),
    [
        ({"connectivity": "own"}, "`connectivity` must be one of shared, .* but got 'own'."),
        ({"connectivity": 3}, "`connectivity` must be one of shared, .* but got 3."),
        ({"feature_stages": True}, "`feature_stages` must be one of 2, 1, but got True."),
        ({"c5_units": "wide"}, "`c5_units` must be 'paper' or a number, but got 'wide'."),
        ({"feature_stages": 3}, "`feature_stages` must be one of 2, 1, but got 3."),
        ({"c3_table": "mine"}, "`c3_table` must be one of paper, complete, but got 'mine'."),
        ({"subsampling": "mean"}, "`subsampling` must be one of .*, but got 'mean'."),
        ({"activation": "tanh"}, "`activation` must be one of .*, but got 'tanh'."),
        ({"output": "softmax"}, "`output` must be one of rbf, linear, but got 'softmax'."),
        (
            {"input_size": 34},
            "`input_size` must be an even number of pixels up to 32, but got 34.",
        ),
        (
            {"input_size": 27},
            "`input_size` must be an even number of pixels up to 32, but got 27.",
        ),
        ({"input_size": 0}, "`input_size` must be an even number of pixels up to 32, but got 0."),
        ({"c5_units": 0}, "`c5_units` must be at least 1, but got 0."),
        ({"c3_table": ()}, "`c3_table` must have a row for each C3 map, but got none."),
        ({"c3_table": ((0,), ())}, r"must name S2 maps, each once, but row 1 is \[\]."),
        ({"c3_table": ((2, 2),)}, r"must name S2 maps, each once, but row 0 is \[2, 2\]."),
        ({"c3_table": ((0,), (5, 6))}, "must name S2 maps, 0 to 5, but row 1 names 6."),
        ({"c3_table": ((-1,),)}, "must name S2 maps, 0 to 5, but row 0 names -1."),
        ({"feature_stages": 1, "c3_table": "complete"}, "there is no C3, .*c3_table='complete'."),
        ({"hidden_sizes": (84,), "feature_stages": 1}, "but got feature_stages=1."),
        ({"hidden_sizes": (84,), "input_size": 28}, "but got input_size=28."),
        ({"hidden_sizes": (84,), "c5_units": 9}, "but got c5_units=9."),
        ({"hidden_sizes": (0,)}, "`hidden_sizes` widths must be at least 1, but got 0."),
        ({"hidden_sizes": (300, -2, -1)}, "`hidden_sizes` widths must be at least 1, but got -2."),
        ({"hidden_sizes": (300, 100)}, r"must end in 84 units, .* 'rbf', but got \[300, 100\]\."),
        ({"hidden_sizes": (84, 83)}, r"must end in 84 units, .* 'rbf', but got \[84, 83\]\."),
        (
            {"hidden_sizes": (9,), "output": "linear", "connectivity": "unshared"},
            "would change nothing .* but got connectivity='unshared'.",
        ),
        ({"hidden_sizes": (84,), "c3_table": "complete"}, "but got c3_table='complete'."),
        ({"hidden_sizes": (84,), "subsampling": "max"}, "but got subsampling='max'."),
        (
            {"hidden_sizes": (84,), "subsampling": "stride", "connectivity": "unshared"},
            "but got connectivity='unshared', subsampling='stride'.",
        ),
    ],
    ids=str,
)
def test_words_that_contradict_each_other_are_refused(
    lenet5: NetworkSpec, difference: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        replace(lenet5, **difference)


@pytest.mark.parametrize(
    "difference",
    [
        {},
        {"connectivity": "unshared", "c3_table": "complete", "subsampling": "none"},
        {"hidden_sizes": (1,), "output": "linear", "activation": "relu"},
        {"hidden_sizes": (300, CODE_UNITS)},
        {"feature_stages": 1, "connectivity": "full", "subsampling": "max", "c5_units": 165},
        {"c3_table": ((0, 3), (5,)), "connectivity": "untied", "input_size": 28},
    ],
    ids=str,
)
def test_spec_survives_its_words(lenet5: NetworkSpec, difference: dict[str, Any]) -> None:
    spec = replace(lenet5, **difference)
    assert NetworkSpec.from_dict(spec.to_dict()) == spec


def test_words_are_plain_values(lenet5: NetworkSpec) -> None:
    assert replace(lenet5, hidden_sizes=(75,), output="linear").to_dict() == {
        "input_size": 32,
        "connectivity": "shared",
        "feature_stages": 2,
        "c3_table": "paper",
        "subsampling": "trainable",
        "activation": "scaled_tanh",
        "output": "linear",
        "hidden_sizes": [75],
        "c5_units": "paper",
    }
    assert replace(lenet5, c3_table=((0, 1), (5,))).to_dict()["c3_table"] == [[0, 1], [5]]


def test_words_from_outside_are_checked_as_well(lenet5: NetworkSpec) -> None:
    with pytest.raises(ValueError, match="must end in 84 units"):
        NetworkSpec.from_dict({**lenet5.to_dict(), "hidden_sizes": [10]})


def test_unknown_and_missing_words_are_refused(lenet5: NetworkSpec) -> None:
    with pytest.raises(TypeError, match="depth"):
        NetworkSpec.from_dict({**lenet5.to_dict(), "depth": 5})
    words = lenet5.to_dict()
    del words["output"]
    with pytest.raises(TypeError, match="output"):
        NetworkSpec.from_dict(words)


def test_spec_cannot_be_changed(lenet5: NetworkSpec) -> None:
    with pytest.raises(FrozenInstanceError):
        lenet5.output = "linear"  # pyright: ignore[reportAttributeAccessIssue]
