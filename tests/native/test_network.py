"""The kernels compute what the networks written in torch compute, for every network known."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector

from pipeline.data.mnist import Digits, frame
from pipeline.native.build import library
from pipeline.native.network import NativeNetwork, native_network
from pipeline.networks.lenet5 import build
from pipeline.networks.spec import NetworkSpec
from pipeline.study import known_networks, load_study
from pipeline.training.stacked import NativeModels, StackedModels

CPU = torch.device("cpu")
NETWORKS = {name: spec for name, (_, spec) in known_networks().items()}
NATIVE = {
    name for name, spec in NETWORKS.items() if spec.hidden_sizes or spec.connectivity != "full"
}
STANDARD = load_study().networks
Batch = tuple[Tensor, Tensor]

pytestmark = pytest.mark.skipif(library() is None, reason="needs a C compiler")


@pytest.fixture(autouse=True)
def _one_thread(one_thread: None) -> None:
    """For every test of this module."""


@pytest.fixture
def batches(digits: Digits) -> Iterator[Batch]:
    """Without end: 50 digits of each class in an order of their own, in batches of 100."""
    images = torch.from_numpy(frame(digits.images))
    labels = torch.from_numpy(digits.labels).long()
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))

    def endless() -> Iterator[Batch]:
        while True:
            for batch in order.split(100):
                yield images[batch], labels[batch]

    return endless()


def native(spec: NetworkSpec) -> NativeNetwork:
    found = native_network(spec, CPU)
    assert found is not None
    return found


def both(spec: NetworkSpec) -> tuple[NativeModels, StackedModels]:
    networks = [[build(spec, init="fan_in", seed=seed) for seed in (0, 1)] for _ in range(2)]
    return NativeModels(networks[0], native(spec)), StackedModels(networks[1])


def constants(spec: NetworkSpec) -> Tensor | None:
    return torch.tensor([1.0, 30.0]) if spec.output == "rbf" else None


def test_all_networks_but_those_that_see_whole_maps_have_kernels() -> None:
    found = {name for name, spec in NETWORKS.items() if native_network(spec, CPU)}
    assert found == NATIVE
    assert len(NATIVE) > 10
    assert native_network(STANDARD["lenet5"], torch.device("cuda")) is None


@pytest.mark.parametrize("input_size", [32, 28])
@pytest.mark.parametrize("variant", sorted(NATIVE))
def test_scores_losses_and_gradients_are_those_of_torch(
    variant: str, input_size: int, batches: Iterator[Batch]
) -> None:
    spec = NETWORKS[variant]
    if input_size != spec.input_size:
        if spec.hidden_sizes:
            pytest.skip("perceptrons see the same field of every frame")
        spec = replace(spec, input_size=input_size)
    ours, torchs = both(spec)
    images, labels = (torch.stack(each) for each in zip(next(batches), next(batches), strict=True))
    losses, scores = ours.descend(images, labels, constants(spec))
    expected_losses, expected_scores = torchs.descend(images, labels, constants(spec))
    torch.testing.assert_close(scores, expected_scores, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(losses, expected_losses, rtol=1e-5, atol=1e-5)
    assert ours.rows.grad is not None
    assert torchs.rows.grad is not None
    largest = torchs.rows.grad.abs().amax(1, keepdim=True)
    torch.testing.assert_close(
        ours.rows.grad / largest, torchs.rows.grad / largest, rtol=0, atol=2e-5
    )
    torch.testing.assert_close(ours(images), scores, rtol=0, atol=0)


@pytest.mark.parametrize("variant", STANDARD)
def test_first_50_steps_are_those_of_torch(variant: str, batches: Iterator[Batch]) -> None:
    spec, finals = STANDARD[variant], list[Tensor]()
    steps = [tuple(each.expand(2, *each.shape) for each in next(batches)) for _ in range(50)]
    for models in both(spec):
        optimizer = models.optimizer(torch.tensor([0.002, 0.001]))
        for images, labels in steps:
            models.descend(images, labels, constants(spec))
            optimizer.step_by(1.0)
        finals.append(models(steps[0][0]))
    ours, torchs = finals
    # Adam divides a gradient by its size, so that the last bits of a small one count in full.
    assert (ours - torchs).square().mean().sqrt() < 0.01 * torchs.std()
    assert (ours.argmax(2) == torchs.argmax(2)).float().mean() >= 0.98


@pytest.mark.parametrize("variant", STANDARD)
def test_a_batch_gives_the_same_bytes_again_and_within_a_larger_one(
    variant: str, batches: Iterator[Batch]
) -> None:
    spec = STANDARD[variant]
    parameters = parameters_to_vector(build(spec, init="fan_in", seed=0).parameters()).detach()
    images, labels = next(batches)
    j = 10.0 if spec.output == "rbf" else None
    first, again = (native(spec).descend(parameters, images, labels, j) for _ in range(2))
    assert all(map(torch.equal, first, again))
    for count in (1, 63, 64, 65):
        assert torch.equal(native(spec).scores(parameters, images[:count]), first[0][:count])


@pytest.mark.parametrize("variant", sorted(NATIVE))
def test_what_is_no_number_stays_none_and_touches_no_other_model(
    variant: str, batches: Iterator[Batch]
) -> None:
    spec, (images, labels) = NETWORKS[variant], next(batches)
    images, labels = images.expand(2, -1, -1, -1), labels.expand(2, -1)
    sound, _ = both(spec)
    sound.descend(images, labels, constants(spec))
    diverged, _ = both(spec)
    diverged.rows.data[1] = float("nan")
    losses, scores = diverged.descend(images, labels, constants(spec))
    assert losses.isfinite().tolist() == [True, False]
    assert scores[1].isnan().all()
    assert diverged.rows.grad is not None
    assert sound.rows.grad is not None
    assert torch.equal(diverged.rows.grad[0], sound.rows.grad[0])


def test_activations_saturate_instead_of_overflowing(batches: Iterator[Batch]) -> None:
    spec, (images, labels) = STANDARD["lenet5"], next(batches)
    parameters = parameters_to_vector(build(spec, init="fan_in", seed=0).parameters()).detach()
    scores, loss, gradient = native(spec).descend(parameters * 1e6, images, labels, 1.0)
    assert scores.isfinite().all()
    assert loss.isfinite()
    assert gradient.isfinite().all()


def test_one_score_that_is_no_number_makes_the_loss_none(batches: Iterator[Batch]) -> None:
    spec, (images, labels) = STANDARD["linear_output"], next(batches)
    parameters = parameters_to_vector(build(spec, init="fan_in", seed=0).parameters()).detach()
    parameters[-1] = float("nan")  # the bias of the last class
    others = labels < 9
    scores, loss, _ = native(spec).descend(parameters, images[others], labels[others], None)
    assert scores[:, :9].isfinite().all()
    assert loss.isnan()
