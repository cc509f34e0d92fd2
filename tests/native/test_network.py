"""The kernels compute what the networks written in torch compute, for every network known."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
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
NATIVE = {name for name, spec in NETWORKS.items() if spec.connectivity != "full"}
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


def parameters_of(spec: NetworkSpec) -> Tensor:
    return parameters_to_vector(build(spec, init="fan_in", seed=0).parameters()).detach()


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
    losses, scores = ours.compute_gradients(images, labels, constants(spec))
    expected_losses, expected_scores = torchs.compute_gradients(images, labels, constants(spec))
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
            models.compute_gradients(images, labels, constants(spec))
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
    parameters = parameters_of(spec)
    images, labels = next(batches)
    j = 10.0 if spec.output == "rbf" else None
    first, again = (
        native(spec).compute_gradients(parameters, images, labels, j) for _ in range(2)
    )
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
    sound.compute_gradients(images, labels, constants(spec))
    diverged, _ = both(spec)
    diverged.rows.data[1] = float("nan")
    losses, scores = diverged.compute_gradients(images, labels, constants(spec))
    assert losses.isfinite().tolist() == [True, False]
    assert scores[1].isnan().all()
    assert diverged.rows.grad is not None
    assert sound.rows.grad is not None
    assert torch.equal(diverged.rows.grad[0], sound.rows.grad[0])


def test_activations_saturate_instead_of_overflowing(batches: Iterator[Batch]) -> None:
    spec, (images, labels) = STANDARD["lenet5"], next(batches)
    parameters = parameters_of(spec)
    scores, loss, gradient = native(spec).compute_gradients(parameters * 1e6, images, labels, 1.0)
    assert scores.isfinite().all()
    assert loss.isfinite()
    assert gradient.isfinite().all()


def test_one_score_that_is_no_number_makes_the_loss_none(batches: Iterator[Batch]) -> None:
    spec, (images, labels) = STANDARD["linear_output"], next(batches)
    parameters = parameters_of(spec)
    parameters[-1] = float("nan")  # the bias of the last class
    others = labels < 9
    scores, loss, _ = native(spec).compute_gradients(
        parameters, images[others], labels[others], None
    )
    assert scores[:, :9].isfinite().all()
    assert loss.isnan()


def test_far_scores_have_no_share_at_all(batches: Iterator[Batch]) -> None:
    spec, (images, labels) = STANDARD["linear_output"], next(batches)
    parameters = parameters_of(spec)
    parameters[-1] = 1000.0  # the bias of the last class: exp(-1000) is 0 for the others
    nines = torch.full_like(labels, 9)
    _, loss, gradient = native(spec).compute_gradients(parameters, images, nines, None)
    assert loss == 0
    assert not gradient.any()


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_maxima_that_are_not_finite_are_those_of_torch(
    value: float, batches: Iterator[Batch]
) -> None:
    spec, (images, labels) = NETWORKS["max_pooling"], next(batches)
    spec = replace(
        spec, connectivity="unshared", feature_stages=1, activation="relu", output="linear"
    )
    network = build(spec, init="fan_in", seed=0)
    named = dict(network.named_parameters())
    with torch.no_grad():
        named["c1.bias"].add_(5)  # no unit is off
        named["c1.bias"][[1, 28], 0] = value  # two of the units that the first unit of S2 sees
        named["c5.weight"][:, 0] = -1  # an infinity there turns C5 off
    parameters = parameters_to_vector(network.parameters()).detach()
    scores, _, gradient = native(spec).compute_gradients(parameters, images, labels, None)
    theirs = network(images)
    cross_entropy(theirs, labels).backward()
    expected = parameters_to_vector([p.grad for p in network.parameters() if p.grad is not None])
    assert scores.isfinite().all() == (value == float("inf"))
    torch.testing.assert_close(scores, theirs.detach(), equal_nan=True)
    torch.testing.assert_close(gradient, expected, rtol=1e-4, atol=1e-5, equal_nan=True)


@pytest.mark.parametrize("count", [1, 64, 65])
def test_gradients_of_any_number_of_images_are_those_of_torch(
    count: int, batches: Iterator[Batch]
) -> None:
    spec = STANDARD["lenet5"]
    images, labels = (each[:count].expand(2, count, *each.shape[1:]) for each in next(batches))
    found = list[Tensor]()
    for models in both(spec):
        models.compute_gradients(images, labels, constants(spec))
        assert models.rows.grad is not None
        found.append(models.rows.grad)
    torch.testing.assert_close(*found, rtol=0, atol=2e-5 * found[1].abs().max().item())


def test_strides_change_nothing(batches: Iterator[Batch]) -> None:
    spec, (images, labels) = STANDARD["lenet5"], next(batches)
    parameters = parameters_of(spec)
    plain = native(spec).compute_gradients(parameters, images, labels, 1.0)
    parameters, images, labels = (
        each.repeat_interleave(2, 0)[::2] for each in (parameters, images, labels)
    )
    assert not labels.is_contiguous()
    assert all(
        map(torch.equal, native(spec).compute_gradients(parameters, images, labels, 1.0), plain)
    )


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ((4, 32, 28), (4,)),
        ((4, 1, 32, 32), (4,)),
        ((4, 20, 20), (4,)),
        ((0, 32, 32), (0,)),
        ((4, 32, 32), (3,)),
        ((4, 32, 32), (4, 1)),
    ],
)
def test_images_and_labels_of_other_shapes_are_refused(
    images: tuple[int, ...], labels: tuple[int, ...]
) -> None:
    spec = STANDARD["lenet5"]
    batch = torch.zeros(images, dtype=torch.uint8), torch.zeros(labels, dtype=torch.int64)
    with pytest.raises(AssertionError):
        native(spec).compute_gradients(parameters_of(spec), *batch, 1.0)


@pytest.mark.parametrize("place", range(4))
def test_adam_refuses_what_it_cannot_change_in_place(place: int) -> None:
    ours = native(STANDARD["mlp_60k"])
    sound = torch.zeros(ours.parameters)
    for wrong in (sound.double(), sound[1:], torch.zeros(ours.parameters, 2)[:, 0]):
        parameters, gradient, mean, square = (wrong if n == place else sound for n in range(4))
        with pytest.raises(AssertionError):
            ours.adam(parameters, gradient, mean, square, rate=0.1, step=1)
