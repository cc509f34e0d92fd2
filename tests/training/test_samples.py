from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from pipeline.data.mnist import Digits, index_digest
from pipeline.execution.provenance import code_digest, cpu_environment
from pipeline.native.build import kernels_name
from pipeline.networks.spec import NetworkSpec
from pipeline.training.hyperparameters import Hyperparameters
from pipeline.training.plan import Plan
from pipeline.training.samples import (
    epochs_on,
    images_per_epoch,
    sample_plan,
    sample_sizes,
    subset,
)

PlanSamples = Callable[..., Plan]
SETTINGS = Hyperparameters(learning_rate=0.004, init="fan_in", j=1.0)


@pytest.fixture
def plan_samples(digits: Digits, lenet5: NetworkSpec) -> PlanSamples:
    def plan(
        *, sizes: Sequence[int] = (50, 200), seeds: Sequence[int] = (3, 1), **difference: Any
    ) -> Plan:
        network = replace(lenet5, **difference)
        return sample_plan(
            digits,
            network,
            SETTINGS,
            sizes=sizes,
            seeds=seeds,
            epochs=2,
            batch_size=50,
            environment=cpu_environment(kernels=kernels_name()),
        )

    return plan


def test_each_subset_lies_within_the_larger_ones_and_repeats_no_image() -> None:
    chosen = [subset(7, size, 500).tolist() for size in (1, 50, 200, 499, 500)]
    for fewer, more in pairwise(chosen):
        assert more[: len(fewer)] == fewer
    assert sorted(chosen[-1]) == list(range(500))


def test_subsets_are_those_of_their_seeds() -> None:
    assert subset(7, 20, 500).dtype == np.int64
    assert subset(7, 20, 500).tolist() == subset(7, 20, 500).tolist()
    assert subset(7, 20, 500).tolist() != subset(8, 20, 500).tolist()
    # So that a release of torch which draws otherwise is seen.
    assert subset(0, 4, 60_000).tolist() == [38329, 17740, 56645, 58797]


def test_all_variants_see_the_same_images(plan_samples: PlanSamples) -> None:
    one, other = plan_samples(), plan_samples(connectivity="unshared")
    assert [task.train_on for task in one.tasks] == [task.train_on for task in other.tasks]
    assert not {task.key for task in one.tasks} & {task.key for task in other.tasks}


def test_tasks_come_size_by_size_over_the_seeds_and_hold_nothing_back(
    plan_samples: PlanSamples, digits: Digits
) -> None:
    plan = plan_samples()
    assert [task.seed for task in plan.tasks] == [3, 1, 3, 1]
    assert sample_sizes(plan) == [50, 50, 200, 200]
    assert [task.epochs for task in plan.tasks] == [20, 20, 5, 5]
    for task, size in zip(plan.tasks, sample_sizes(plan), strict=True):
        chosen = subset(task.seed, size, 500)
        assert plan.digits.subsets[task.train_on].tolist() == chosen.tolist()
        assert task.train_on == index_digest(chosen)
        assert task.validate_on is None
        assert task.hyperparameters == SETTINGS
        assert (task.batch_size, task.data) == (50, digits.digest)
        assert task.code == code_digest("pipeline.training.task", "pipeline.execution.worker")
        assert task.environment.stack_size == 1
    assert len({task.key for task in plan.tasks}) == 4


def test_another_size_leaves_the_tasks_of_the_others_as_they_are(
    plan_samples: PlanSamples,
) -> None:
    keys = [task.key for task in plan_samples().tasks]
    more = [task.key for task in plan_samples(sizes=(50, 100, 200), seeds=(3, 1)).tasks]
    assert [*more[:2], *more[4:]] == keys


@pytest.mark.parametrize(
    ("size", "count", "epochs", "expected"),
    [
        (1_000, 60_000, 10, 100),  # ten times at most
        (5_000, 60_000, 10, 100),
        (15_000, 60_000, 10, 40),
        (30_000, 60_000, 10, 20),
        (6_000, 60_000, 1, 10),
        (200, 500, 2, 5),
        (45_000, 60_000, 1, 1),  # 4/3
        (40_000, 60_000, 1, 2),  # a half, to the even one
        (59_999, 60_000, 3, 3),
    ],
)
def test_few_images_are_seen_more_often(size: int, count: int, epochs: int, expected: int) -> None:
    assert epochs_on(size, count, epochs) == expected


def test_images_of_an_epoch_are_counted_on_average(plan_samples: PlanSamples) -> None:
    assert images_per_epoch(plan_samples()) == (50 * 20 + 200 * 5) // 25


def test_sizes_must_be_below_the_number_of_images(plan_samples: PlanSamples) -> None:
    with pytest.raises(AssertionError, match="500"):
        plan_samples(sizes=(50, 500))
