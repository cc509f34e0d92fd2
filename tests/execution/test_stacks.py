from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pipeline.evaluation.tasks.clean import EvaluationTask
from pipeline.execution.cache import pack, read_result
from pipeline.execution.events import Event, Finished, Progressed
from pipeline.execution.pool import open_pool
from pipeline.execution.runner import complete
from pipeline.execution.task import Context, Result, stacked, stacks
from pipeline.networks.spec import NetworkSpec
from pipeline.program import program
from pipeline.training.fit import train
from pipeline.training.images import Images
from pipeline.training.plan import Plan
from pipeline.training.task import TrainingTask

MakePlan = Callable[..., Plan]


@pytest.mark.parametrize(
    ("tasks", "size", "sizes"),
    [
        (5, 1, [1, 1, 1, 1, 1]),
        (5, 2, [2, 2, 2, 2, 1]),
        (6, 3, [3] * 6),
        (3, 8, [3, 3, 3]),
        (0, 4, []),
    ],
)
def test_stack_is_whole_except_for_what_is_left_over(
    make_plan: MakePlan, tasks: int, size: int, sizes: list[int]
) -> None:
    plan = make_plan(seeds=tuple(range(tasks)) or (0,))
    reported = stacked(plan.tasks[:tasks], size)
    assert [task.environment.stack_size for task in reported] == sizes
    alone = [
        replace(task, environment=replace(task.environment, stack_size=1)) for task in reported
    ]
    assert alone == plan.tasks[:tasks]


def test_stacks_are_the_indices_of_tasks_computed_as_one(make_plan: MakePlan) -> None:
    plan = make_plan(seeds=(0, 1, 2, 3, 4))
    assert stacks(stacked(plan.tasks, 2)) == [range(2), range(2, 4), range(4, 5)]


def test_kind_of_task_that_cannot_be_stacked_says_so(
    make_plan: MakePlan, lenet5: NetworkSpec
) -> None:
    (training,) = make_plan().tasks
    evaluation = EvaluationTask(
        network=lenet5, weights={}, images="digest", environment=training.environment
    )
    assert stacks([evaluation] * 2) == [range(1), range(1, 2)]
    context = Context(shared=None, device=None, report=lambda *_: None)
    with pytest.raises(ValueError, match="too many values"):
        EvaluationTask.run_group([evaluation] * 2, context)


def test_tasks_that_are_stacked_differently_have_other_keys(make_plan: MakePlan) -> None:
    (task, _) = make_plan(seeds=(0, 1)).tasks
    keys = {stacked([task] * size, size)[0].key for size in (1, 2, 3)}
    assert len(keys) == 3


def fused(tasks: list[TrainingTask], digits: Images) -> list[Result]:
    """What a group comes to in this process."""
    return train(tasks, digits, device=torch.device("cpu"), on_epoch=lambda *_: None)


def same(results: list[Result], expected: list[Result]) -> bool:
    """All but the times, bit for bit."""
    return all(
        pack(one.arrays) == pack(other.arrays) and one.record["history"] == other.record["history"]
        for one, other in zip(results, expected, strict=True)
    )


@pytest.mark.parametrize("workers", ["1", "2"])
def test_workers_train_groups_whole_and_tell_of_every_task(
    make_plan: MakePlan, cache: Path, monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    monkeypatch.setenv("ABLATION_WORKERS", workers)
    plan = make_plan(seeds=(0, 1, 2), epochs=2, stack_size=2, hidden_sizes=(20,), output="linear")
    first, second, third = plan.tasks
    expected = [*fused([first, second], plan.digits), *fused([third], plan.digits)]
    tasks, reported = plan.tasks, list[Event]()
    assert same(
        complete(tasks, plan.digits, open_pool(program()), observers=[reported.append]), expected
    )
    epochs = [
        (event.key, event.row["epoch"]) for event in reported if isinstance(event, Progressed)
    ]
    assert sorted(epochs) == sorted((task.key, epoch) for task in plan.tasks for epoch in (1, 2))
    # One is lost: its whole group is trained again, and nobody hears twice of the other.
    (lost,) = cache.rglob(second.key)
    lost.unlink()
    reported.clear()
    assert same(
        complete(tasks, plan.digits, open_pool(program()), observers=[reported.append]), expected
    )
    finished = [event for event in reported if isinstance(event, Finished)]
    assert sorted((event.index, event.cached) for event in finished) == [
        (0, True),
        (1, False),
        (2, True),
    ]
    assert read_result(second.key)
