"""A small study to report on, made of plain values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.analysis.curves import Curves, summarise
from pipeline.analysis.outcomes import Outcome
from pipeline.analysis.paper import LENET5
from pipeline.analysis.plan import Plan
from pipeline.analysis.power import Planning
from pipeline.analysis.results import assemble
from pipeline.corruptions.registry import REGISTRY
from pipeline.networks.describe import describe_difference
from pipeline.networks.sizes import ModelSummary
from pipeline.networks.spec import NetworkSpec
from pipeline.networks.summary import summarize
from pipeline.outputs.best import Best
from pipeline.outputs.corrupted import CorruptedPredictions
from pipeline.outputs.files import checked
from pipeline.outputs.filters import Filters
from pipeline.outputs.models import Spec
from pipeline.outputs.predictions import Predictions
from pipeline.outputs.probes import Probes
from pipeline.outputs.sweeps import Trial, Tuning
from pipeline.report.blocks import Section
from pipeline.report.charts import figures
from pipeline.report.figure import Figure
from pipeline.report.sections import sections

Study = tuple[dict[str, Any], Curves]
NUM_IMAGES = 2000
HOSTILE = "a | b <script>alert(1)</script> *stress* `code`\nsecond line"

# Variant -> what it differs in, and the share that it misreads.
VARIANTS: dict[str, tuple[dict[str, Any], float]] = {
    "lenet5": ({}, 0.02),
    "no_weight_sharing": ({"connectivity": "unshared"}, 0.05),
    "no_pooling": ({"subsampling": "stride"}, 0.0201),
    "mlp": ({"hidden_sizes": [300, 100], "output": "linear"}, 0.08),
}
LONG = "a_name_of_sixty_letters_which_is_as_long_as_any_of_them_may_b"[:60]
EVERY = VARIANTS | {LONG: ({"activation": "relu"}, 0.03)}


def settings(rate: float, *, rbf: bool) -> dict[str, Any]:
    return {"learning_rate": rate, "init": "fan_in", "j": 1.0 if rbf else None}


def candidate(trial: int, error: float, *, rbf: bool) -> dict[str, Any]:
    return {
        "trial": trial,
        "hyperparameters": settings(0.002 * (trial or 1), rbf=rbf),
        "trial_error": 2 * error,
        "validation_error": error,
        "per_seed": {"101": error - 0.001, "102": error + 0.001},
        "failures": {},
        "run_keys": {"101": "a", "102": "b"},
    }


def sweep(name: str) -> Tuning:
    """Three trials, of which the second is chosen and the first next; `init` is not searched."""
    difference, share = EVERY[name]
    rbf = "output" not in difference
    errors = [2 * share + 0.01, 2 * share, 3 * share]
    rates = [0.004, 0.002, 0.03]
    rows = [
        {
            "trial": trial,
            "run_key": f"{trial}",
            "hyperparameters": settings(rates[trial], rbf=rbf),
            "seed": 100,
            "epochs": 1,
            "value": error,
            "best": min(errors[: trial + 1]),
            "state": "complete",
            "reason": None,
        }
        for trial, error in enumerate(errors)
    ]
    winner, other = candidate(1, share, rbf=rbf), candidate(0, share + 0.004, rbf=rbf)
    best = {
        "variant": name,
        "trial": 1,
        "validation_error": share,
        "hyperparameters": winner["hyperparameters"],
        "tuned": ["learning_rate", *(["j"] if rbf else [])],
        "runner_up": {"trial": 0, "validation_error": share + 0.004, "distance": 0.004},
        "candidates": [winner, other],
        "audit": {
            "seeds": [104],
            "epochs": [3, 6],
            "validation_errors": [share, share - 0.0005],
            "improvement": 0.0005,
            "still_improving": False,
        },
        "edges": [],
        "importance": None,
        "budget": {"trials": 3, "failed": 0, "trainings": 9, "epochs": 24},
    }
    trials = checked(Path(), list[Trial], rows)
    return Tuning(best=checked(Path(), Best, best), trials=trials)


def outcome(name: str, seeds: int) -> Outcome:
    difference, share = EVERY[name]
    random = np.random.default_rng(len(name))
    hard = np.random.default_rng(0).random(NUM_IMAGES)  # the same images are hard for all
    labels = np.zeros(NUM_IMAGES, dtype=np.int64)
    missed = hard + 0.004 * random.normal(size=(seeds, NUM_IMAGES)) < share
    scores = np.zeros((seeds, NUM_IMAGES, 10), dtype=np.float32)
    scores[..., 0] = np.where(missed, -1, 1)
    rows = [(s, e, share * (1 + 0.1 * s) / e) for s in range(seeds) for e in (1, 2, 3)]
    return Outcome(
        difference=difference,
        differs_in=describe_difference(difference),
        note=HOSTILE if name == "no_pooling" else None,
        sizes={
            "parameters": 60000,
            "connections": 340908,
            "macs": 326520,
            "activation_bytes": 32376,
        },
        tuning=sweep(name),
        spec=checked(
            Path(),
            Spec,
            {
                "network": {**LENET5, **difference},
                "hyperparameters": settings(0.002, rbf="output" not in difference),
                "epochs": 3,
                "batch_size": 128,
                "training_images": 60000,
                "data": "d" * 64,
                "code": "c" * 64,
                "environment": {"device": "a CPU", "torch": "2.13.0", "numpy": "2.4.6"},
                "run_keys": {str(seed): f"{seed:064x}" for seed in range(seeds)},
                "failures": {},
            },
        ),
        history=pd.DataFrame(rows, columns=pd.Index(["seed", "epoch", "train_error"])),
        predictions=Predictions(seeds=tuple(range(seeds)), scores=scores, labels=labels),
        corrupted=corrupted(share, seeds),
        probes=probes(share, seeds, maps="hidden_sizes" not in difference),
    )


def misclassified(share: float, *shape: int) -> np.ndarray:
    """Answers to images that all show a 0."""
    draws = np.random.default_rng(round(1000 * share))
    return (draws.random((*shape, NUM_IMAGES)) < share).astype(np.uint8)


def corrupted(share: float, seeds: int) -> CorruptedPredictions:
    """Ten times as much is misread as without."""
    return CorruptedPredictions(
        seeds=tuple(range(seeds)),
        sets=tuple(REGISTRY),
        predictions=misclassified(10 * share, len(REGISTRY), seeds),
    )


def probes(share: float, seeds: int, *, maps: bool) -> Probes:
    stages, layers = (("s2", "s4", "c5", "f6"), ("c1", "s2")) if maps else (("h1", "h2"), ())
    return Probes(
        seeds=tuple(range(seeds)),
        layers=stages,
        trained=misclassified(share, len(stages), seeds),
        untrained=misclassified(5 * share, len(stages), seeds),
        input=misclassified(0.1),
        map_layers=layers,
        equivariance_errors=np.linspace(0.1, 0.2, len(layers) * seeds).reshape(len(layers), seeds),
    )


def improved(outcome: Outcome, gain: float) -> Outcome:
    """The same with an audit that gained."""
    best = outcome.tuning.best
    assert best.audit
    audit = replace(best.audit, improvement=gain, still_improving=True)
    tuning = replace(outcome.tuning, best=replace(best, audit=audit))
    return replace(outcome, tuning=tuning)


def make(
    *,
    variants: tuple[str, ...] = tuple(VARIANTS),
    seeds: int = 10,
    diverged: str | None = None,
    improving: Mapping[str, float] | None = None,
    **plan: Any,
) -> Study:
    outcomes = {name: outcome(name, seeds) for name in variants}
    if diverged:
        outcomes[diverged].predictions.scores[1] = np.nan
    for name, gain in (improving or {}).items():
        outcomes[name] = improved(outcomes[name], gain)
    declared = [("no_weight_sharing", "lenet5"), ("no_pooling", "lenet5"), ("mlp", "lenet5")]
    words: dict[str, Any] = {
        "name": "standard",
        "digest": "p" * 64,
        "source": "mnist",
        "validation_images": 10000,
        "baseline": "lenet5",
        "seeds": tuple(range(seeds)),
        "epochs": 3,
        "batch_size": 128,
        "margin": 0.002,
        "planned": [pair for pair in declared if set(pair) <= set(variants)],
        "planning": Planning(
            error=0.01, correlation_within=0.94, correlation_between=0.9, seed_effect=0.0005
        ),
    }
    results = assemble(Plan(**(words | plan)), outcomes)
    curves = {name: summarise(each.history) for name, each in outcomes.items()}
    return results, Curves(training=curves, validation=curves)


def filters(name: str, misclassified: list[int]) -> Filters:
    """LeNet-5's kernels are the same at both places."""
    random = np.random.default_rng(len(name))
    kernels = random.normal(size=(2, 6, 5, 5)).astype(np.float32)
    if name == "lenet5":
        kernels[1] = kernels[0]
    return Filters(
        kernels=kernels[:1] if name == "mlp" else kernels,
        maps=np.ones((2, 0, 0, 0) if name == "mlp" else (2, 6, 28, 28), dtype=np.float32),
        digit=np.zeros((28, 28), dtype=np.uint8),
        misclassified=np.array(misclassified),
        images=random.integers(256, size=(len(misclassified), 28, 28), dtype=np.uint8),
    )


def draw(study: Study, summaries: Mapping[str, ModelSummary]) -> list[Figure]:
    """All figures of a study."""
    results, curves = study
    shared = sorted({*(each["image"] for each in results["mistakes"]["shared"]), 7, 8})
    shown = {name: filters(name, shared) for name in results["variants"]}
    return figures(results, curves, summaries, shown)


def outline(results: dict[str, Any], figures: Sequence[Figure] = ()) -> list[Section]:
    """What the report says of a study, which took some time."""
    took = {
        "total_s": 10.0,
        "stages": {"train@lenet5": 9.0, "report": 1.0},
        "training_s": dict.fromkeys(results["variants"], 2.0),
        "device": "a CPU",
        "workers": 2,
    }
    return sections(results, figures, took)


@pytest.fixture(scope="session")
def make_study() -> Callable[..., Study]:
    """(results, curves) of a study; keywords change it."""
    return make


@pytest.fixture(scope="session")
def study() -> Study:
    """(results, curves) of a complete study; not to be changed."""
    return make()


@pytest.fixture(scope="session")
def summaries(lenet5: NetworkSpec) -> dict[str, ModelSummary]:
    """Of every variant that a study may have."""
    return {
        name: summarize(NetworkSpec.from_dict({**lenet5.to_dict(), **difference}))
        for name, (difference, _) in EVERY.items()
    }


@pytest.fixture(scope="session")
def results(study: Study) -> dict[str, Any]:
    return study[0]
