from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pipeline.networks.spec import NetworkSpec
from pipeline.training.cells import EvaluationCell, Result, TrainingCell
from pipeline.training.fit import train
from pipeline.training.groups import grouped, groups
from pipeline.training.images import Images
from pipeline.training.plan import Plan
from pipeline.training.results import pack, stored
from pipeline.training.tasks import Job
from pipeline.training.workers import Epoch, Event, Finished, complete

MakePlan = Callable[..., Plan]


@pytest.mark.parametrize(
    ("cells", "size", "sizes"),
    [
        (5, 1, [1, 1, 1, 1, 1]),
        (5, 2, [2, 2, 2, 2, 1]),
        (6, 3, [3] * 6),
        (3, 8, [3, 3, 3]),
        (0, 4, []),
    ],
)
def test_group_is_whole_but_for_what_is_left_over(
    make_plan: MakePlan, cells: int, size: int, sizes: list[int]
) -> None:
    plan = make_plan(seeds=tuple(range(cells)) or (0,))
    told = grouped(plan.cells[:cells], size)
    assert [cell.environment.group for cell in told] == sizes
    alone = [replace(cell, environment=replace(cell.environment, group=1)) for cell in told]
    assert alone == plan.cells[:cells]


def test_groups_are_the_places_of_cells_trained_as_one(make_plan: MakePlan) -> None:
    plan = make_plan(seeds=(0, 1, 2, 3, 4))
    jobs = [Job(cell=cell) for cell in grouped(plan.cells, 2)]
    assert groups(jobs) == [range(2), range(2, 4), range(4, 5)]


def test_evaluation_is_a_group_of_its_own(make_plan: MakePlan, lenet5: NetworkSpec) -> None:
    (cell,) = make_plan().cells
    evaluation = EvaluationCell(
        network=lenet5,
        weights="digest",
        images="digest",
        code="digest",
        environment=replace(cell.environment, group=7),
    )
    assert groups([Job(cell=evaluation)] * 2) == [range(1), range(1, 2)]


def test_cells_that_are_fused_differently_have_other_keys(make_plan: MakePlan) -> None:
    (cell, _) = make_plan(seeds=(0, 1)).cells
    keys = {grouped([cell] * size, size)[0].key for size in (1, 2, 3)}
    assert len(keys) == 3


def fused(cells: list[TrainingCell], digits: Images) -> list[Result]:
    """What a group comes to in this process."""
    return train(cells, digits, device=torch.device("cpu"), on_epoch=lambda *_: None)


def same(results: list[Result], expected: list[Result]) -> bool:
    """All but the times, bit for bit."""
    return all(
        pack(one.arrays) == pack(other.arrays) and one.record["history"] == other.record["history"]
        for one, other in zip(results, expected, strict=True)
    )


@pytest.mark.parametrize("workers", ["1", "2"])
def test_workers_train_groups_whole_and_tell_of_every_cell(
    make_plan: MakePlan, cache: Path, monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    monkeypatch.setenv("ABLATION_WORKERS", workers)
    plan = make_plan(seeds=(0, 1, 2), epochs=2, group=2, hidden=(20,), output="linear")
    first, second, third = plan.cells
    expected = [*fused([first, second], plan.digits), *fused([third], plan.digits)]
    jobs, told = [Job(cell=cell) for cell in plan.cells], list[Event]()
    assert same(complete(jobs, plan.digits, observers=[told.append]), expected)
    epochs = [(event.key, event.row["epoch"]) for event in told if isinstance(event, Epoch)]
    assert sorted(epochs) == sorted((cell.key, epoch) for cell in plan.cells for epoch in (1, 2))
    # One is lost: its whole group is trained again, and nobody hears twice of the other.
    (lost,) = cache.rglob(second.key)
    lost.unlink()
    told.clear()
    assert same(complete(jobs, plan.digits, observers=[told.append]), expected)
    finished = [event for event in told if isinstance(event, Finished)]
    assert sorted((event.index, event.cached) for event in finished) == [
        (0, True),
        (1, False),
        (2, True),
    ]
    assert stored(second.key)
