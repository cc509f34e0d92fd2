"""The study as a whole: what was declared, what that lets it find, and where it ran."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.analysis.comparison import Pair
from pipeline.analysis.outcomes import Outcome
from pipeline.analysis.power import Planning, limit_of_images, smallest_difference


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
    num_images = len(first.predictions.labels)
    environments = [each.spec.environment for each in outcomes.values()]
    return {
        "name": plan.name,
        "source": plan.source,
        "baseline": plan.baseline,
        "seeds": list(plan.seeds),
        "epochs": plan.epochs,
        "batch_size": plan.batch_size,
        "training_images": first.spec.training_images,
        "validation_images": plan.validation_images,
        "test_images": num_images,
        "margin": plan.margin,
        "planned": [list(pair) for pair in plan.planned],
        "families": dict(family_sizes),
        **_power(plan, num_images),
        "params_digest": plan.digest,
        "data_digest": first.spec.data,
        "code_digest": first.spec.code,
        "device_kind": " and ".join(_devices(environments)),
        "environment": {
            name: " and ".join(sorted(values)) for name, values in _values(environments).items()
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


def _devices(environments: Sequence[Mapping[str, object]]) -> list[str]:
    """By name, with the values of what else differs: results are then not equal bit for bit."""
    found = _values(environments)
    differing = [name for name, values in found.items() if name != "device" and len(values) > 1]
    named = {
        f"{each['device']} ({', '.join(str(each.get(name)) for name in differing)})"
        if differing
        else str(each["device"])
        for each in environments
    }
    return sorted({device for names in named for device in names.split(" and ")})


def _values(environments: Sequence[Mapping[str, object]]) -> dict[str, set[str]]:
    """All that each field of the environments is."""
    names = dict.fromkeys(name for each in environments for name in each)
    return {name: {str(each.get(name)) for each in environments} for name in names}
