"""From params.yaml as written to a study with every variant spelled out."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.execution.errors import UserError
from pipeline.networks.accounting import account
from pipeline.networks.matching import matched
from pipeline.networks.spec import BODY, NetworkSpec
from pipeline.search.space import Search
from pipeline.study.parameters import (
    Data,
    Defaults,
    Evaluation,
    Parameters,
    Samples,
    Training,
)
from pipeline.training.hyperparameters import Hyperparameters

LARGEST = 100_000_000  # parameters of a network: more is a slip of the pen


@dataclass(frozen=True, kw_only=True)
class Study:
    """A study with every variant spelled out."""

    name: str
    data: Data
    baseline: str
    variants: Mapping[str, Mapping[str, object]]
    """What each variant differs in, as written."""
    networks: Mapping[str, NetworkSpec]
    defaults: Mapping[str, Hyperparameters]
    """What each variant's first trial has, and whatever is not searched."""
    notes: Mapping[str, str]
    search: Search
    training: Training
    seeds: tuple[int, ...]
    samples: Samples
    evaluation: Evaluation
    digest: str

    def require(self, variant: str) -> None:
        """Refuse a variant that the study does not have."""
        if variant not in self.variants:
            known = ", ".join(self.variants)
            raise UserError(f"the variant must be one of {known}, but got {variant!r}.")

    def require_sampled(self, variant: str) -> None:
        """Refuse a variant that the study does not train on fewer images."""
        if variant not in self.samples.variants:
            known = ", ".join(self.samples.variants) or "none"
            raise UserError(
                f"the variant must be one of `samples.variants` ({known}), but got {variant!r}."
            )


def resolve(written: Any) -> Study:
    """The study in the plain values of a params.yaml that has no mistakes."""
    parameters = Parameters.model_validate_json(json.dumps(written))
    variants = {
        name: {word: getattr(difference, word) for word in written["variants"][name]}
        for name, difference in parameters.variants.items()
    }
    networks = {
        name: network_spec(parameters.network.words(), difference)
        for name, difference in variants.items()
    }
    return Study(
        name=parameters.name,
        data=parameters.data,
        baseline=next(name for name, difference in variants.items() if not difference),
        variants=variants,
        networks=networks,
        defaults={
            name: _defaults(parameters.hyperparameters, network)
            for name, network in networks.items()
        },
        notes=parameters.notes,
        search=parameters.search,
        training=parameters.training,
        seeds=parameters.seeds,
        samples=parameters.samples,
        evaluation=parameters.evaluation,
        digest=hashlib.sha256(json.dumps(written, sort_keys=True).encode()).hexdigest(),
    )


def network_spec(baseline: Mapping[str, Any], difference: Mapping[str, Any]) -> NetworkSpec:
    """`difference` laid over `baseline`, whose size it may ask for.

    Raises:
        ValueError: When the words contradict each other, or describe what cannot be built.
    """
    words = {**baseline, **difference}
    idle = BODY if words["hidden"] else ("c3_table",) if words["hierarchy"] == "one" else ()
    words |= {word: BODY[word] for word in idle if word not in difference}  # nobody asked for it
    network = matched(_without_match(words), _without_match(baseline), words["match"])
    if (parameters := account(network).parameters) > LARGEST:
        raise ValueError(f"there must be at most {LARGEST:,} parameters, but got {parameters:,}.")
    return network


def _without_match(words: Mapping[str, Any]) -> NetworkSpec:
    return NetworkSpec.from_words({field: words[field] for field in words if field != "match"})


def _defaults(section: Defaults, network: NetworkSpec) -> Hyperparameters:
    j = section.j if network.output == "rbf" else None
    return Hyperparameters(learning_rate=section.learning_rate, init=section.init, j=j)
