"""The record of a study: every number that the report shows, as one JSON object."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pipeline.analysis.attribution import attribution
from pipeline.analysis.certainty import certainty
from pipeline.analysis.claims import judged
from pipeline.analysis.comparison import Comparison, compare, families
from pipeline.analysis.curves import final_train_error
from pipeline.analysis.ensembles import ensembles
from pipeline.analysis.errors import BoolArray, diverged
from pipeline.analysis.hierarchy import hierarchy
from pipeline.analysis.intervals import estimate
from pipeline.analysis.mistakes import FIGURE_8, as_what, confusions, of_figure_8, shared
from pipeline.analysis.outcomes import Outcome, require_comparable
from pipeline.analysis.paper import LENET5, beside, is_network
from pipeline.analysis.plan import Plan, study_record
from pipeline.analysis.robustness import (
    IMAGES,
    Rows,
    consistency,
    mean_weights,
    robustness,
)
from pipeline.analysis.roles import cast
from pipeline.analysis.samples import sample_efficiency
from pipeline.analysis.tuning import still_improving, tuning, validation_error
from pipeline.corruptions.corruption import Group
from pipeline.corruptions.registry import set_names


def assemble(plan: Plan, outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    """The whole record, as it reads back once written; the same input gives the same bytes.

    Raises:
        UserError: If variants were not tuned, trained and judged alike.
    """
    require_comparable(outcomes)
    rows = {name: outcome.wrong_by_set() for name, outcome in outcomes.items()}
    errors = {name: each[IMAGES] for name, each in rows.items()}
    whole = [name for name, each in errors.items() if len(each) == len(plan.seeds)]
    kin = families(list(outcomes), baseline=plan.baseline, planned=plan.planned)
    improving = [name for name, outcome in outcomes.items() if still_improving(outcome.tuning)]
    comparisons = compare(
        {name: each if name in whole else None for name, each in errors.items()},
        families=kin,
        margin=plan.margin,
        improving=improving,
    )
    # The paper's errors are on the real test set; figure 8 names images of it, in its order.
    real = plan.source == "mnist" and all(each.shape[1] == 10_000 for each in errors.values())
    variants = {
        name: _variant(outcome, errors[name], real=real) for name, outcome in outcomes.items()
    }
    sizes = {family: len(pairs) for family, pairs in kin.items()}
    record = {
        "study": study_record(plan, outcomes, sizes),
        "variants": variants,
        "comparisons": [asdict(comparison) for comparison in comparisons],
        **_on_all_sets(plan.baseline, {name: outcomes[name] for name in whole}, rows, improving),
        "mistakes": _mistakes(outcomes, errors, real=real),
        "ensembles": _ensembles(outcomes, comparisons),
        "paper": beside(variants) if real else [],
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


def _on_all_sets(
    baseline: str,
    outcomes: Mapping[str, Outcome],
    rows: Mapping[str, Rows],
    improving: Sequence[str],
) -> dict[str, Any]:
    """What rests on more than the images as they are, of variants that have all their seeds.

    The claims speak of LeNet-5: with another baseline none can be judged.
    """
    roles = cast({name: outcome.difference for name, outcome in outcomes.items()})
    networks = {
        role: {**rows[name], **outcomes[name].wrong_by_stage()} for role, name in roles.items()
    }
    lenet5 = baseline in outcomes and is_network(LENET5, outcomes[baseline].spec.network)
    with_ideas = roles if baseline in outcomes and _has_ideas(outcomes[baseline]) else {}
    by_number = {name: outcome.wrong_by_number() for name, outcome in outcomes.items()}
    return {
        "claims": judged(
            networks if lenet5 else {},
            improving=[role for role, name in roles.items() if name in improving],
        ),
        "attribution": _attribution({role: networks[role] for role in with_ideas}),
        "robustness": robustness({name: rows[name] for name in outcomes}, baseline),
        "samples": sample_efficiency(
            {name: each for name, each in by_number.items() if each},
            baseline=baseline,
            roles=with_ideas,
        ),
    }


def _attribution(networks: Mapping[str, Rows]) -> dict[str, Any] | None:
    """None where the baseline lacks one of the ideas: nothing could be taken from it."""
    measures = {
        "test error": mean_weights((IMAGES,)),
        Group.MEAN.value: mean_weights(set_names(Group.MEAN)),
    }
    return attribution(networks, measures) if networks else None


def _has_ideas(baseline: Outcome) -> bool:
    network = baseline.spec.network
    shares = network.get("connectivity") == "shared"
    pools = network.get("subsampling") not in (None, "stride", "none")
    return shares and pools and not network.get("hidden_sizes")


def _ensembles(
    outcomes: Mapping[str, Outcome], comparisons: Sequence[Comparison]
) -> dict[str, Any]:
    scores = {name: outcome.predictions.scores for name, outcome in outcomes.items()}
    labels = next(iter(outcomes.values())).predictions.labels
    return ensembles(scores, labels, [(each.variant, each.baseline) for each in comparisons])


def _mistakes(
    outcomes: Mapping[str, Outcome], errors: Mapping[str, BoolArray], *, real: bool
) -> dict[str, Any]:
    images = shared(errors)
    known = [image for image in images if image in FIGURE_8]
    labels = next(iter(outcomes.values())).predictions.labels
    answers = {name: outcome.on_images for name, outcome in outcomes.items()}
    return {
        "shared": as_what(images, answers, labels),
        "figure_8": {"images": len(FIGURE_8), "shared": known} if real else None,
    }


def _variant(outcome: Outcome, errors: BoolArray, *, real: bool) -> dict[str, Any]:
    scores, labels = outcome.predictions.scores, outcome.predictions.labels
    lost = diverged(scores)
    return {
        "difference": dict(outcome.difference),
        "differs_in": outcome.differs_in,
        "note": outcome.note,
        "reference_model": bool(outcome.spec.network.get("hidden_sizes")),
        "network": outcome.spec.network,
        **outcome.sizes,
        "hyperparameters": asdict(outcome.spec.hyperparameters),
        "run_keys": outcome.spec.run_keys,
        "tuning": tuning(outcome.tuning),
        "validation_error": validation_error(outcome.tuning),
        "train_error": final_train_error(outcome.history),
        "test_error": {
            **estimate(errors).to_dict(),
            "per_seed": [float(share) for share in errors.mean(axis=1)],
        },
        "certainty": certainty(scores, errors, labels),
        "consistency": consistency(
            outcome.on_images, outcome.on(set_names(Group.ONE_PIXEL)), labels
        ),
        "hierarchy": hierarchy(outcome.probes, labels),
        "confusions": confusions(scores, labels),
        "figure_8": of_figure_8(errors) if real else None,
        "diverged_seeds": [
            seed for seed, gone in zip(outcome.predictions.seeds, lost, strict=True) if gone
        ],
        "failures": outcome.spec.failures,
    }
