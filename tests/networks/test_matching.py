from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from pipeline.networks.matching import matched
from pipeline.networks.spec import NetworkSpec
from pipeline.networks.summary import summarize


@pytest.fixture
def perceptron(lenet5: NetworkSpec) -> NetworkSpec:
    return replace(lenet5, hidden_sizes=(1,), output="linear")


def test_mlp_60k_has_75_units(lenet5: NetworkSpec, perceptron: NetworkSpec) -> None:
    # 784 weights and a bias each, and 10 weights to the output: 795 * 75 + 10 = 59,635 is 365
    # below 60,000, and 795 * 76 + 10 = 60,430 is 430 above.
    assert matched(perceptron, lenet5, "parameters").hidden_sizes == (75,)


def test_one_stage_has_47_units(lenet5: NetworkSpec) -> None:
    # C1 and S2 have 168 parameters, F6 84 biases; a unit of C5 has 1,176 weights, a bias and 84
    # weights to F6: 252 + 1,261 * 47 = 59,519 is 481 below 60,000, and one unit more 780 above.
    one_stage = replace(lenet5, feature_stages=1)
    assert matched(one_stage, lenet5, "parameters").c5_units == 47
    assert summarize(matched(one_stage, lenet5, "parameters")) == summarize(one_stage)


def test_c5_makes_up_for_the_macs_that_strides_save(lenet5: NetworkSpec) -> None:
    # C1, C3 and the output take 29,400 + 37,500 + 840; a unit of C5 400 and 84 to F6:
    # 67,740 + 484 * 535 = 326,680 is 160 above 326,520, and one unit less 324 below.
    stride = replace(lenet5, subsampling="stride")
    assert matched(stride, lenet5, "macs").c5_units == 535


# A first layer of w units and a second of s = w / 3 to the nearest.
@pytest.mark.parametrize(
    ("match", "widths"),
    [
        # 785 * w + (w + 1) * s + 10 * (s + 1): 58,090 + 75 * 25 + 260 = 60,225 is 225 above
        # 60,000, and with 73 and 24 units 57,305 + 74 * 24 + 250 = 59,331 is 669 below.
        ("parameters", (74, 25)),
        # 784 * w + w * s + 10 * s: 282,240 + 43,200 + 1,200 = 326,640 is 120 above 326,520, and
        # with 359 and 120 units 281,456 + 43,080 + 1,200 = 325,736 is 784 below.
        ("macs", (360, 120)),
    ],
)
def test_widths_keep_their_proportions(
    lenet5: NetworkSpec, match: Any, widths: tuple[int, int]
) -> None:
    wide = replace(lenet5, hidden_sizes=(300, 100), output="linear")
    assert matched(wide, lenet5, match).hidden_sizes == widths


def test_units_of_the_codes_stay(lenet5: NetworkSpec) -> None:
    # 785 * 69 + 84 * 70 = 60,045; one unit less: 59,176
    assert matched(replace(lenet5, hidden_sizes=(1, 84)), lenet5, "parameters").hidden_sizes == (
        69,
        84,
    )


def distances(hidden_sizes: tuple[int, ...]) -> dict[str, int]:
    """From LeNet-5's sizes, 60,000 and 326,520, those of the layers 784, `hidden_sizes`, 10."""
    layers = list(pairwise((784, *hidden_sizes, 10)))
    macs = sum(inputs * units for inputs, units in layers)
    parameters = macs + sum(units for _, units in layers)
    return {"parameters": abs(parameters - 60_000), "macs": abs(macs - 326_520)}


@pytest.mark.parametrize("match", ["parameters", "macs"])
@pytest.mark.parametrize(
    "hidden_sizes", [(7,), (300, 100), (5, 3, 2), (2, 5, 3), (1, 4), (9, 1, 9)]
)
def test_no_other_widths_of_these_proportions_are_nearer(
    lenet5: NetworkSpec, hidden_sizes: tuple[int, ...], match: Any
) -> None:
    tried = [
        tuple(max(1, round(units * widest / max(hidden_sizes))) for units in hidden_sizes)
        for widest in range(1, 2001)
    ]
    # Of two that are as near as each other `min` takes the first, which is the smaller.
    nearest = min(tried, key=lambda widths: distances(widths)[match])
    assert (
        matched(
            replace(lenet5, hidden_sizes=hidden_sizes, output="linear"), lenet5, match
        ).hidden_sizes
        == nearest
    )


@pytest.mark.parametrize("match", ["parameters", "macs"])
@pytest.mark.parametrize(
    "difference",
    [
        {"feature_stages": 1, "connectivity": "shared", "input_size": 28},
        {"subsampling": "average", "c3_table": ((0, 1), (2, 3), (4, 5))},
        {"subsampling": "stride"},
    ],
    ids=str,
)
def test_no_other_width_of_c5_is_nearer(
    lenet5: NetworkSpec, difference: dict[str, Any], match: Any
) -> None:
    spec, target = replace(lenet5, **difference), getattr(summarize(lenet5), match)

    def off(units: int) -> int:
        return abs(getattr(summarize(replace(spec, c5_units=units)), match) - target)

    assert matched(spec, lenet5, match).c5_units == min(range(1, 2001), key=off)


def test_size_is_that_of_the_baseline_given(perceptron: NetworkSpec) -> None:
    # 795 * 151 + 10 = 120,055
    larger = replace(perceptron, hidden_sizes=(151,))
    assert matched(perceptron, larger, "parameters").hidden_sizes == (151,)


def test_nothing_is_matched_unless_asked_for(lenet5: NetworkSpec) -> None:
    spec = replace(lenet5, feature_stages=1)
    assert matched(spec, lenet5, "none") is spec
    assert matched(lenet5, lenet5, "macs").c5_units == 120


@pytest.mark.parametrize(
    ("difference", "complaint"),
    [
        ({"c5_units": 9}, "`match` computes `c5_units`, which must be 'paper', but got 9."),
        ({"hidden_sizes": (84,)}, r"is that of the output codes, \[84\]\."),
        # 122,304 + 12 + 151,600 + 32 + 401 + 168 are there with a single unit in C5.
        ({"connectivity": "unshared"}, "274,517 parameters, and the baseline has 60,000."),
    ],
    ids=str,
)
def test_what_cannot_be_matched_is_refused(
    lenet5: NetworkSpec, difference: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        matched(replace(lenet5, **difference), lenet5, "parameters")
