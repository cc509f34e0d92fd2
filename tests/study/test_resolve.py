"""Variants spelled out: the baseline with a difference laid over it."""

import copy
from pathlib import Path

import pytest

from pipeline.execution.errors import UserError
from pipeline.study import load_study, parse_study, read_yaml

STUDY = load_study(Path("params.yaml"))


def test_a_variant_is_the_baseline_except_for_its_difference() -> None:
    baseline = STUDY.networks["lenet5"].to_dict()
    for name, difference in STUDY.variants.items():
        plain = {k: list(v) if isinstance(v, tuple) else v for k, v in difference.items()}
        assert STUDY.networks[name].to_dict() == {**baseline, **plain}


@pytest.mark.parametrize("variant", ["no_weight_sharing", "no_pooling", "linear_output"])
def test_an_ablation_changes_exactly_one_mechanism(variant: str) -> None:
    assert len(STUDY.variants[variant]) == 1


def test_defaults_are_those_of_the_study() -> None:
    written = copy.deepcopy(read_yaml(Path("params.yaml")))
    written["hyperparameters"] = {"learning_rate": 0.001, "init": "paper", "j": 2.0}
    study = parse_study(written, origin="params.yaml")
    assert study.defaults["no_pooling"].j == 2.0
    assert study.defaults["mlp"].learning_rate == 0.001


def test_a_difference_keeps_the_order_in_which_it_is_written() -> None:
    assert list(STUDY.variants["mlp"]) == ["hidden_sizes", "output"]


def test_j_does_not_enter_where_the_output_is_linear() -> None:
    assert STUDY.defaults["linear_output"].j is None
    assert STUDY.defaults["mlp"].j is None


def test_the_digest_changes_with_any_value_and_with_nothing_else() -> None:
    written = read_yaml(Path("params.yaml"))
    again = dict(reversed(written.items()))
    assert parse_study(again, origin="").digest == STUDY.digest
    other = {**written, "seeds": [*written["seeds"], 77]}
    assert parse_study(other, origin="").digest != STUDY.digest


def test_an_unknown_variant_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"must be one of lenet5, .* but got 'lenet6'"):
        STUDY.require("lenet6")
