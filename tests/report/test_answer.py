from typing import Any

import pytest

from pipeline.networks.mechanisms import MECHANISMS
from pipeline.report.answer import answer, deed


def record(*comparisons: tuple[str, str, float, tuple[float, float] | None]) -> dict[str, Any]:
    """Results with (variant, verdict, difference, ci95) against the baseline."""
    differences = {"no_weight_sharing": {"connectivity": "unshared"}, "odd": {"a": 1, "b": 2}}
    names = ["lenet5", *(each[0] for each in comparisons)]
    return {
        "study": {"baseline": "lenet5", "margin": 0.002},
        "variants": {
            name: {
                "difference": differences.get(name, {}),
                "reference_model": name.startswith("mlp"),
                "test_error": {"mean": 0.0102, "ci95": (0.0084, 0.012), "n_seeds": 10},
            }
            for name in names
        },
        "comparisons": [
            {
                "variant": variant,
                "baseline": "lenet5",
                "verdict": verdict,
                "difference": difference,
                "ci95": ci95,
            }
            for variant, verdict, difference, ci95 in comparisons
        ],
    }


def test_a_loss_is_told_as_what_it_cost() -> None:
    [sentence] = answer(record(("no_weight_sharing", "worse", 0.0021, (0.001, 0.0032))))
    assert sentence == (
        "Removing weight sharing cost 0.21 points of test error (95 % interval 0.10 to 0.32; "
        "10 paired seeds): worse."
    )


def test_a_gain_is_told_as_a_positive_number() -> None:
    better = "better by less than the margin"
    [sentence] = answer(record(("odd", better, -0.0012, (-0.0022, -0.0002))))
    assert sentence == (
        "Changing it to `odd` took 0.12 points off the test error (95 % interval 0.02 to 0.22; "
        "10 paired seeds): better by less than the margin of 0.2 points."
    )


def test_equals_share_a_clause() -> None:
    interval = (-0.0008, 0.0014)
    [sentence] = answer(
        record(
            ("no_weight_sharing", "practically equal", 0.0003, interval),
            ("mlp", "practically equal", 0.0003, interval),
        )
    )
    assert sentence == (
        "Removing weight sharing changed the test error by +0.03 points (95 % interval −0.08 to "
        "0.14; 10 paired seeds) and using the reference model `mlp` +0.03 (−0.08 to 0.14): both "
        "practically equal (within ±0.2 points)."
    )


def test_a_variant_that_is_still_improving_has_a_clause_of_its_own() -> None:
    [sentence] = answer(
        record(
            ("mlp", "worse", 0.03, (0.02, 0.04)),
            ("no_weight_sharing", "still improving", 0.0021, (0.001, 0.0032)),
            ("odd", "still improving", 0.004, (0.003, 0.005)),
        )
    )
    assert sentence.endswith(
        ": worse; removing weight sharing changed the test error by +0.21 points (95 % interval "
        "0.10 to 0.32; 10 paired seeds) and changing it to `odd` +0.40 (0.30 to 0.50): both still "
        "improving, so not judged worse."
    )


def test_a_gain_over_a_baseline_that_is_still_improving_names_the_baseline() -> None:
    [sentence] = answer(record(("odd", "still improving", -0.004, (-0.005, -0.003))))
    assert sentence == (
        "Changing it to `odd` changed the test error by −0.40 points (95 % interval −0.50 to "
        "−0.30; 10 paired seeds): not judged better, for `lenet5` was still improving."
    )


def test_all_verdicts_together_take_three_sentences() -> None:
    interval = (-0.01, 0.01)
    verdicts = (
        *("worse", "worse by less than the margin", "better", "better by less than the margin"),
        *("still improving", "practically equal", "not distinguished", "not testable"),
    )
    sentences = answer(record(*((f"v{i}", v, 0.001, interval) for i, v in enumerate(verdicts))))
    assert len(sentences) == 3
    assert all(any(verdict in sentence.lower() for sentence in sentences) for verdict in verdicts)


@pytest.mark.parametrize(("difference", "text"), [(0.0018, "`mlp` +0.18."), (None, "`mlp` –.")])
def test_what_is_not_testable_is_named_with_what_is_known(
    difference: float | None, text: str
) -> None:
    results = record(("mlp", "not testable", 0, None))
    results["comparisons"][0]["difference"] = difference
    [sentence] = answer(results)
    assert sentence.startswith("Not testable")
    assert sentence.endswith(text)


def test_a_baseline_alone_is_described() -> None:
    [sentence] = answer(record())
    assert sentence == (
        "`lenet5` misreads 1.02 % (95 % interval 0.84 to 1.20; 10 seeds) of the test images; "
        "there is nothing to compare it with."
    )


@pytest.mark.parametrize(
    ("mechanism", "word"), [(each, word) for each, rows in MECHANISMS.items() for word in rows]
)
def test_every_word_of_the_family_is_phrased(mechanism: str, word: str | int) -> None:
    phrase = deed("it", {"reference_model": False, "difference": {mechanism: word}})
    assert phrase == MECHANISMS[mechanism][word].change


def test_more_than_one_word_is_a_change_to_the_variant() -> None:
    difference = {"connectivity": "unshared", "feature_stages": 1}
    assert (
        deed("it", {"reference_model": False, "difference": difference}) == "changing it to `it`"
    )
