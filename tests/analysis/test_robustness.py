from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from pipeline.analysis.intervals import combined, estimate
from pipeline.analysis.robustness import (
    IMAGES,
    Rows,
    area_weights,
    consistency,
    curves,
    mean_weights,
    robustness,
    sums,
)
from pipeline.corruptions.corruption import Group
from pipeline.corruptions.registry import REGISTRY, find_corruption, set_names

CURVES = curves(Group.MEAN, Group.HALF_HEIGHT)


def rows(share: float, *, seeds: int = 4, images: int = 60, extra: float = 0.2) -> Rows:
    """Errors on all sets; corrupted images are misclassified more often."""
    draws = np.random.default_rng(round(100 * share))
    return {
        name: draws.random((seeds, images)) < share + (extra if name != IMAGES else 0)
        for name in (IMAGES, *REGISTRY)
    }


@pytest.mark.parametrize("name", CURVES)
def test_an_area_is_the_trapezoid_rule_over_the_range(name: str) -> None:
    curve = CURVES[name]
    errors = {curve.start: 0.01, **{each: 0.1 + 0.03 * i for i, each in enumerate(curve.sets)}}
    strengths = [0.0, *map(float, curve.sets.values())]
    found = sum(float(w) * errors[each] for each, w in area_weights(curve).items())
    assert found == pytest.approx(np.trapezoid(list(errors.values()), strengths) / strengths[-1])
    assert sum(area_weights(curve).values()) == 1


def test_half_height_starts_from_the_shrunk_digit() -> None:
    assert CURVES[Group.HALF_HEIGHT].start == find_corruption("smaller", 0.5).name
    assert CURVES["shift"].start == IMAGES


def test_another_corruption_is_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    before, added = sums(), replace(find_corruption("noise", 0.4), name="noise_0.8")
    monkeypatch.setitem(REGISTRY, added.name, replace(added, strength=Fraction(4, 5)))
    found = robustness({"base": rows(0.1), "other": rows(0.3)}, "base")
    assert found["curves"]["noise"]["sets"] == {
        **{each: float(x) for each, x in CURVES["noise"].sets.items()},
        added.name: 0.8,
    }
    assert added.name in found["variants"]["other"]["sets"]
    assert len(sums()[Group.MEAN]) == len(before[Group.MEAN]) + 1
    assert sums()["noise"][added.name] == Fraction(1, 4)
    assert {name for name in before if sums()[name] != before[name]} == {Group.MEAN, "noise"}


def test_every_number_is_the_estimate_of_its_rows() -> None:
    variants = {"base": rows(0.1), "other": rows(0.3)}
    found = robustness(variants, "base")["variants"]
    other, corrupted = variants["other"], set_names(Group.MEAN)
    name = corrupted[-1]
    assert found["other"]["sets"][name] == estimate(other[name]).to_dict()
    mean = combined(mean_weights(corrupted), other).to_dict()
    assert found["other"]["sums"][Group.MEAN] == mean
    assert mean["mean"] == pytest.approx(np.mean([other[each].mean() for each in corrupted]))
    difference = found["other"]["differences"][Group.MEAN]["mean"]
    assert difference == pytest.approx(mean["mean"] - found["base"]["sums"][Group.MEAN]["mean"])
    assert found["base"]["differences"] is None
    assert found["base"]["relative"] is None


def test_relative_robustness_is_what_corruption_adds_against_the_baseline() -> None:
    base = {name: each.copy() for name, each in rows(0.0, extra=0.0).items()}
    other = {name: each.copy() for name, each in base.items()}
    for name in set_names(Group.MEAN):
        base[name][:, :6] = True  # a tenth
        other[name][:, :9] = True
    other[IMAGES][:, 0] = True
    found = robustness({"base": base, "other": other}, "base")["variants"]["other"]["relative"]
    assert found["per_seed"] == pytest.approx([(9 - 1) / 6] * 4)
    assert found["n_seeds"] == 4


def test_baseline_that_loses_nothing_has_no_multiples() -> None:
    base, other = rows(0.0, extra=0.0), rows(0.1)
    found = robustness({"base": base, "other": other}, "base")["variants"]["other"]
    assert found["relative"]["mean"] is None


def test_diverged_network_has_no_multiple() -> None:
    base, other = rows(0.1), rows(0.1)
    for name in other:
        other[name][1] = True
    for pair in ({"base": base, "other": other}, {"base": other, "other": base}):
        found = robustness(pair, "base")["variants"]["other"]["relative"]
        assert found["mean"] is None
        assert found["per_seed"][1] is None
        assert found["per_seed"][0] is not None


@pytest.mark.parametrize("seeds", [1, 2])
@pytest.mark.parametrize("share", [0.0, 1.0], ids=["all right", "all wrong"])
def test_degenerate_studies_have_means_and_no_intervals(seeds: int, share: float) -> None:
    study = {name: rows(share, seeds=seeds, extra=0.0) for name in ("base", "other")}
    found = robustness(study, "base")["variants"]["other"]
    assert found["sums"][Group.MEAN]["mean"] == share
    assert found["sums"][Group.MEAN]["ci95"] is None
    assert found["differences"]["shift"]["mean"] == 0


def test_variant_without_all_seeds_is_left_out_and_a_lost_baseline_leaves_no_differences() -> None:
    found = robustness({"base": None, "other": rows(0.1)}, "base")["variants"]
    assert list(found) == ["other"]
    assert found["other"]["differences"] is None


def test_consistency_counts_the_same_answers_and_the_right_ones() -> None:
    labels = np.array([1, 2, 3, 4])
    clean = np.array([[1, 2, 9, 255]], dtype=np.uint8)
    shifted = np.stack([clean, clean, clean, np.array([[1, 9, 9, 255]], dtype=np.uint8)])
    found = consistency(clean, shifted, labels)
    assert found["consistent"]["mean"] == (3 + 3 + 3 + 2) / 16
    assert found["consistent_and_correct"]["mean"] == (2 + 2 + 2 + 1) / 16


def test_constant_network_is_consistent_and_of_no_use() -> None:
    labels = np.arange(10)
    clean = np.full((2, 10), 1, dtype=np.uint8)
    found = consistency(clean, np.stack([clean] * 4), labels)
    assert found["consistent"]["mean"] == 1
    assert found["consistent_and_correct"]["mean"] == pytest.approx(0.1)
