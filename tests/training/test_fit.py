import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.data.mnist import Digits, frame
from pipeline.execution.task import Result
from pipeline.networks.lenet5 import build
from pipeline.study import load_study
from pipeline.training.fit import Batches, train
from pipeline.training.hyperparameters import Hyperparameters
from pipeline.training.images import Images
from pipeline.training.plan import Plan, validating

# Lightning says so of every training that holds nothing back; `test_training_warns_of_nothing`.

CPU = torch.device("cpu")
STUDY = load_study()
MLP: dict[str, Any] = {"hidden_sizes": (20,), "output": "linear"}


def trained(plan: Plan) -> Result:
    """Of the plan's first task, alone."""
    (result,) = train(plan.tasks[:1], plan.digits, device=CPU, on_epoch=lambda *_: None)
    return result


def same_bits(one: Result, other: Result) -> bool:
    return {name: array.tobytes() for name, array in one.arrays.items()} == {
        name: array.tobytes() for name, array in other.arrays.items()
    }


def batches(count: int, *, size: int, seeds: Sequence[int] = ()) -> Batches:
    numbers = torch.arange(1000, 1000 + count)
    indices = torch.arange(count).flip(0)
    return Batches(numbers, numbers + 1000, indices, batch_size=size, seeds=seeds)


def epoch(source: Batches, model: int = 0) -> list[list[int]]:
    """The images of each batch of one model; without seeds there is one for all."""
    found = [images for chunk in source for images, _ in chunk]
    return [(images[model] if source.seeds else images).tolist() for images in found]


def order(source: Batches, model: int = 0) -> list[int]:
    return [image for batch in epoch(source, model) for image in batch]


def test_batches_keep_the_last_short_one_and_are_as_many_as_they_say() -> None:
    for count, sizes in ((10, [4, 4, 2]), (8, [4, 4]), (3, [3])):
        source = batches(count, size=4, seeds=[0])
        assert [len(batch) for batch in epoch(source)] == sizes
        assert source.num_batches == len(sizes)


def test_batches_come_in_chunks_as_many_as_they_say() -> None:
    for count, sizes in ((450, [100, 100, 25]), (400, [100, 100]), (3, [2])):
        source = batches(count, size=2, seeds=[0])
        assert [len(list(chunk)) for chunk in source] == sizes
        assert len(source) == len(sizes)


def test_each_model_has_the_order_of_its_seed() -> None:
    both = batches(100, size=32, seeds=[5, 6])
    orders = [order(batches(100, size=32, seeds=[seed])) for seed in (5, 6)]
    assert [order(both, 0), order(batches(100, size=32, seeds=[5, 6]), 1)] == orders


def test_batches_cover_every_index_once_an_epoch_in_an_order_of_its_own() -> None:
    source = batches(100, size=32, seeds=[0])
    orders = [order(source) for _ in range(3)]
    for one in orders:
        assert sorted(one) == list(range(1000, 1100))
    assert orders[0] != orders[1] != orders[2] != orders[0]


def test_batches_depend_on_the_seed_and_the_epoch_alone() -> None:
    first, second, other = (batches(100, size=32, seeds=[seed]) for seed in (5, 5, 6))
    torch.manual_seed(1)
    assert epoch(first) == epoch(second)
    torch.manual_seed(2)
    assert epoch(first) == epoch(second)
    assert epoch(first) != epoch(other)


def test_batches_are_cut_from_one_order_whatever_their_size() -> None:
    small, large = batches(100, size=7, seeds=[5]), batches(100, size=64, seeds=[5])
    assert order(small) == order(large)


def test_batches_without_a_seed_keep_the_order_of_the_list() -> None:
    source = batches(5, size=2)
    assert epoch(source) == epoch(source) == [[1004, 1003], [1002, 1001], [1000]]


def test_labels_stay_with_their_images() -> None:
    for chunk in batches(50, size=8, seeds=[1, 2]):
        for images, labels in chunk:
            assert torch.equal(images + 1000, labels)


def test_batches_take_only_what_the_list_names() -> None:
    numbers = torch.arange(10)
    source = Batches(numbers, numbers, torch.tensor([7, 2, 5]), batch_size=2, seeds=[0])
    assert sorted(order(source)) == [2, 5, 7]


@pytest.mark.parametrize("variant", STUDY.networks)
def test_variant_of_the_standard_study_learns_the_digits_twice_alike(
    make_plan: Callable[..., Plan], variant: str
) -> None:
    plan = make_plan(epochs=6, batch_size=32)
    task = replace(
        plan.tasks[0],
        network=STUDY.networks[variant],
        hyperparameters=STUDY.defaults[variant],
    )
    first, second = (trained(replace(plan, tasks=[task])) for _ in range(2))
    assert same_bits(first, second)
    assert first.record["history"] == second.record["history"]
    start, *_, end = first.record["history"]
    assert end["train_loss"] < start["train_loss"] / 2
    assert end["train_error"] < 0.2
    assert first.record["failure"] is None


def test_training_warns_of_nothing(make_plan: Callable[..., Plan]) -> None:
    with warnings.catch_warnings(record=True) as reported:
        warnings.simplefilter("always")
        trained(make_plan(**MLP))
    messages = [str(warning.message) for warning in reported]
    assert not [message for message in messages if "LeafSpec" not in message]


def test_another_seed_is_another_training(make_plan: Callable[..., Plan]) -> None:
    one, other = (trained(make_plan(seeds=(seed,), **MLP)) for seed in (0, 1))
    assert not same_bits(one, other)


def test_result_is_the_parameters_by_name(make_plan: Callable[..., Plan]) -> None:
    result = trained(make_plan())
    assert {name: array.shape for name, array in result.arrays.items()} == {
        "c1.weight": (6, 25),
        "c1.bias": (6,),
        "s2.coefficient": (6,),
        "s2.bias": (6,),
        "c3.weight": (60, 25),
        "c3.bias": (16,),
        "s4.coefficient": (16,),
        "s4.bias": (16,),
        "c5.weight": (120, 400),
        "c5.bias": (120,),
        "f6.weight": (84, 120),
        "f6.bias": (84,),
    }
    assert {array.dtype for array in result.arrays.values()} == {np.dtype(np.float32)}


def test_epochs_lie_within_the_time_of_the_training(make_plan: Callable[..., Plan]) -> None:
    timing = trained(make_plan(epochs=3, **MLP)).record["timing"]
    assert len(timing["epochs"]) == 3
    within = [moment for epoch in timing["epochs"] for moment in epoch]
    moments = [timing["started"], *within, timing["ended"]]
    assert moments == sorted(moments)


def test_every_epoch_is_told_as_it_ends(make_plan: Callable[..., Plan]) -> None:
    plan, reported = make_plan(epochs=3, seeds=(0, 1), **MLP), []
    results = train(
        plan.tasks, plan.digits, device=CPU, on_epoch=lambda *row: reported.append(row)
    )
    assert [(model, row["epoch"]) for model, row in reported] == [
        (model, epoch) for epoch in (1, 2, 3) for model in (0, 1)
    ]
    for model, result in enumerate(results):
        assert result.record["history"] == [row for place, row in reported if place == model]


@pytest.mark.parametrize("difference", [{}, MLP], ids=["lenet5", "mlp"])
def test_looking_at_validation_images_does_not_change_the_training(
    make_plan: Callable[..., Plan], difference: dict[str, Any]
) -> None:
    plan = make_plan(epochs=2, **difference)
    looking = validating(plan, validation_images=100, split_seed=1)
    blind = replace(looking, tasks=[replace(looking.tasks[0], validate_on=None)])
    seen, unseen = trained(looking), trained(blind)
    assert same_bits(seen, unseen)
    for row, other in zip(seen.record["history"], unseen.record["history"], strict=True):
        assert 0 <= row.pop("validation_error") <= 1
        assert row == other


def test_validation_error_of_the_last_epoch_is_that_of_the_trained_network(
    make_plan: Callable[..., Plan], digits: Digits
) -> None:
    plan = validating(make_plan(epochs=2), validation_images=150, split_seed=1)
    (task,) = plan.tasks
    result = trained(plan)
    held_back = plan.digits.subsets[str(task.validate_on)]
    assert len(held_back) == 150
    network = build(task.network, init="paper", seed=9)
    network.load_state_dict({n: torch.from_numpy(a) for n, a in result.arrays.items()})
    with torch.no_grad():
        scores = network(torch.from_numpy(frame(digits.images[held_back])))
    wrong = (scores.argmax(1).numpy() != digits.labels[held_back]).mean()
    assert result.record["history"][-1]["validation_error"] == pytest.approx(wrong)
    assert wrong > 0


def test_images_that_a_training_does_not_name_do_not_reach_it(
    make_plan: Callable[..., Plan], digits: Digits
) -> None:
    plan = validating(make_plan(**MLP), validation_images=100, split_seed=1)
    (task,) = plan.tasks
    training = plan.digits.subsets[task.train_on]
    held_back = plan.digits.subsets[str(task.validate_on)]

    def with_garbage(indices: np.ndarray) -> Images:
        images, labels = digits.images.copy(), digits.labels.copy()
        images[indices] = 255 - images[indices]
        labels[indices] = 9 - labels[indices]
        return replace(plan.digits, images=images, labels=labels)

    expected = trained(plan)
    assert same_bits(trained(replace(plan, digits=with_garbage(held_back))), expected)
    assert not same_bits(trained(replace(plan, digits=with_garbage(training[:1]))), expected)


def test_hyperparameters_reach_the_training(make_plan: Callable[..., Plan]) -> None:
    plan = make_plan(output="rbf", hidden_sizes=(84,))
    (task,) = plan.tasks
    changed = [
        Hyperparameters(learning_rate=0.004, init="paper", j=1.0),
        Hyperparameters(learning_rate=0.003, init="fan_in", j=1.0),
        Hyperparameters(learning_rate=0.004, init="fan_in", j=30.0),
    ]
    results = [trained(plan)] + [
        trained(replace(plan, tasks=[replace(task, hyperparameters=values)])) for values in changed
    ]
    for position, result in enumerate(results):
        assert not any(same_bits(result, earlier) for earlier in results[:position])
