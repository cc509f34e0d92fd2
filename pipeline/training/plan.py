"""Which cells a variant's training consists of, and the digits they see."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.data.mnist import Digits, index_digest, split
from pipeline.networks.spec import NetworkSpec
from pipeline.training.cells import Hyperparameters, TrainingCell
from pipeline.training.groups import grouped
from pipeline.training.images import Images
from pipeline.training.pool import pool
from pipeline.training.provenance import code_digest

TRAINING_CODE = "pipeline.training.fit"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Trainings of one network, and the digits that they see."""

    cells: list[TrainingCell]
    digits: Images


def final_plan(
    digits: Digits,
    network: NetworkSpec,
    hyperparameters: Hyperparameters,
    *,
    seeds: Sequence[int],
    epochs: int,
    batch_size: int,
    group: int = 1,
) -> Plan:
    """Trainings on all images: nothing is chosen after them, so nothing is held back."""
    everything = np.arange(len(digits.labels), dtype=np.int64)
    first = TrainingCell(
        network=network,
        hyperparameters=hyperparameters,
        seed=seeds[0],
        epochs=epochs,
        batch_size=batch_size,
        train_on=index_digest(everything),
        validate_on=None,
        data=digits.digest,
        code=code_digest(TRAINING_CODE),
        environment=pool().environment,
    )
    return Plan(
        cells=grouped([replace(first, seed=seed) for seed in seeds], group),
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
        cells=[replace(cell, train_on=train_on, validate_on=validate_on) for cell in plan.cells],
        digits=replace(plan.digits, subsets=subsets),
    )
