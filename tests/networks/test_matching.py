from dataclasses import replace
from typing import Any

import pytest

from pipeline.networks.accounting import account
from pipeline.networks.matching import matched
from pipeline.networks.spec import NetworkSpec


@pytest.fixture
def perceptron(lenet5: NetworkSpec) -> NetworkSpec:
    return replace(lenet5, hidden=(1,), output="linear")


def test_mlp_60k_has_75_units(lenet5: NetworkSpec, perceptron: NetworkSpec) -> None:
    # 784 weights and a bias each, and 10 weights to the output: 795 * 75 + 10 = 59,635 is 365
    # below 60,000, and 795 * 76 + 10 = 60,430 is 430 above.
    assert matched(perceptron, lenet5, "parameters").hidden == (75,)


def test_one_stage_has_47_units(lenet5: NetworkSpec) -> None:
    # C1 and S2 have 168 parameters, F6 84 biases; a unit of C5 has 1,176 weights, a bias and 84
    # weights to F6: 252 + 1,261 * 47 = 59,519 is 481 below 60,000, and one unit more 780 above.
    one_stage = replace(lenet5, hierarchy="one")
    assert matched(one_stage, lenet5, "parameters").c5_units == 47
    assert account(matched(one_stage, lenet5, "parameters")) == account(one_stage)


def test_c5_makes_up_for_the_macs_that_strides_save(lenet5: NetworkSpec) -> None:
    # C1, C3 and the output take 29,400 + 37,500 + 840; a unit of C5 400 and 84 to F6:
    # 67,740 + 484 * 535 = 326,680 is 160 above 326,520, and one unit less 324 below.
    stride = replace(lenet5, subsampling="stride")
    assert matched(stride, lenet5, "macs").c5_units == 535


@pytest.mark.parametrize("match", ["parameters", "macs"])
def test_widths_keep_their_proportions(lenet5: NetworkSpec, match: Any) -> None:
    wide = replace(lenet5, hidden=(300, 100), output="linear")
    first, second = matched(wide, lenet5, match).hidden
    assert second == round(first / 3)
    # 784 * 360 + 360 * 120 + 120 * 10 = 326,640
    assert match == "parameters" or (first, second) == (360, 120)


def test_units_of_the_codes_stay(lenet5: NetworkSpec) -> None:
    # 785 * 69 + 84 * 70 = 60,045; one unit less: 59,176
    assert matched(replace(lenet5, hidden=(1, 84)), lenet5, "parameters").hidden == (69, 84)


@pytest.mark.parametrize("match", ["parameters", "macs"])
@pytest.mark.parametrize(
    "difference",
    [
        {"hierarchy": "one", "connectivity": "shared", "frame": 28},
        {"hidden": (5, 3, 2), "output": "linear"},
        {"subsampling": "average", "c3_table": ((0, 1), (2, 3), (4, 5))},
    ],
    ids=str,
)
def test_no_neighbouring_width_is_nearer(
    lenet5: NetworkSpec, difference: dict[str, Any], match: Any
) -> None:
    found = matched(replace(lenet5, **difference), lenet5, match)

    def off(step: int) -> int:
        spec = found
        if found.hidden:
            width = found.hidden[0] + step
            scaled = (round(units * width / 5) for units in (5, 3, 2))
            spec = replace(found, hidden=tuple(scaled))
        elif found.c5_units:
            spec = replace(found, c5_units=found.c5_units + step)
        return abs(getattr(account(spec), match) - getattr(account(lenet5), match))

    assert off(0) <= min(off(-1), off(1))


def test_size_is_that_of_the_baseline_given(perceptron: NetworkSpec) -> None:
    # 795 * 151 + 10 = 120,055
    larger = replace(perceptron, hidden=(151,))
    assert matched(perceptron, larger, "parameters").hidden == (151,)


def test_nothing_is_matched_unless_asked_for(lenet5: NetworkSpec) -> None:
    spec = replace(lenet5, hierarchy="one")
    assert matched(spec, lenet5, "none") is spec
    assert matched(lenet5, lenet5, "macs").c5_units == 120


@pytest.mark.parametrize(
    ("difference", "complaint"),
    [
        ({"c5_units": 9}, "`match` computes `c5_units`, which must be null, but got 9."),
        ({"hidden": (84,)}, r"is that of the output codes, \[84\]\."),
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
