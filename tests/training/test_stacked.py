"""A network trained with others is what it is when it is trained alone."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from pipeline.execution.task import Result
from pipeline.networks.lenet5 import build
from pipeline.networks.spec import NetworkSpec
from pipeline.study import known_networks, load_study
from pipeline.training.fit import train
from pipeline.training.hyperparameters import Hyperparameters
from pipeline.training.optimizer import StackedAdam
from pipeline.training.plan import Plan, validating
from pipeline.training.stacked import StackedModels, criterion

NETWORKS = {name: spec for name, (_, spec) in known_networks().items()}
STANDARD = load_study().networks
RATES = (0.001, 0.004, 0.002)
Batch = tuple[Tensor, Tensor]


def constants(spec: NetworkSpec) -> Tensor | None:
    return torch.tensor([0.5, 5.0, 20.0]) if spec.output == "rbf" else None


def networks(spec: NetworkSpec) -> list[nn.Module]:
    return [build(spec, init="fan_in", seed=seed).double() for seed in range(len(RATES))]


def some_batches(count: int) -> list[Batch]:
    """Noise in float64 and labels, other ones for each model and step."""
    random = torch.Generator().manual_seed(3)
    shape = (len(RATES), 4)
    return [
        (
            torch.randint(256, (*shape, 32, 32), generator=random).double(),
            torch.randint(10, shape, generator=random),
        )
        for _ in range(count)
    ]


def of_one(batch: Batch, model: int) -> Batch:
    images, labels = batch
    return images[model, None], labels[model, None]


def trained(
    models: StackedModels, rates: Sequence[float], j: Tensor | None, batches: list[Batch]
) -> Tensor:
    """The rows after a step for each batch."""
    optimizer = StackedAdam(models.rows, torch.tensor(rates, dtype=torch.float64))
    for step, batch in enumerate(batches):
        models.compute_gradients(*batch, j)
        optimizer.step_by(1 - step / len(batches))
    return models.rows.detach()


@pytest.mark.parametrize("variant", NETWORKS)
def test_scores_and_gradient_of_a_model_are_those_of_its_network_alone(variant: str) -> None:
    spec, (batch,) = NETWORKS[variant], some_batches(1)
    j, together = constants(spec), StackedModels(networks(spec))
    scores = together(batch[0])
    together.compute_gradients(*batch, j)
    gradient = together.rows.grad
    assert gradient is not None
    for model, network in enumerate(networks(spec)):
        images, labels = of_one(batch, model)
        expected = network(images[0])
        torch.testing.assert_close(scores[model], expected)
        loss = criterion(expected[None], labels, None if j is None else j[model, None])
        gradients = torch.autograd.grad(loss.sum(), list(network.parameters()))
        flat = torch.cat([each.flatten() for each in gradients])
        torch.testing.assert_close(gradient[model], flat, rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("variant", STANDARD)
def test_first_50_steps_of_a_model_are_those_of_its_network_alone(variant: str) -> None:
    spec, batches = STANDARD[variant], some_batches(50)
    j = constants(spec)
    together = trained(StackedModels(networks(spec)), RATES, j, batches)
    for model, network in enumerate(networks(spec)):
        alone = trained(
            StackedModels([network]),
            RATES[model : model + 1],
            None if j is None else j[model, None],
            [of_one(batch, model) for batch in batches],
        )
        torch.testing.assert_close(together[model], alone[0], rtol=1e-5, atol=1e-8)
        assert not torch.allclose(together[model], together[model - 1])


@pytest.mark.parametrize("variant", STANDARD)
def test_model_that_is_no_number_touches_no_other(variant: str) -> None:
    spec, batches = STANDARD[variant], some_batches(3)
    sound = trained(StackedModels(networks(spec)), RATES, constants(spec), batches)
    ruined = StackedModels(networks(spec))
    ruined.rows.data[1, ::7] = float("nan")
    rows = trained(ruined, RATES, constants(spec), batches)
    assert rows[1].isnan().all()
    assert torch.equal(rows[[0, 2]], sound[[0, 2]])


@pytest.mark.parametrize("variant", STANDARD)
def test_models_may_all_see_the_same_images(variant: str) -> None:
    models = StackedModels(networks(STANDARD[variant]))
    images = some_batches(1)[0][0][0]
    torch.testing.assert_close(models(images), models(images.expand(len(RATES), -1, -1, -1)))
    alone = StackedModels(networks(STANDARD[variant])[:1])
    torch.testing.assert_close(alone(images), models(images)[:1])


def fused(plan: Plan) -> list[Result]:
    return train(plan.tasks, plan.digits, device=torch.device("cpu"), on_epoch=lambda *_: None)


def with_settings(plan: Plan, settings: Sequence[Hyperparameters]) -> Plan:
    tasks = zip(plan.tasks, settings, strict=True)
    return replace(plan, tasks=[replace(task, hyperparameters=each) for task, each in tasks])


@pytest.mark.parametrize("difference", [{}, {"connectivity": "unshared"}, {"output": "linear"}])
def test_fused_tasks_come_to_what_each_comes_to_alone(
    make_plan: Callable[..., Plan], difference: dict[str, str]
) -> None:
    plan = validating(
        make_plan(seeds=(0, 1, 2), epochs=2, **difference), validation_images=100, split_seed=1
    )
    linear = plan.tasks[0].network.output == "linear"
    plan = with_settings(
        plan,
        [
            Hyperparameters(learning_rate=0.001, init="fan_in", j=None if linear else 1),
            Hyperparameters(learning_rate=0.004, init="paper", j=None if linear else 10),
            Hyperparameters(learning_rate=0.002, init="fan_in", j=None if linear else 3),
        ],
    )
    for task, together in zip(plan.tasks, fused(plan), strict=True):
        (alone,) = fused(replace(plan, tasks=[task]))
        for row, other in zip(together.record["history"], alone.record["history"], strict=True):
            assert row == pytest.approx(other, rel=1e-3, abs=0.011)  # of 100 images, one
        for name, array in together.arrays.items():
            torch.testing.assert_close(
                torch.from_numpy(array), torch.from_numpy(alone.arrays[name]), rtol=0.02, atol=2e-3
            )


def test_task_that_diverges_fails_alone_and_keeps_what_it_came_to(
    make_plan: Callable[..., Plan],
) -> None:
    plan = make_plan(seeds=(0, 1), epochs=3, activation="relu", output="linear")
    rates = [Hyperparameters(learning_rate=rate, init="fan_in", j=None) for rate in (0.002, 1e20)]
    sound, ruined = fused(with_settings(plan, rates))
    assert sound.record["failure"] is None
    assert len(sound.record["history"]) == 3
    assert str(ruined.record["failure"]).endswith("in epoch 1")
    assert len(ruined.record["history"]) == len(ruined.record["timing"]["epochs"]) == 1
    (alone,) = fused(with_settings(replace(plan, tasks=plan.tasks[1:]), rates[1:]))
    assert alone.record["failure"] == ruined.record["failure"]
