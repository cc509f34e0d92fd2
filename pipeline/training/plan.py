"""Which runs a variant's training consists of, and their images."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from pipeline.data.mnist import Digits, index_digest, split
from pipeline.execution.provenance import Environment
from pipeline.execution.task import stacked
from pipeline.networks.sizes import FLOAT
from pipeline.networks.spec import NetworkSpec
from pipeline.networks.summary import summarize
from pipeline.training.hyperparameters import Hyperparameters
from pipeline.training.images import Images
from pipeline.training.task import TrainingTask

Stack = int | Literal["auto"]
STACK_BYTES = 8 * 2**30  # a constant and not what a GPU has left: results depend on the stack size


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Trainings of one network, and their images."""

    tasks: list[TrainingTask]
    digits: Images


def stack_size(stack: Stack, task: TrainingTask) -> int:
    """How many runs like this one are trained as one.

    `auto` is one on a CPU, which a single network keeps busy, and on a GPU as many as fit.
    """
    if stack != "auto":
        return stack
    if task.environment.device_type == "cpu":
        return 1
    sizes = summarize(task.network)
    # No less than a step keeps: the windows that convolutions gather, and units with gradients.
    values = sizes.connections + 4 * sizes.activation_bytes // FLOAT
    return max(1, STACK_BYTES // (FLOAT * task.batch_size * values))


def final_plan(
    digits: Digits,
    network: NetworkSpec,
    hyperparameters: Hyperparameters,
    *,
    seeds: Sequence[int],
    epochs: int,
    batch_size: int,
    environment: Environment,
    stack: Stack = 1,
) -> Plan:
    """Trainings on all images: nothing is chosen after them, so none are held out.

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
        tasks=stacked([replace(first, seed=seed) for seed in seeds], stack_size(stack, first)),
        digits=Images(
            images=digits.images, labels=digits.labels, subsets={first.train_on: everything}
        ),
    )


def validating(plan: Plan, *, validation_images: int, split_seed: int) -> Plan:
    """The same trainings without the held-out validation images, on which they are evaluated."""
    training, validation = split(
        plan.digits.labels, validation_images=validation_images, seed=split_seed
    )
    subsets = {index_digest(training): training, index_digest(validation): validation}
    train_on, validate_on = subsets
    return Plan(
        tasks=[replace(task, train_on=train_on, validate_on=validate_on) for task in plan.tasks],
        digits=replace(plan.digits, subsets=subsets),
    )
