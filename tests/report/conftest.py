"""A small study to report on, made of plain values."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.analysis.curves import summarise
from pipeline.analysis.inputs import Predictions
from pipeline.analysis.results import Outcome, Plan, assemble
from pipeline.networks.accounting import account
from pipeline.networks.sizes import Account
from pipeline.networks.spec import NetworkSpec

Study = tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]
NUM_IMAGES = 2000
HOSTILE = "a | b <script>alert(1)</script> *stress* `code`\nsecond line"

# Variant -> what it differs in, and the share that it misreads.
VARIANTS: dict[str, tuple[dict[str, Any], float]] = {
    "lenet5": ({}, 0.02),
    "no_weight_sharing": ({"connectivity": "unshared"}, 0.05),
    "no_pooling": ({"subsampling": "stride"}, 0.0201),
    "mlp": ({"hidden": [300, 100], "output": "linear"}, 0.08),
}


def outcome(name: str, seeds: int) -> Outcome:
    difference, share = VARIANTS[name]
    random = np.random.default_rng(len(name))
    hard = np.random.default_rng(0).random(NUM_IMAGES)  # the same images are hard for all
    labels = np.zeros(NUM_IMAGES, dtype=np.int64)
    missed = hard + 0.004 * random.normal(size=(seeds, NUM_IMAGES)) < share
    scores = np.zeros((seeds, NUM_IMAGES, 10), dtype=np.float32)
    scores[..., 0] = np.where(missed, -1, 1)
    rows = [(s, e, share * (1 + 0.1 * s) / e) for s in range(seeds) for e in (1, 2, 3)]
    return Outcome(
        difference=difference,
        note=HOSTILE if name == "no_pooling" else None,
        sizes={"parameters": 60000, "connections": 340908, "macs": 326520},
        spec={
            "network": {"hidden": difference.get("hidden", [])},
            "hyperparameters": {
                "learning_rate": 0.002,
                "init": "fan_in",
                "j": None if "output" in difference else 1.0,
            },
            "epochs": 3,
            "batch_size": 128,
            "training_images": 60000,
            "data": "d" * 64,
            "code": "c" * 64,
            "environment": {"device": "a CPU", "torch": "2.13.0", "numpy": "2.4.6"},
            "cells": {str(seed): f"{seed:064x}" for seed in range(seeds)},
            "failures": {},
        },
        history=pd.DataFrame(rows, columns=pd.Index(["seed", "epoch", "train_error"])),
        predictions=Predictions(seeds=tuple(range(seeds)), scores=scores, labels=labels),
    )


def make(
    *,
    variants: tuple[str, ...] = tuple(VARIANTS),
    seeds: int = 10,
    diverged: str | None = None,
    **plan: Any,
) -> Study:
    outcomes = {name: outcome(name, seeds) for name in variants}
    if diverged:
        outcomes[diverged].predictions.scores[1] = np.nan
    declared = [("no_weight_sharing", "lenet5"), ("no_pooling", "lenet5"), ("mlp", "lenet5")]
    words: dict[str, Any] = {
        "name": "standard",
        "digest": "p" * 64,
        "source": "mnist",
        "baseline": "lenet5",
        "seeds": tuple(range(seeds)),
        "epochs": 3,
        "batch_size": 128,
        "margin": 0.002,
        "planned": [pair for pair in declared if set(pair) <= set(variants)],
    }
    results = assemble(Plan(**(words | plan)), outcomes)
    return results, {name: summarise(each.history) for name, each in outcomes.items()}


@pytest.fixture(scope="session")
def make_study() -> Callable[..., Study]:
    """(results, curves) of a study; keywords change it."""
    return make


@pytest.fixture(scope="session")
def study() -> Study:
    """(results, curves) of a complete study; not to be changed."""
    return make()


@pytest.fixture(scope="session")
def accounts(lenet5: NetworkSpec) -> dict[str, Account]:
    """Of every variant that a study may have."""
    return {
        name: account(NetworkSpec.from_words({**lenet5.words(), **difference}))
        for name, (difference, _) in VARIANTS.items()
    }


@pytest.fixture(scope="session")
def results(study: Study) -> dict[str, Any]:
    return study[0]
