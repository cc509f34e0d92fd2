import json

import numpy as np
import pytest
from scipy import stats

from pipeline.analysis.ensembles import ensembles, mcnemar
from pipeline.analysis.errors import BoolArray, FloatArray

LABELS = np.zeros(6, dtype=np.int64)


def scores(*networks: str) -> FloatArray:
    """Of class 0 against class 1, an image a character: how sure a network is, of 0 or not."""
    sure = {"+": 1.0, "-": -1.0, "#": 4.0, "=": -4.0, "0": 0.0}
    found = np.full((len(networks), len(networks[0]), 10), -9, dtype=np.float32)
    found[..., 0] = [[sure[image] for image in network] for network in networks]
    found[..., 1] = 0
    return found


def images(marks: str) -> BoolArray:
    return np.array([mark == "x" for mark in marks])


def test_ensemble_goes_by_mean_scores_and_not_by_votes() -> None:
    # Two of three are right about the first image, but the third is surer; so with the second.
    found = ensembles({"a": scores("+-++++", "+-++++", "=#++++")}, LABELS, [])
    assert found["variants"]["a"] == {"error": 1 / 6, "n_networks": 3, "n_images": 6}
    assert found["comparisons"] == []


def test_ensemble_that_has_not_decided_is_wrong() -> None:
    found = ensembles({"a": scores("+0++++", "-0++++")}, LABELS, [])
    assert found["variants"]["a"]["error"] == 2 / 6


def test_comparison_counts_what_one_alone_misreads() -> None:
    pair = {"a": scores("---+++"), "b": scores("-++-++")}
    assert ensembles(pair, LABELS, [("a", "b"), ("b", "a")])["comparisons"] == [
        {"variant": "a", "baseline": "b", "only_variant": 2, "only_baseline": 1, "p_value": 1.0},
        {"variant": "b", "baseline": "a", "only_variant": 1, "only_baseline": 2, "p_value": 1.0},
    ]


def test_mcnemar_is_the_exact_binomial_test() -> None:
    found = mcnemar(images("xxxxxxxx.."), images("........x."))
    assert (found["only_variant"], found["only_baseline"]) == (8, 1)
    assert found["p_value"] == pytest.approx(2 * (1 + 9) / 2**9)
    many = mcnemar(images("x" * 30 + "." * 12), images("." * 30 + "x" * 12))
    assert many["p_value"] == pytest.approx(2 * stats.binom.cdf(12, 42, 0.5))


@pytest.mark.parametrize("marks", ["....", "xxxx", "xx.."])
def test_ensembles_that_misread_the_same_images_do_not_differ(marks: str) -> None:
    found = mcnemar(images(marks), images(marks))
    assert found == {"only_variant": 0, "only_baseline": 0, "p_value": 1.0}


def test_all_right_and_all_wrong_are_told_apart() -> None:
    pair = {"right": scores("++++++"), "wrong": scores("------")}
    found = ensembles(pair, LABELS, [("wrong", "right")])
    assert [each["error"] for each in found["variants"].values()] == [0, 1]
    assert found["comparisons"][0]["p_value"] == pytest.approx(2 / 2**6)


@pytest.mark.parametrize("lost", [np.nan, np.inf])
def test_network_that_diverged_leaves_its_ensemble_undefined(lost: float) -> None:
    pair = {"a": scores("++++++", "------"), "b": scores("++++++", "++++++")}
    pair["a"][1, 3, 7] = lost
    found = ensembles(pair, LABELS, [("a", "b")])
    assert found["variants"]["a"] == {"error": None, "n_networks": 2, "n_images": 6}
    assert found["variants"]["b"]["error"] == 0
    nothing = dict.fromkeys(("only_variant", "only_baseline", "p_value"))
    assert found["comparisons"] == [{"variant": "a", "baseline": "b", **nothing}]


def test_ensembles_of_unlike_size_are_not_compared() -> None:
    pair = {"a": scores("+-++++"), "b": scores("++++++", "++++++")}
    [found] = ensembles(pair, LABELS, [("a", "b")])["comparisons"]
    assert found["p_value"] is None


def test_the_record_is_of_plain_values() -> None:
    pair = {"a": scores("---+++"), "b": scores("-++-++")}
    found = ensembles(pair, LABELS, [("a", "b")])
    assert json.loads(json.dumps(found, allow_nan=False)) == found
