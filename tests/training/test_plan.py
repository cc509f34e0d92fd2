from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pipeline.data.mnist import Digits, index_digest
from pipeline.execution.errors import UserError
from pipeline.execution.provenance import code_digest, cpu_environment
from pipeline.native.build import kernels_name
from pipeline.training.plan import Plan, Stack, stack_size, validating

MakePlan = Callable[..., Plan]


def test_final_tasks_differ_in_their_seeds_alone(make_plan: MakePlan) -> None:
    plan = make_plan(seeds=(5, 0, 9), epochs=3, batch_size=10)
    assert [task.seed for task in plan.tasks] == [5, 0, 9]
    assert {replace(task, seed=0) for task in plan.tasks} == {plan.tasks[1]}
    assert len({task.key for task in plan.tasks}) == 3


def test_final_trainings_see_every_image_and_hold_none_back(
    make_plan: MakePlan, digits: Digits
) -> None:
    plan = make_plan(epochs=3, batch_size=10)
    (task,) = plan.tasks
    assert plan.digits.subsets[task.train_on].tolist() == list(range(500))
    assert task.validate_on is None
    assert (task.epochs, task.batch_size, task.data) == (3, 10, digits.digest)
    assert task.code == code_digest("pipeline.training.task", "pipeline.execution.worker")
    assert task.environment == cpu_environment(kernels=kernels_name())
    assert plan.digits.images is digits.images
    assert plan.digits.labels is digits.labels


@pytest.mark.parametrize("held_back", [1, 100, 499])
@pytest.mark.parametrize("split_seed", [0, 1998])
def test_validation_images_are_never_trained_on(
    make_plan: MakePlan, digits: Digits, held_back: int, split_seed: int
) -> None:
    plan = validating(make_plan(seeds=(1, 2)), validation_images=held_back, split_seed=split_seed)
    for task in plan.tasks:
        training = plan.digits.subsets[task.train_on].tolist()
        validation = plan.digits.subsets[str(task.validate_on)].tolist()
        assert len(validation) == held_back
        assert not set(training) & set(validation)
        assert sorted(training + validation) == list(range(500))
    assert plan.digits.images is digits.images


def test_subsets_are_what_their_digests_say(make_plan: MakePlan) -> None:
    plan = validating(make_plan(), validation_images=100, split_seed=1)
    assert len(plan.digits.subsets) == 2
    for digest, indices in plan.digits.subsets.items():
        assert index_digest(indices) == digest


def test_validating_changes_nothing_but_the_images(make_plan: MakePlan) -> None:
    plan = make_plan(seeds=(1, 2))
    judged = validating(plan, validation_images=100, split_seed=1)
    for task, before in zip(judged.tasks, plan.tasks, strict=True):
        assert replace(task, train_on=before.train_on, validate_on=None) == before
        assert task.key != before.key
    other = validating(plan, validation_images=100, split_seed=2)
    assert other.tasks[0].key != judged.tasks[0].key


def test_split_that_leaves_nothing_to_train_on_is_refused(make_plan: MakePlan) -> None:
    with pytest.raises(UserError, match="below the 500 training images, but got 500"):
        validating(make_plan(), validation_images=500, split_seed=1)


@pytest.mark.parametrize(
    ("stack", "device_type", "difference", "expected"),
    [
        ("auto", "cpu", {}, 1),
        (3, "cpu", {}, 3),
        (3, "cuda", {}, 3),
        ("auto", "cuda", {}, 89),
        ("auto", "cuda", {"connectivity": "full", "subsampling": "none"}, 1),
    ],
)
def test_as_many_runs_are_stacked_as_fit_a_gpu(
    make_plan: MakePlan, stack: Stack, device_type: str, difference: dict[str, Any], expected: int
) -> None:
    (task,) = make_plan(**difference).tasks
    environment = replace(task.environment, device_type=device_type)
    assert stack_size(stack, replace(task, environment=environment)) == expected
