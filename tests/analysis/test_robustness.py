from fractions import Fraction

import numpy as np
import pytest

from pipeline.analysis.intervals import combined, estimate
from pipeline.analysis.robustness import (
    CURVES,
    HALF_HEIGHT,
    IMAGES,
    ONE_PIXEL,
    PROTOCOL_SETS,
    Rows,
    area_weights,
    consistency,
    mean_weights,
    robustness,
)
from pipeline.disturbances.catalogue import CATALOGUE, FAMILIES


def rows(share: float, *, seeds: int = 4, images: int = 60, extra: float = 0.2) -> Rows:
    """Errors on all sets; disturbed images are misread more often."""
    draws = np.random.default_rng(round(100 * share))
    return {
        name: draws.random((seeds, images)) < share + (extra if name != IMAGES else 0)
        for name in (IMAGES, *CATALOGUE)
    }


def test_curves_have_the_sets_of_the_catalogue() -> None:
    named = [*PROTOCOL_SETS, *HALF_HEIGHT.sets, *ONE_PIXEL]
    assert len(PROTOCOL_SETS) == len(set(PROTOCOL_SETS)) == 28
    assert set(named) | {*FAMILIES["mnist_c"]} == set(CATALOGUE)
    assert len(named) + 15 == len(CATALOGUE)
    for curve in (*CURVES.values(), HALF_HEIGHT):
        strengths = list(curve.sets.values())
        assert strengths == sorted(strengths)
        assert strengths[0] > 0


@pytest.mark.parametrize("name", CURVES)
def test_an_area_is_the_trapezoid_rule_over_the_range(name: str) -> None:
    curve = CURVES[name]
    errors = {IMAGES: 0.01, **{each: 0.1 + 0.03 * i for i, each in enumerate(curve.sets)}}
    strengths = [0.0, *map(float, curve.sets.values())]
    found = sum(float(w) * errors[each] for each, w in area_weights(curve).items())
    assert found == pytest.approx(np.trapezoid(list(errors.values()), strengths) / strengths[-1])
    assert sum(area_weights(curve).values()) == 1


def test_half_height_starts_from_the_shrunk_digit() -> None:
    assert HALF_HEIGHT.start == "scale_0.5"
    assert area_weights(HALF_HEIGHT)["scale_0.5"] == Fraction(1, 10)


def test_every_number_is_the_estimate_of_its_rows() -> None:
    variants = {"base": rows(0.1), "other": rows(0.3)}
    found = robustness(variants, "base")["variants"]
    other = variants["other"]
    assert found["other"]["sets"]["blur_1"] == estimate(other["blur_1"]).told()
    mean = combined(mean_weights(PROTOCOL_SETS), other).told()
    assert found["other"]["sums"]["28 sets"] == mean
    assert mean["mean"] == pytest.approx(np.mean([other[each].mean() for each in PROTOCOL_SETS]))
    change = found["other"]["changes"]["28 sets"]["mean"]
    assert change == pytest.approx(mean["mean"] - found["base"]["sums"]["28 sets"]["mean"])
    assert found["base"]["changes"] is None
    assert found["base"]["relative"] is None


def test_relative_robustness_is_what_disturbance_adds_against_the_baseline() -> None:
    base = {name: each.copy() for name, each in rows(0.0, extra=0.0).items()}
    other = {name: each.copy() for name, each in base.items()}
    for name in PROTOCOL_SETS:
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
    assert found["sums"]["28 sets"]["mean"] == share
    assert found["sums"]["28 sets"]["ci95"] is None
    assert found["changes"]["shift"]["mean"] == 0


def test_variant_without_all_seeds_is_left_out_and_a_lost_baseline_leaves_no_changes() -> None:
    found = robustness({"base": None, "other": rows(0.1)}, "base")["variants"]
    assert list(found) == ["other"]
    assert found["other"]["changes"] is None


def test_consistency_counts_the_same_answers_and_the_right_ones() -> None:
    labels = np.array([1, 2, 3, 4])
    clean = np.array([[1, 2, 9, 255]], dtype=np.uint8)
    shifted = np.stack([clean, clean, clean, np.array([[1, 9, 9, 255]], dtype=np.uint8)])
    found = consistency(clean, shifted, labels)
    assert found["same"]["mean"] == (3 + 3 + 3 + 2) / 16
    assert found["same_and_right"]["mean"] == (2 + 2 + 2 + 1) / 16


def test_constant_network_is_consistent_and_of_no_use() -> None:
    labels = np.arange(10)
    clean = np.full((2, 10), 1, dtype=np.uint8)
    found = consistency(clean, np.stack([clean] * 4), labels)
    assert found["same"]["mean"] == 1
    assert found["same_and_right"]["mean"] == pytest.approx(0.1)
