import math
from collections.abc import Callable
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from pipeline.data.mnist import Digits, frame
from pipeline.networks.initialisation import generator
from pipeline.networks.lenet5 import build
from pipeline.networks.spec import NetworkSpec
from pipeline.training.classifier import Classifier, Row
from pipeline.training.fit import Batches, train
from pipeline.training.optimizer import StackedAdam
from pipeline.training.plan import Plan
from pipeline.training.stacked import StackedModels, criterion
from pipeline.training.task import TrainingTask

# Lightning says so of every training that holds nothing back; see test_fit.

# These tests use a Trainer of their own, which says so; ours keeps it quiet.
pytestmark = pytest.mark.filterwarnings("ignore:You defined a `validation_step`")

MLP: dict[str, Any] = {"hidden_sizes": (75,), "output": "linear"}


def criterion_of_one(scores: Tensor, labels: Tensor, j: float | None) -> Tensor:
    """The criterion of a single network: [batch, 10] and [batch]."""
    constants = None if j is None else torch.tensor([j], dtype=scores.dtype)
    return criterion(scores[None], labels[None], constants)[0]


def some_scores() -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(2)
    distances = 40 * torch.rand(6, 10, generator=random, dtype=torch.float64)
    return (-distances).requires_grad_(), torch.tensor([0, 9, 3, 3, 5, 1])


@pytest.mark.parametrize("j", [0.3, 1.0, 50.0])
def test_criterion_is_equation_9(j: float) -> None:
    scores, labels = some_scores()
    distances = -scores
    terms = [
        distances[p, label] + torch.log(math.exp(-j) + torch.exp(-distances[p]).sum())
        for p, label in enumerate(labels)
    ]
    expected = torch.stack(terms).mean()
    torch.testing.assert_close(criterion_of_one(scores, labels, j), expected)
    torch.testing.assert_close(
        torch.autograd.grad(criterion_of_one(scores, labels, j), scores),
        torch.autograd.grad(expected, scores),
    )


def test_criterion_without_j_is_cross_entropy() -> None:
    scores, labels = some_scores()
    probabilities = scores.exp() / scores.exp().sum(1, keepdim=True)
    expected = -probabilities[range(6), labels].log().mean()
    torch.testing.assert_close(criterion_of_one(scores, labels, None), expected)
    torch.testing.assert_close(
        torch.autograd.grad(criterion_of_one(scores, labels, None), scores),
        torch.autograd.grad(expected, scores),
    )


def test_criterion_by_hand() -> None:
    # One image at distance 0 of its code and far from the others: log(e^-j + 1) with j = ln 3.
    scores = torch.full((1, 10), -1e4).index_fill(1, torch.tensor([4]), 0)
    assert criterion_of_one(scores, torch.tensor([4]), math.log(3)).item() == pytest.approx(
        math.log(4 / 3)
    )
    # Equal scores of ten classes: log 10.
    assert criterion_of_one(torch.ones(1, 10), torch.tensor([4]), None).item() == pytest.approx(
        math.log(10)
    )


def test_criterion_of_a_distant_image_stays_finite_and_pulls_it_back() -> None:
    scores = torch.full((1, 10), -1e5, requires_grad=True)
    loss = criterion_of_one(scores, torch.tensor([4]), 1.0)
    (gradient,) = torch.autograd.grad(loss, scores)
    assert loss.item() == pytest.approx(1e5 - 1)
    assert gradient[0, 4] == -1


def by_hand(task: TrainingTask, digits: Digits) -> tuple[nn.Module, list[Row]]:
    """A training without Lightning: network and curve."""
    images = torch.from_numpy(frame(digits.images))
    labels = torch.from_numpy(digits.labels).long()
    rate = task.hyperparameters.learning_rate
    network = build(task.network, init=task.hyperparameters.init, seed=task.seed)
    optimizer = torch.optim.Adam(network.parameters(), lr=rate, fused=True)
    total = task.epochs * math.ceil(len(labels) / task.batch_size)
    history: list[Row] = []
    step = 0
    for epoch in range(task.epochs):
        order = torch.randperm(
            len(labels), generator=generator(task.seed, "order", f"epoch {epoch}")
        )
        row = {"epoch": epoch + 1, "train_loss": 0.0, "train_error": 0.0}
        row["learning_rate"] = rate * (1 + math.cos(math.pi * step / total)) / 2
        for start in range(0, len(labels), task.batch_size):
            batch = order[start : start + task.batch_size]
            optimizer.param_groups[0]["lr"] = rate * ((1 + math.cos(math.pi * step / total)) / 2)
            scores = network(images[batch])
            loss = criterion_of_one(scores, labels[batch], task.hyperparameters.j)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            row["train_loss"] += loss.item() * len(batch) / len(labels)
            row["train_error"] += (scores.argmax(1) != labels[batch]).sum().item() / len(labels)
            step += 1
        history.append(row)
    return network, history


@pytest.mark.parametrize("difference", [{}, MLP], ids=["lenet5", "mlp"])
def test_training_is_that_of_a_loop_written_by_hand(
    make_plan: Callable[..., Plan], digits: Digits, difference: dict[str, Any]
) -> None:
    # 500 digits in batches of 64: seven whole ones and one of 52.
    plan = make_plan(epochs=2, seeds=(3,), **difference)
    (result,) = train(plan.tasks, plan.digits, device=torch.device("cpu"), on_epoch=print)
    network, history = by_hand(plan.tasks[0], digits)
    expected = network.state_dict()
    assert set(result.arrays) == set(expected)
    for name, array in result.arrays.items():
        torch.testing.assert_close(torch.from_numpy(array), expected[name], rtol=1e-3, atol=1e-4)
    for row, other in zip(result.record["history"], history, strict=True):
        assert row == pytest.approx(other, rel=1e-5)
        assert list(row) == ["epoch", "train_loss", "train_error", "learning_rate"]


def classifier(
    *networks: nn.Module, on_epoch: Callable[[int, Row], None] = lambda *_: None
) -> Classifier:
    count = len(networks)
    return Classifier(
        StackedModels(networks),
        learning_rates=[0.5] * count,
        j=[1.0] * count,
        total_steps=8,
        on_epoch=on_epoch,
    )


def test_learning_rate_follows_a_cosine_to_0_step_by_step(
    lenet5: NetworkSpec, batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares: list[float] = []
    step_by = StackedAdam.step_by

    def watched(optimizer: StackedAdam, share: float) -> None:
        shares.append(share)
        step_by(optimizer, share)

    monkeypatch.setattr(StackedAdam, "step_by", watched)
    module = classifier(build(lenet5, init="fan_in", seed=0))
    fit(module, batches, epochs=4)
    # (1 + cos(t * 22.5 degrees)) / 2, two steps an epoch
    by_hand = [1, 0.96194, 0.853553, 0.691342, 0.5, 0.308658, 0.146447, 0.0380602]
    assert shares == pytest.approx(by_hand, abs=1e-6)
    reported = [row["learning_rate"] for row in module.histories[0]]
    assert reported == pytest.approx([0.5 * share for share in by_hand[::2]], abs=1e-6)


def fit(module: Classifier, batches: Batches, *, epochs: int) -> None:
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=epochs,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, batches)


@pytest.fixture
def batches(digits: Digits) -> Batches:
    """Two batches, of 30 and of 10 digits."""
    images, labels = torch.from_numpy(frame(digits.images)), torch.from_numpy(digits.labels)
    return Batches(images, labels.long(), torch.arange(40), batch_size=30, seeds=[0])


def test_loss_that_is_no_number_ends_the_training_and_is_named(
    lenet5: NetworkSpec, batches: Batches
) -> None:
    reported: list[Row] = []

    def poison_after_epoch_2(_: int, row: Row) -> None:
        reported.append(row)
        if row["epoch"] == 2:
            module.models.rows.data[0, -5] = float("nan")

    module = classifier(build(lenet5, init="fan_in", seed=0), on_epoch=poison_after_epoch_2)
    fit(module, batches, epochs=5)
    assert module.failures == ["the loss was nan in epoch 3"]
    assert module.histories == [reported]
    assert [row["epoch"] for row in reported] == [1, 2, 3]
    assert [math.isfinite(row["train_loss"]) for row in reported] == [True, True, False]
    assert len(module.epoch_times) == 3


def test_training_that_stays_sound_names_no_failure(lenet5: NetworkSpec, batches: Batches) -> None:
    module = classifier(build(lenet5, init="fan_in", seed=0))
    fit(module, batches, epochs=2)
    assert module.failures == [None]
    times = [moment for epoch in module.epoch_times for moment in epoch]
    assert times == sorted(times)
    assert len(times) == 4


def test_absurd_learning_rate_is_a_failure_that_keeps_its_curve(
    make_plan: Callable[..., Plan],
) -> None:
    plan = make_plan(epochs=4, learning_rate=1e20, activation="relu", output="linear")
    reported: list[tuple[int, Row]] = []
    (result,) = train(
        plan.tasks,
        plan.digits,
        device=torch.device("cpu"),
        on_epoch=lambda *row: reported.append(row),
    )
    assert result.record["failure"] in (
        "the loss was nan in epoch 1",
        "the loss was inf in epoch 1",
    )
    assert len(result.record["history"]) == len(reported) == 1
    assert result.record["history"][0]["learning_rate"] == 1e20


def test_network_that_its_last_step_ruins_is_a_failure(
    make_plan: Callable[..., Plan], digits: Digits
) -> None:
    words = {"learning_rate": 1e20, "activation": "relu", "output": "linear"}
    plan = make_plan(batch_size=500, **words)
    (task,) = plan.tasks
    (result,) = train([task], plan.digits, device=torch.device("cpu"), on_epoch=print)
    network = build(task.network, init="fan_in", seed=0)
    network.load_state_dict({n: torch.from_numpy(a) for n, a in result.arrays.items()})
    assert not network(torch.from_numpy(frame(digits.images))).isfinite().any()
    assert result.record["failure"]


def test_curve_weighs_every_digit_alike(lenet5: NetworkSpec, batches: Batches) -> None:
    network = build(lenet5, init="fan_in", seed=0)
    # A learning rate of 0: the network stays what it is, and the curve can be had from it.
    module = Classifier(
        StackedModels([network]),
        learning_rates=[0.0],
        j=[1.0],
        total_steps=2,
        on_epoch=lambda *_: None,
    )
    fit(module, batches, epochs=1)
    images, labels = batches.images[:40], batches.labels[:40]
    scores = network(images)
    ((row,),) = module.histories
    assert row["train_loss"] == pytest.approx(
        criterion_of_one(scores, labels, 1.0).item(), rel=1e-5
    )
    assert row["train_error"] == (scores.argmax(1) != labels).sum().item() / 40
