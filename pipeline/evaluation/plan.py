"""Which tasks a variant's evaluation consists of, and the images that they take."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from pipeline.corruptions.registry import REGISTRY
from pipeline.data.mnist import Digits, index_digest, split
from pipeline.evaluation.sets import libraries
from pipeline.evaluation.tasks.clean import EvaluationTask, PredictionTask
from pipeline.evaluation.tasks.corrupted import CorruptedEvaluationTask, CorruptedSet
from pipeline.evaluation.tasks.corruption import CorruptionTask
from pipeline.evaluation.tasks.filters import FiltersTask
from pipeline.evaluation.tasks.images import TEST
from pipeline.evaluation.tasks.network import NetworkTask
from pipeline.evaluation.tasks.probe import ProbeTask
from pipeline.execution.provenance import Environment
from pipeline.execution.task import Result
from pipeline.training.images import Images
from pipeline.training.models import TrainedNetwork

PROBE_IMAGES = 10_000  # that the probes are fitted to
Evaluation = TypeVar("Evaluation", EvaluationTask, PredictionTask)


@dataclass(frozen=True, kw_only=True)
class EvaluationPlan:
    """All that is asked of the networks of one variant, and the digits that it takes."""

    models: Sequence[TrainedNetwork]
    clean: Sequence[EvaluationTask]
    corrupted_sets: Sequence[CorruptionTask]
    """Makes the sets that the networks are shown next."""
    probes: Sequence[ProbeTask]
    filters: FiltersTask
    """Of the first network, with the first training image: no test-set evaluation."""
    digits: Images
    environment: Environment

    def tasks(self, made: Sequence[Result]) -> list[NetworkTask]:
        """Three of each network: as they are, on the corrupted sets now made, by its stages."""
        sets = [
            CorruptedSet(
                corruption=task.corruption,
                key=task.key,
                libraries=task.libraries,
                digest=result.record["digest"],
            )
            for task, result in zip(self.corrupted_sets, made, strict=True)
        ]
        corrupted = [
            CorruptedEvaluationTask(**_network(model), sets=sets, environment=self.environment)
            for model in self.models
        ]
        return [*self.clean, *corrupted, *self.probes]


def evaluation_plan(
    models: Sequence[TrainedNetwork],
    test: Digits,
    training: Digits,
    *,
    validation_images: int,
    split_seed: int,
    environment: Environment,
) -> EvaluationPlan:
    """Probes are fitted to training images, spread evenly over those that tuning trained on.

    Their ridge is chosen on the validation images of tuning; the networks were trained on both.
    `environment` is that of the workers.
    """
    fit, choose = split(training.labels, validation_images=validation_images, seed=split_seed)
    number = min(PROBE_IMAGES, len(fit))
    fit = fit[np.arange(number) * len(fit) // number]
    return EvaluationPlan(
        models=models,
        clean=evaluations(EvaluationTask, models, test, environment=environment),
        corrupted_sets=_corrupted_sets(test, environment),
        probes=_probes(models, test, training, fit=fit, choose=choose, environment=environment),
        filters=FiltersTask(
            **_network(models[0]), digit=training.images[0], environment=environment
        ),
        digits=_digits(test, training, fit=fit, choose=choose),
        environment=environment,
    )


def evaluations(
    kind: type[Evaluation],
    models: Sequence[TrainedNetwork],
    test: Digits,
    *,
    environment: Environment,
) -> list[Evaluation]:
    """Every network once, on all test images as they are."""
    return [
        kind(**_network(model), images=test.digest, environment=environment) for model in models
    ]


def with_test(training: Images, test: Digits) -> Images:
    """The test images behind the training images, whose lists of indices stay as they are."""
    indices = np.arange(len(test.labels), dtype=np.int64) + len(training.labels)
    return Images(
        images=np.concatenate([training.images, test.images]),
        labels=np.concatenate([training.labels, test.labels]),
        subsets={**training.subsets, TEST: indices},
    )


def _corrupted_sets(test: Digits, environment: Environment) -> list[CorruptionTask]:
    return [
        CorruptionTask(
            images=test.digest,
            corruption=name,
            libraries=libraries(),
            environment=environment,
        )
        for name in REGISTRY
    ]


def _probes(
    models: Sequence[TrainedNetwork],
    test: Digits,
    training: Digits,
    *,
    fit: np.ndarray,
    choose: np.ndarray,
    environment: Environment,
) -> list[ProbeTask]:
    return [
        ProbeTask(
            **_network(model),
            init=model.init,
            seed=model.seed,
            images=test.digest,
            training_images=training.digest,
            fit_on=index_digest(fit),
            choose_on=index_digest(choose),
            environment=environment,
        )
        for model in models
    ]


def _network(model: TrainedNetwork) -> dict[str, Any]:
    """What every task about a network has."""
    return {"network": model.network, "weights": model.weights}


def _digits(test: Digits, training: Digits, *, fit: np.ndarray, choose: np.ndarray) -> Images:
    """The test images, and of the training images only what the probes take."""
    bounds = np.cumsum([0, len(test.labels), len(fit), len(choose)])
    indices = [np.arange(start, end, dtype=np.int64) for start, end in pairwise(bounds)]
    chosen = np.concatenate([fit, choose])
    return Images(
        images=np.concatenate([test.images, training.images[chosen]]),
        labels=np.concatenate([test.labels, training.labels[chosen]]),
        subsets=dict(zip((TEST, index_digest(fit), index_digest(choose)), indices, strict=True)),
    )
