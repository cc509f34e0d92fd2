"""The study as a whole: what was declared, what that lets it find, and where it ran."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.analysis.comparison import Pair
from pipeline.analysis.outcomes import Outcome
from pipeline.analysis.power import Planning, limit_of_images, smallest_difference

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
        planning: What its power is computed from.
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
    planning: Planning


def study_record(
    plan: Plan, outcomes: Mapping[str, Outcome], family_sizes: Mapping[str, int]
) -> dict[str, Any]:
    """All that the record tells of the study itself, in plain values."""
    first = next(iter(outcomes.values()))
    environment, num_images = first.spec["environment"], len(first.predictions.labels)
    return {
        "name": plan.name,
        "source": plan.source,
        "baseline": plan.baseline,
        "seeds": list(plan.seeds),
        "epochs": plan.epochs,
        "batch_size": plan.batch_size,
        "training_images": first.spec["training_images"],
        "validation_images": plan.validation_images,
        "test_images": num_images,
        "margin": plan.margin,
        "planned": [list(pair) for pair in plan.planned],
        "families": dict(family_sizes),
        **_power(plan, num_images),
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


def _power(plan: Plan, num_images: int) -> dict[str, Any]:
    """`smallest_difference` with this study's seeds, and its limit with ever more of them."""
    size = len(plan.planned)
    found = smallest_difference(
        plan.planning, num_seeds=len(plan.seeds), num_images=num_images, family_size=size
    )
    limit = limit_of_images(plan.planning, num_images=num_images, family_size=size)
    return {
        "planning": asdict(plan.planning),
        "smallest_difference": found,
        "smallest_difference_limit": None if found is None else limit,
    }


def _devices(outcomes: Mapping[str, Outcome]) -> list[str]:
    """By name; where two differ in more than that, with what they differ in."""
    environments = [each.spec["environment"] for each in outcomes.values()]
    kinds = {tuple(each.get(field) for field in KIND) for each in environments}
    named = {str(device) for device, *_ in kinds}
    if len(named) < len(kinds):
        named = {f"{device} ({', '.join(map(str, rest))})" for device, *rest in kinds}
    return sorted({device for names in named for device in names.split(" and ")})
