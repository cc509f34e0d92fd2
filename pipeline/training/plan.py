"""Which runs a variant's training consists of, and the images they see."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.data.mnist import Digits, index_digest, split
from pipeline.execution.provenance import Environment
from pipeline.execution.task import stacked
from pipeline.networks.spec import NetworkSpec
from pipeline.training.hyperparameters import Hyperparameters
from pipeline.training.images import Images
from pipeline.training.task import TrainingTask


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Trainings of one network, and the digits that they see."""

    tasks: list[TrainingTask]
    digits: Images


def final_plan(
    digits: Digits,
    network: NetworkSpec,
    hyperparameters: Hyperparameters,
    *,
    seeds: Sequence[int],
    epochs: int,
    batch_size: int,
    environment: Environment,
    stack_size: int = 1,
) -> Plan:
    """Trainings on all images: nothing is chosen after them, so nothing is held back.

    `environment` is that of the workers.
    """
    everything = np.arange(len(digits.labels), dtype=np.int64)
    first = TrainingTask(
        network=network,
        hyperparameters=hyperparameters,
        seed=seeds[0],
        epochs=epochs,
        batch_size=batch_size,
        train_on=index_digest(everything),
        validate_on=None,
        data=digits.digest,
        environment=environment,
    )
    return Plan(
        tasks=stacked([replace(first, seed=seed) for seed in seeds], stack_size),
        digits=Images(
            images=digits.images, labels=digits.labels, subsets={first.train_on: everything}
        ),
    )


def validating(plan: Plan, *, validation_images: int, split_seed: int) -> Plan:
    """The same trainings without the images held back, on which they are then judged."""
    training, validation = split(
        plan.digits.labels, validation_images=validation_images, seed=split_seed
    )
    subsets = {index_digest(training): training, index_digest(validation): validation}
    train_on, validate_on = subsets
    return Plan(
        tasks=[replace(task, train_on=train_on, validate_on=validate_on) for task in plan.tasks],
        digits=replace(plan.digits, subsets=subsets),
    )
