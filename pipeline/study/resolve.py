"""From params.yaml as written to a study with every variant spelled out."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.execution.errors import UserError
from pipeline.networks.spec import NetworkSpec
from pipeline.search.space import Search
from pipeline.study.parameters import Data, Evaluation, Parameters, Samples, Training
from pipeline.study.variants import network_spec
from pipeline.training.hyperparameters import Hyperparameters, applying


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


def resolve(parameters: Parameters, written: Any) -> Study:
    """The study of `parameters`, which were parsed from the plain values `written`."""
    variants = {
        name: {field: getattr(difference, field) for field in written["variants"][name]}
        for name, difference in parameters.variants.items()
    }
    networks = {
        name: network_spec(parameters.network.to_dict(), difference)
        for name, difference in variants.items()
    }
    defaults = parameters.hyperparameters.model_dump()
    return Study(
        name=parameters.name,
        data=parameters.data,
        baseline=next(name for name, difference in variants.items() if not difference),
        variants=variants,
        networks=networks,
        defaults={name: applying(defaults, network) for name, network in networks.items()},
        notes=parameters.notes,
        search=parameters.search,
        training=parameters.training,
        seeds=parameters.seeds,
        samples=parameters.samples,
        evaluation=parameters.evaluation,
        digest=hashlib.sha256(json.dumps(written, sort_keys=True).encode()).hexdigest(),
    )
