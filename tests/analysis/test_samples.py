from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from pipeline.analysis.intervals import combined, estimate
from pipeline.analysis.results import assemble
from pipeline.analysis.robustness import Rows
from pipeline.analysis.roles import LATTICE
from pipeline.analysis.samples import log_area, sample_efficiency, wrong_by_number
from pipeline.outputs.samples import SamplePredictions
from tests.analysis.test_results import NUM_IMAGES, OUTCOMES, PLAN

SIZES = (1000, 5000, 15000, 30000, 60000)


def rows(share: float, *, seeds: int = 4, images: int = 50) -> Rows:
    draws = np.random.default_rng(round(100 * share))
    return {str(size): draws.random((seeds, images)) < share for size in SIZES}


def found(variants: dict[str, Rows], roles: dict[str, str] | None = None) -> dict:
    reported = sample_efficiency(variants, baseline="base", roles=roles or {})
    assert reported
    return reported


@pytest.mark.parametrize("sizes", [SIZES, (50, 200, 500), (1, 2), (1, 60000), (59998, 59999)])
def test_the_area_is_the_trapezoid_rule_over_the_range_of_logarithms(
    sizes: tuple[int, ...],
) -> None:
    errors = np.linspace(0.1, 0.01, len(sizes))
    logs = np.log(sizes)
    expected = np.trapezoid(errors, logs) / (logs[-1] - logs[0])
    weights = log_area(sizes)
    assert list(weights) == [str(size) for size in sizes]
    area = sum(float(w) * e for w, e in zip(weights.values(), errors, strict=True))
    assert area == pytest.approx(expected, abs=1e-5)
    assert sum(weights.values()) == 1


def test_errors_come_by_the_number_of_images_all_of_them_last() -> None:
    labels = np.array([3, 4])
    answers = np.array([[[3, 255], [0, 4]], [[3, 4], [3, 4]]], dtype=np.uint8)
    on_all = np.array([[True, False], [False, False]])
    samples = SamplePredictions(seeds=(0, 1), sizes=(50, 200), predictions=answers)
    wrong = wrong_by_number(samples, labels, on_all=on_all, count=500)
    assert list(wrong) == ["50", "200", "500"]
    assert wrong["50"].tolist() == [[False, True], [True, False]]
    assert not wrong["200"].any()
    assert wrong["500"] is on_all


def test_every_number_is_the_estimate_of_its_rows() -> None:
    variants = {"base": rows(0.1), "other": rows(0.3)}
    reported = found(variants)
    assert reported["sizes"] == list(SIZES)
    base, other = reported["variants"]["base"], reported["variants"]["other"]
    assert base["changes"] is None
    assert list(other["errors"]) == [*map(str, SIZES), "area"]
    assert other["errors"]["5000"] == estimate(variants["other"]["5000"]).to_dict()
    area = combined(log_area(SIZES), variants["other"]).to_dict()
    assert other["errors"]["area"] == area
    one, reference = (variants[name]["5000"].astype(int) for name in ("other", "base"))
    assert other["changes"]["5000"] == estimate(one - reference).to_dict()
    change = area["mean"] - base["errors"]["area"]["mean"]
    assert other["changes"]["area"]["mean"] == pytest.approx(change)


def test_no_variant_no_numbers_and_no_baseline_no_changes() -> None:
    assert sample_efficiency({}, baseline="base", roles={}) is None
    assert found({"other": rows(0.3)})["variants"]["other"]["changes"] is None


def test_ideas_share_out_the_area_where_their_cells_are_there() -> None:
    variants = {name: rows(0.1 + 0.05 * place) for place, name in enumerate(LATTICE)}
    whole = found(variants, roles={role: role for role in LATTICE})
    areas = {name: each["errors"]["area"]["mean"] for name, each in whole["variants"].items()}
    ideas = whole["attribution"]["ideas"]
    assert whole["attribution"]["missing"] == []
    names = ("locality", "weight sharing, given locality", "subsampling")
    shared = sum(ideas[name]["sample efficiency"]["mean"] for name in names)
    assert shared == pytest.approx(areas["LSP"] - areas["none"])
    some = found({"LSP": variants["LSP"]}, roles={role: role for role in LATTICE})
    assert some["attribution"]["ideas"] == {}
    assert len(some["attribution"]["missing"]) == 5


def test_the_record_has_them_where_a_variant_was_trained_on_fewer_images() -> None:
    assert assemble(PLAN, OUTCOMES)["samples"] is None
    answers = np.zeros((2, 3, NUM_IMAGES), dtype=np.uint8)
    answers[0, :, :20] = 255
    samples = SamplePredictions(seeds=(0, 1), sizes=(50, 200), predictions=answers)
    outcomes = OUTCOMES | {"mlp": replace(OUTCOMES["mlp"], samples=samples)}
    reported = assemble(PLAN, outcomes)["samples"]
    assert reported["sizes"] == [50, 200, 60000]
    assert list(reported["variants"]) == ["mlp"]
    errors = reported["variants"]["mlp"]["errors"]
    assert [errors[each]["mean"] for each in ("50", "200", "60000")] == [0.1, 0.0, 0.045]
    assert (
        errors["60000"]["ci95"]
        == assemble(PLAN, outcomes)["variants"]["mlp"]["test_error"]["ci95"]
    )
    assert reported["attribution"]["ideas"] == {}


@pytest.mark.parametrize("share", [0.0, 1.0], ids=["all right", "all wrong"])
def test_degenerate_studies_have_means_and_no_intervals(share: float) -> None:
    reported = found({"base": rows(share), "other": rows(share)})["variants"]["other"]
    assert reported["errors"]["area"]["mean"] == share
    assert reported["errors"]["area"]["ci95"] is None
    assert reported["changes"]["area"]["mean"] == 0


def test_sums_over_ten_thousand_images_and_ten_seeds_are_exact() -> None:
    wrong = {str(size): np.ones((10, 10_000), dtype=bool) for size in SIZES}
    wrong["1000"][:, ::2] = False
    weights = {name: 2 * weight for name, weight in log_area(SIZES).items()}
    half = Fraction(1, 2) * weights["1000"]
    assert combined(weights, wrong).mean == pytest.approx(float(2 - half), abs=1e-12)
    assert combined(weights, wrong).standard_error is not None
