import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.analysis.outcomes import Outcome
from pipeline.analysis.paper import LENET5
from pipeline.analysis.plan import Plan
from pipeline.analysis.power import Planning
from pipeline.analysis.results import assemble, headline, to_json
from pipeline.corruptions.registry import REGISTRY
from pipeline.execution.errors import UserError
from pipeline.outputs.best import Best
from pipeline.outputs.corrupted import CorruptedPredictions
from pipeline.outputs.files import checked
from pipeline.outputs.models import Spec
from pipeline.outputs.predictions import Predictions
from pipeline.outputs.probes import Probes
from pipeline.outputs.sweeps import Trial, Tuning

NUM_IMAGES = 200
PLAN = Plan(
    name="standard",
    digest="p",
    source="mnist",
    validation_images=10000,
    baseline="lenet5",
    seeds=(0, 1, 2),
    epochs=1,
    batch_size=128,
    margin=0.002,
    planned=(("no_pooling", "lenet5"), ("mlp", "no_pooling"), ("absent", "lenet5")),
    planning=Planning(
        error=0.01, correlation_within=0.94, correlation_between=0.9, seed_effect=0.0005
    ),
)


SETTINGS = {"learning_rate": 0.004, "init": "fan_in", "j": None}


def audit(*, improving: bool) -> dict[str, Any]:
    return {
        "seeds": [104],
        "epochs": [1, 2],
        "validation_errors": [0.03, 0.03],
        "improvement": 0.0,
        "still_improving": improving,
    }


def sweep(**best: Any) -> Tuning:
    """Two trials, of which the second failed."""
    row = {"run_key": "k", "hyperparameters": SETTINGS, "seed": 100, "epochs": 1}
    first = {"trial": 0, **row, "value": 0.04, "best": 0.04, "state": "complete", "reason": None}
    lost = {"value": None, "state": "failed", "reason": "the loss was nan"}
    winner = {
        "trial": 0,
        "hyperparameters": SETTINGS,
        "trial_error": 0.04,
        "validation_error": 0.03,
        "per_seed": {"101": 0.02, "102": 0.04},
        "failures": {},
        "run_keys": {"101": "x", "102": "y"},
    }
    content = {
        "variant": "v",
        "trial": 0,
        "hyperparameters": SETTINGS,
        "validation_error": 0.03,
        "tuned": ["learning_rate"],
        "runner_up": None,
        "candidates": [winner],
        "audit": audit(improving=False),
        "edges": [],
        "importance": None,
        "budget": {"trials": 2, "failed": 1, "trainings": 6, "epochs": 7},
    }
    trials = checked(Path(), list[Trial], [first, first | {"trial": 1} | lost])
    return Tuning(best=checked(Path(), Best, content | best), trials=trials)


def outcome(counts: list[int], *, images: int = NUM_IMAGES, **spec: Any) -> Outcome:
    """A variant whose networks misclassify their first `counts[s]` images, all of them zeros."""
    scores = np.zeros((len(counts), images, 10), dtype=np.float32)
    scores[..., 0] = 1
    for network, count in zip(scores, counts, strict=True):
        network[:count, 1] = 2
    history = pd.DataFrame({"seed": [0, 1, 2], "epoch": 1, "train_error": [0.1, 0.2, 0.3]})
    return Outcome(
        difference={"hidden_sizes": (300, 100)},
        differs_in="hidden_sizes: 300-100",
        note=None,
        sizes={"parameters": 1, "connections": 2, "macs": 3},
        tuning=sweep(),
        spec=checked(
            Path(),
            Spec,
            {
                "network": {"hidden_sizes": []},
                "hyperparameters": SETTINGS,
                "epochs": 1,
                "batch_size": 128,
                "training_images": 60000,
                "data": "d",
                "code": "c",
                "environment": {"device": "cpu", "torch": "2"},
                "run_keys": {"0": "k"},
                "failures": {},
            }
            | spec,
        ),
        history=history,
        predictions=Predictions(
            seeds=tuple(range(len(counts))),
            scores=scores,
            labels=np.zeros(images, dtype=np.int64),
        ),
        corrupted=CorruptedPredictions(
            seeds=tuple(range(len(counts))),
            sets=tuple(REGISTRY),
            predictions=right(len(REGISTRY), len(counts), images),
        ),
        probes=Probes(
            seeds=tuple(range(len(counts))),
            layers=("h1",),
            trained=right(1, len(counts), images),
            untrained=right(1, len(counts), images),
            input=right(images),
            map_layers=(),
            equivariance_errors=np.zeros((0, len(counts))),
        ),
    )


def right(*shape: int) -> np.ndarray:
    return np.zeros(shape, dtype=np.uint8)


OUTCOMES = {
    "lenet5": outcome([2, 3, 1]),
    "no_pooling": outcome([4, 5, 3]),
    "mlp": outcome([9, 9, 9], network={"hidden_sizes": [300, 100]}),
}


def test_the_record_reads_back_as_it_is_and_has_the_same_bytes_each_time() -> None:
    results = assemble(PLAN, OUTCOMES)
    assert json.loads(to_json(results)) == results
    assert to_json(assemble(PLAN, OUTCOMES)) == to_json(results)


def test_a_variant_has_its_error_by_seed_and_its_interval() -> None:
    error = assemble(PLAN, OUTCOMES)["variants"]["lenet5"]["test_error"]
    assert error["mean"] == pytest.approx(6 / 600)
    assert error["per_seed"] == [0.01, 0.015, 0.005]
    assert (error["n_seeds"], error["n_images"]) == (3, NUM_IMAGES)
    assert error["ci95"][0] < error["mean"] < error["ci95"][1]


def test_a_variant_has_its_words_sizes_and_training() -> None:
    variants = assemble(PLAN, OUTCOMES)["variants"]
    assert variants["mlp"]["difference"] == {"hidden_sizes": [300, 100]}
    assert variants["mlp"]["differs_in"] == "hidden_sizes: 300-100"
    assert variants["mlp"]["network"] == {"hidden_sizes": [300, 100]}
    assert variants["mlp"]["reference_model"]
    assert not variants["no_pooling"]["reference_model"]
    assert [variants["mlp"][size] for size in ("parameters", "connections", "macs")] == [1, 2, 3]
    assert variants["mlp"]["train_error"] == pytest.approx(0.2)


def test_a_variant_tells_how_its_settings_were_chosen() -> None:
    variant = assemble(PLAN, OUTCOMES)["variants"]["mlp"]
    assert variant["validation_error"] == {
        "mean": 0.03,
        "per_seed": [0.02, 0.04],
        "n_seeds": 2,
    }
    tuning = variant["tuning"]
    assert (tuning["trial"], tuning["tuned"]) == (0, ["learning_rate"])
    assert tuning["inherited"] == {"init": "fan_in", "j": None}
    assert tuning["budget"]["failed"] == 1
    assert [trial["validation_error"] for trial in tuning["trials"]] == [0.04, None]
    assert [trial["failure"] for trial in tuning["trials"]] == [None, "the loss was nan"]
    assert tuning["trials"][0]["hyperparameters"] == SETTINGS


def test_a_variant_that_is_still_improving_cannot_lose() -> None:
    plan = replace(PLAN, seeds=tuple(range(10)), planned=())
    found = {
        "lenet5": outcome([2, 3, 1, 2, 2, 3, 1, 2, 3, 2]),
        "mlp": outcome([60, 61, 59, 62, 60, 58, 61, 60, 59, 63]),
    }
    improving = sweep(audit=audit(improving=True))
    late = {"mlp": replace(found["mlp"], tuning=improving)}
    ahead = {"lenet5": replace(found["lenet5"], tuning=improving)}
    assert [each["verdict"] for each in assemble(plan, found)["comparisons"]] == ["worse"]
    [comparison] = assemble(plan, found | late)["comparisons"]
    assert comparison["verdict"] == "still improving"
    assert [each["verdict"] for each in assemble(plan, found | ahead)["comparisons"]] == ["worse"]


def test_comparisons_come_planned_first_and_name_no_absent_variant() -> None:
    comparisons = assemble(PLAN, OUTCOMES)["comparisons"]
    assert [(each["variant"], each["baseline"], each["family"]) for each in comparisons] == [
        ("no_pooling", "lenet5", "planned"),
        ("mlp", "no_pooling", "planned"),
        ("mlp", "lenet5", "secondary"),
    ]


def test_the_planned_family_keeps_its_declared_size() -> None:
    assert assemble(PLAN, OUTCOMES)["study"]["families"] == {"planned": 3, "secondary": 1}


def test_a_diverged_network_is_wrong_on_every_image_and_named() -> None:
    scores = OUTCOMES["mlp"].predictions.scores.copy()
    scores[1] = np.nan
    lost = replace(OUTCOMES["mlp"].predictions, scores=scores)
    results = assemble(PLAN, OUTCOMES | {"mlp": replace(OUTCOMES["mlp"], predictions=lost)})
    assert results["variants"]["mlp"]["diverged_seeds"] == [1]
    assert results["variants"]["mlp"]["test_error"]["per_seed"][1] == 1
    assert b"NaN" not in to_json(results)


def test_why_a_training_failed_is_kept_as_its_spec_tells_it() -> None:
    reasons = {"1": "the loss was nan in epoch 1"}
    results = assemble(PLAN, OUTCOMES | {"mlp": outcome([9, 9, 9], failures=reasons)})
    assert results["variants"]["mlp"]["failures"] == reasons
    assert results["variants"]["lenet5"]["failures"] == {}


def test_a_missing_seed_leaves_the_error_and_takes_the_comparisons() -> None:
    results = assemble(PLAN, OUTCOMES | {"mlp": outcome([9, 9])})
    assert results["variants"]["mlp"]["test_error"]["n_seeds"] == 2
    verdicts = {each["variant"]: each["verdict"] for each in results["comparisons"]}
    assert verdicts["mlp"] == "not testable"
    assert [each["difference"] for each in results["comparisons"][1:]] == [None, None]


def test_variants_judged_on_other_images_are_refused() -> None:
    other = replace(OUTCOMES["mlp"].predictions, labels=np.ones(NUM_IMAGES, dtype=np.int64))
    with pytest.raises(UserError, match="'mlp'"):
        assemble(PLAN, OUTCOMES | {"mlp": replace(OUTCOMES["mlp"], predictions=other)})


@pytest.mark.parametrize("key", ["data", "code", "epochs", "training_images", "batch_size"])
def test_variants_trained_otherwise_are_refused(key: str) -> None:
    spec: dict[str, Any] = {key: "7" if key in ("data", "code") else 7}
    with pytest.raises(UserError, match=f"share `{key}`, but got '?7'? for 'mlp'"):
        assemble(PLAN, OUTCOMES | {"mlp": outcome([9, 9, 9], **spec)})


def test_a_variant_trained_with_other_settings_than_its_sweep_chose_is_refused() -> None:
    other = outcome([9, 9, 9], hyperparameters=SETTINGS | {"learning_rate": 0.01})
    with pytest.raises(UserError, match=r"'mlp' must be trained with what its sweep chose.*0\.01"):
        assemble(PLAN, OUTCOMES | {"mlp": other})


def test_all_devices_are_named() -> None:
    elsewhere = outcome([9, 9, 9], environment={"device": "a GPU", "torch": "2"})
    study = assemble(PLAN, OUTCOMES | {"mlp": elsewhere})["study"]
    assert study["device_kind"] == "a GPU and cpu"


def test_record_has_every_field_of_the_environment_by_whatever_name() -> None:
    every = {"device": "cpu", "cpu_capability": "AVX2", "threads": 1, "some other field": "x"}
    alike = {name: outcome([2, 3, 1], environment=every) for name in OUTCOMES}
    study = assemble(PLAN, alike)["study"]
    assert study["environment"] == {name: str(value) for name, value in every.items()}


def test_devices_of_one_name_that_differ_are_told_apart() -> None:
    kinds = [
        outcome([9, 9, 9], environment={"device": "cpu", "cpu_capability": each, "torch": "2"})
        for each in ("AVX2", "DEFAULT")
    ]
    study = assemble(PLAN, {"lenet5": kinds[0], "mlp": kinds[1]})["study"]
    assert study["device_kind"] == "cpu (AVX2) and cpu (DEFAULT)"
    assert study["environment"]["cpu_capability"] == "AVX2 and DEFAULT"


def test_what_could_be_found_is_known_of_a_study_with_seeds_enough() -> None:
    study = assemble(PLAN, OUTCOMES)["study"]
    assert study["planning"]["error"] == 0.01
    assert study["smallest_difference"] is None  # of three seeds
    assert study["smallest_difference_limit"] is None
    many = {name: outcome([2, 3, 1, 2, 4, 2, 3]) for name in OUTCOMES}
    study = assemble(replace(PLAN, seeds=tuple(range(7))), many)["study"]
    assert 0 < study["smallest_difference_limit"] < study["smallest_difference"]


def test_ensembles_are_compared_where_variants_are() -> None:
    results = assemble(PLAN, OUTCOMES)
    assert list(results["ensembles"]["variants"]) == list(OUTCOMES)
    for ensemble, comparison in zip(
        results["ensembles"]["comparisons"], results["comparisons"], strict=True
    ):
        pair = comparison["variant"], comparison["baseline"]
        assert (ensemble["variant"], ensemble["baseline"]) == pair


def test_the_paper_stands_beside_the_real_test_images_alone() -> None:
    networks = {"lenet5": outcome([95, 96, 94], images=10_000, network=dict(LENET5))}
    plan = replace(PLAN, planned=())
    rows = assemble(plan, networks)["paper"]
    assert [row["figure"] for row in rows] == [9, 10, 11, 12]
    assert rows[0]["reproduced"] is True
    assert assemble(replace(plan, source="tests/digits"), networks)["paper"] == []
    few = {"lenet5": outcome([2, 3, 1], network=dict(LENET5))}
    assert assemble(plan, few)["paper"] == []


def test_the_headline_is_flat_and_against_the_baseline() -> None:
    numbers = headline(assemble(PLAN, OUTCOMES))
    assert numbers == {
        "lenet5.validation_error": 0.03,
        "lenet5.test_error": pytest.approx(0.01),
        "no_pooling.validation_error": 0.03,
        "no_pooling.test_error": pytest.approx(0.02),
        "no_pooling.difference": pytest.approx(0.01),
        "mlp.validation_error": 0.03,
        "mlp.test_error": pytest.approx(0.045),
        "mlp.difference": pytest.approx(0.035),
    }


@pytest.mark.parametrize(
    ("words", "stages"),
    [
        ({"hidden_sizes": [300, 100], "output": "linear"}, ("h1", "h2")),
        ({"subsampling": "none"}, ("c1", "c3", "c5", "f6")),
        ({"output": "linear", "activation": "relu"}, ("s2", "s4", "c5", "f6")),
    ],
    ids=str,
)
def test_claims_about_lenet5_are_not_judged_on_another_baseline(
    words: dict[str, Any], stages: tuple[str, ...]
) -> None:
    base = outcome([2, 3, 1], network={**LENET5, **words})
    answers = right(len(stages), 3, NUM_IMAGES)
    probes = replace(base.probes, layers=stages, trained=answers, untrained=answers)
    study = {
        "lenet5": replace(base, difference={}, probes=probes),
        "mlp": outcome([9, 9, 9]),
    }
    claims = assemble(PLAN, study)["claims"]
    assert {each["verdict"] for each in claims} == {"not testable"}
    assert all("LSP" in each["missing"] for each in claims[:6])


def test_set_that_no_network_was_shown_is_named() -> None:
    one, lacking, *_ = REGISTRY
    few = CorruptedPredictions(seeds=(0, 1, 2), sets=(one,), predictions=right(1, 3, NUM_IMAGES))
    message = f"must be evaluated on {lacking!r}, but 'lenet5' was not"
    with pytest.raises(UserError, match=message):
        assemble(PLAN, {name: replace(each, corrupted=few) for name, each in OUTCOMES.items()})
