"""The record of a study: every number that the report shows, as one JSON object."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.analysis.attribution import attribution
from pipeline.analysis.certainty import certainty
from pipeline.analysis.comparison import Pair, compare, families
from pipeline.analysis.curves import final_train_error
from pipeline.analysis.errors import BoolArray, diverged, wrong
from pipeline.analysis.intervals import estimate
from pipeline.analysis.mistakes import FIGURE_8, confusions, of_figure_8, shared
from pipeline.analysis.outcomes import Outcome, require_comparable
from pipeline.analysis.tuning import still_improving, tuning, validation_error

# What tells one kind of machine from another: its results are not the same, bit for bit.
KIND = ("device", "cpu_capability", "torch", "numpy", "pytorch_lightning")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the study had declared before any of its networks was judged.

    Attributes:
        source: Where the images are from; "mnist" is the real thing.
        validation_images: Of the training images, held back while tuning.
        margin: The difference in error (a fraction) that is too small to matter.
        planned: (variant, baseline) pairs of the planned family.
    """

    name: str
    digest: str
    source: str
    validation_images: int
    baseline: str
    seeds: Sequence[int]
    epochs: int
    batch_size: int
    margin: float
    planned: Sequence[Pair]


def assemble(plan: Plan, outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    """The whole record, as it reads back once written; the same input gives the same bytes.

    Raises:
        UserError: If variants were not tuned, trained and judged alike.
    """
    require_comparable(outcomes)
    errors = {
        name: wrong(outcome.predictions.scores, outcome.predictions.labels)
        for name, outcome in outcomes.items()
    }
    complete = {
        name: rows if len(rows) == len(plan.seeds) else None for name, rows in errors.items()
    }
    kin = families(list(outcomes), baseline=plan.baseline, planned=plan.planned)
    improving = [name for name, outcome in outcomes.items() if still_improving(outcome.sweep)]
    comparisons = compare(complete, families=kin, margin=plan.margin, improving=improving)
    # Figure 8 names images of the real test set, in its order.
    real = plan.source == "mnist" and all(rows.shape[1] == 10_000 for rows in errors.values())
    record = {
        "study": _study(plan, outcomes, {family: len(pairs) for family, pairs in kin.items()}),
        "variants": {
            name: _variant(outcome, errors[name], real=real) for name, outcome in outcomes.items()
        },
        "comparisons": [asdict(comparison) for comparison in comparisons],
        "attribution": _attribution(plan, outcomes, complete),
        "mistakes": _mistakes(errors, real=real),
    }
    return json.loads(to_json(record))


def to_json(content: Mapping[str, Any]) -> bytes:
    """As written to disk: floats in full, the order kept; a number that is none is our mistake."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf8")


def headline(results: Mapping[str, Any]) -> dict[str, float]:
    """The few numbers for `dvc metrics`, flat: each error, and what differs from baseline."""
    baseline = results["study"]["baseline"]
    differences = {
        each["variant"]: each["difference"]
        for each in results["comparisons"]
        if each["baseline"] == baseline and each["difference"] is not None
    }
    numbers: dict[str, float] = {}
    for name, variant in results["variants"].items():
        numbers[f"{name}.validation_error"] = variant["validation_error"]["mean"]
        numbers[f"{name}.test_error"] = variant["test_error"]["mean"]
        if name in differences:
            numbers[f"{name}.difference"] = differences[name]
    return numbers


def _study(
    plan: Plan, outcomes: Mapping[str, Outcome], family_sizes: Mapping[str, int]
) -> dict[str, Any]:
    first = next(iter(outcomes.values()))
    environment = first.spec["environment"]
    return {
        "name": plan.name,
        "source": plan.source,
        "baseline": plan.baseline,
        "seeds": list(plan.seeds),
        "epochs": plan.epochs,
        "batch_size": plan.batch_size,
        "training_images": first.spec["training_images"],
        "validation_images": plan.validation_images,
        "test_images": len(first.predictions.labels),
        "margin": plan.margin,
        "planned": [list(pair) for pair in plan.planned],
        "families": dict(family_sizes),
        "params_digest": plan.digest,
        "data_digest": first.spec["data"],
        "code_digest": first.spec["code"],
        "device_kind": " and ".join(_devices(outcomes)),
        "versions": {
            package: environment[package]
            for package in ("torch", "numpy", "pytorch_lightning")
            if package in environment
        },
    }


def _devices(outcomes: Mapping[str, Outcome]) -> list[str]:
    """By name; where two differ in more than that, with what they differ in."""
    environments = [each.spec["environment"] for each in outcomes.values()]
    kinds = {tuple(each.get(field) for field in KIND) for each in environments}
    named = {str(device) for device, *_ in kinds}
    if len(named) < len(kinds):
        named = {f"{device} ({', '.join(map(str, rest))})" for device, *rest in kinds}
    return sorted({device for names in named for device in names.split(" and ")})


def _attribution(
    plan: Plan, outcomes: Mapping[str, Outcome], wrong: Mapping[str, BoolArray | None]
) -> dict[str, Any] | None:
    """None where the baseline lacks one of the ideas: nothing could be taken from it."""
    network = outcomes[plan.baseline].spec["network"]
    words = network.get("connectivity"), network.get("subsampling")
    if words[0] != "shared" or words[1] in (None, "stride", "none") or network.get("hidden"):
        return None
    return attribution(wrong, {name: each.difference for name, each in outcomes.items()})


def _mistakes(errors: Mapping[str, BoolArray], *, real: bool) -> dict[str, Any]:
    images = shared(errors)
    known = {"images": len(FIGURE_8), "shared": len({*FIGURE_8} & {*images})} if real else None
    return {"shared": images, "figure_8": known}


def _variant(outcome: Outcome, errors: BoolArray, *, real: bool) -> dict[str, Any]:
    found = estimate(errors)
    scores, labels = outcome.predictions.scores, outcome.predictions.labels
    lost = diverged(scores)
    return {
        "difference": dict(outcome.difference),
        "differs_in": outcome.differs_in,
        "note": outcome.note,
        "reference_model": bool(outcome.spec["network"].get("hidden")),
        "network": outcome.spec["network"],
        **outcome.sizes,
        "hyperparameters": outcome.spec["hyperparameters"],
        "cells": outcome.spec["cells"],
        "tuning": tuning(outcome.sweep),
        "validation_error": validation_error(outcome.sweep),
        "train_error": final_train_error(outcome.history),
        "test_error": {
            "mean": found.mean,
            "ci95": found.interval(0.95),
            "per_seed": [float(share) for share in errors.mean(axis=1)],
            "n_seeds": errors.shape[0],
            "n_images": errors.shape[1],
        },
        "certainty": certainty(scores, errors, labels),
        "confusions": confusions(scores, labels),
        "figure_8": of_figure_8(errors) if real else None,
        "diverged_seeds": [
            seed for seed, gone in zip(outcome.predictions.seeds, lost, strict=True) if gone
        ],
        "failures": outcome.spec["failures"],
    }
