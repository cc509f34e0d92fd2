"""Trainings on fewer images, which ask how many a network needs."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from pipeline.data.mnist import Digits, index_digest
from pipeline.execution.provenance import Environment
from pipeline.execution.task import Result
from pipeline.networks.spec import NetworkSpec
from pipeline.training.hyperparameters import Hyperparameters
from pipeline.training.models import TrainedNetwork
from pipeline.training.plan import Plan, final_plan
from pipeline.training.task import TrainingTask

MOST = 10  # times as many epochs, so that fewer images do not mean few steps


def sample_plan(
    digits: Digits,
    network: NetworkSpec,
    hyperparameters: Hyperparameters,
    *,
    sizes: Sequence[int],
    seeds: Sequence[int],
    epochs: int,
    batch_size: int,
    environment: Environment,
) -> Plan:
    """Every size over all seeds, size by size; `epochs` are those of a training on all images.

    None are stacked: networks of different seeds are trained on different images.
    """
    count = len(digits.labels)
    assert max(sizes) < count, (sizes, count)
    whole = final_plan(
        digits,
        network,
        hyperparameters,
        seeds=seeds,
        epochs=epochs,
        batch_size=batch_size,
        environment=environment,
    )
    tasks: list[TrainingTask] = []
    subsets: dict[str, np.ndarray] = {}
    for size in sizes:
        for task in whole.tasks:
            chosen = subset(task.seed, size, count)
            subsets[index_digest(chosen)] = chosen
            longer = epochs_on(size, count, epochs)
            tasks.append(replace(task, train_on=index_digest(chosen), epochs=longer))
    return Plan(tasks=tasks, digits=replace(whole.digits, subsets=subsets))


def subset(seed: int, size: int, count: int) -> np.ndarray:
    """Int64 indices of `size` out of `count` images: the same for every network with this seed.

    They are the first in one order of all, so that more images are these and others.
    """
    import torch  # for the draw alone: no other coordinator waits for it

    from pipeline.networks.initialisation import generator

    return torch.randperm(count, generator=generator(seed, "subset", "images"))[:size].numpy()


def epochs_on(size: int, count: int, epochs: int) -> int:
    """Epochs on `size` of `count` images, where a training on all of them has `epochs`.

    In proportion, so that there are as many steps, up to `MOST` times as often; halves go to even.
    """
    return round(min(Fraction(count, size), MOST) * epochs)


def sample_sizes(plan: Plan) -> list[int]:
    """On how many images each run trains."""
    return [len(plan.digits.subsets[task.train_on]) for task in plan.tasks]


def images_per_epoch(plan: Plan) -> int:
    """On average over all epochs of all runs."""
    epochs = [task.epochs for task in plan.tasks]
    seen = sum(size * times for size, times in zip(sample_sizes(plan), epochs, strict=True))
    return round(seen / sum(epochs))


def trained_networks(
    tasks: Sequence[TrainingTask], results: Sequence[Result]
) -> list[TrainedNetwork]:
    """The networks of trainings that leave no files."""
    return [
        TrainedNetwork(
            network=task.network,
            init=task.hyperparameters.init,
            seed=task.seed,
            run_key=task.key,
            weights=result.arrays,
        )
        for task, result in zip(tasks, results, strict=True)
    ]
