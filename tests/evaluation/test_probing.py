"""What the probes read, against least squares done another way."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.data.mnist import Digits, frame
from pipeline.evaluation.probing import (
    STRENGTHS,
    Views,
    _of_all_units,
    _solved,
    probed,
    shift_errors,
    stages,
)
from pipeline.evaluation.reading import rebuilt
from pipeline.networks.lenet5 import build
from pipeline.networks.spec import NetworkSpec
from pipeline.outputs.misclassified import NO_ANSWER
from pipeline.training.models import TrainedNetwork
from tests.evaluation.conftest import nan

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def views(digits: Digits) -> Views:
    frames = torch.from_numpy(frame(digits.images))
    labels = torch.from_numpy(digits.labels).long()
    fit, choose, judge = (torch.arange(start, 500, 3) for start in range(3))
    return Views(
        fit=frames[fit],
        choose=frames[choose],
        judge=frames[judge],
        fit_labels=labels[fit],
        choose_labels=labels[choose],
    )


@pytest.mark.parametrize(
    ("difference", "expected"),
    [
        ({}, ["s2", "s4", "c5", "f6"]),
        ({"subsampling": "none"}, ["c1", "c3", "c5", "f6"]),
        ({"feature_stages": 1}, ["s2", "c5", "f6"]),
        ({"hidden_sizes": (300, 100), "output": "linear"}, ["h1", "h2"]),
    ],
    ids=str,
)
def test_stages_are_all_layers_but_the_output_and_what_is_pooled(
    lenet5: NetworkSpec, difference: dict[str, Any], expected: list[str]
) -> None:
    assert stages(replace(lenet5, **difference)) == expected


def by_least_squares(network: torch.nn.Sequential, name: str, views: Views) -> np.ndarray:
    """A ridge as more rows of a least squares problem, chosen as the probe chooses."""

    def units(frames: torch.Tensor) -> np.ndarray:
        values: Any = frames
        with torch.no_grad():
            for layer, module in network.named_children():
                if layer.removesuffix("_activation") == name or name not in layer:
                    values = module(values)
                if layer == (f"{name}_activation" if name != "input" else name):
                    break
        return values.flatten(1).numpy().astype(np.float64)

    fit = units(views.fit)
    varies = fit.std(axis=0) > 1e-6
    mean, spread = fit[:, varies].mean(axis=0), fit[:, varies].std(axis=0, ddof=1)
    fit, choose, judge = (
        (units(each)[:, varies] - mean) / spread for each in (views.fit, views.choose, views.judge)
    )
    targets = np.eye(10)[views.fit_labels]
    shares = targets.mean(axis=0)
    found = []
    for strength in STRENGTHS:
        ridge = np.sqrt(strength * len(fit)) * np.eye(fit.shape[1])
        rows = np.vstack([fit, ridge])
        aims = np.vstack([targets - shares, np.zeros((fit.shape[1], 10))])
        weights = np.linalg.lstsq(rows, aims, rcond=None)[0]
        missed = ((choose @ weights + shares).argmax(1) != views.choose_labels.numpy()).sum()
        found.append((missed, (judge @ weights + shares).argmax(1)))
    return min(found, key=lambda each: each[0])[1]


@pytest.mark.parametrize("name", ["input", "s4", "f6"])
def test_a_probe_is_the_ridge_regression_that_does_best_on_other_images(
    models: list[TrainedNetwork], views: Views, name: str
) -> None:
    network = rebuilt(models[0].network, models[0].weights, CPU)
    (found,) = probed(network, views, [name])
    assert found.dtype == np.uint8
    assert found.tolist() == by_least_squares(network, name, views).tolist()


def test_a_diverged_network_has_no_answers(models: list[TrainedNetwork], views: Views) -> None:
    lost = nan(models[0])
    found = probed(rebuilt(lost.network, lost.weights, CPU), views, ["s2", "f6"])
    assert (found == NO_ANSWER).all()


SHARED = [{}, {"subsampling": "stride"}, {"subsampling": "max"}]


@pytest.mark.parametrize("difference", SHARED, ids=str)
def test_shared_weights_find_a_feature_wherever_it_appears(
    lenet5: NetworkSpec, digits: Digits, difference: dict[str, Any]
) -> None:
    spec = replace(lenet5, **difference)
    frames = torch.from_numpy(frame(digits.images[:50]))
    found = shift_errors(build(spec, init="fan_in", seed=0), spec, frames)
    assert list(found) == ["c1", "s2", "c3", "s4"]
    assert max(found.values()) == pytest.approx(0, abs=1e-6)
    own = replace(spec, connectivity="unshared")
    assert min(shift_errors(build(own, init="fan_in", seed=0), own, frames).values()) > 1


def test_without_locality_nothing_can_move(lenet5: NetworkSpec, digits: Digits) -> None:
    frames = torch.from_numpy(frame(digits.images[:5]))
    for difference in ({"connectivity": "full"}, {"hidden_sizes": (20,), "output": "linear"}):
        spec = replace(lenet5, **difference)
        assert shift_errors(build(spec, init="fan_in", seed=0), spec, frames) == {}


def test_a_ridge_that_cannot_be_solved_is_left_out() -> None:
    units = torch.ones(3, 3, dtype=torch.double) * 1e6  # far from definite but for large ridges
    solved = list(_solved(units - 0.5 * torch.eye(3), torch.ones(3, 10, dtype=torch.double)))
    assert len(solved) == 1


def test_a_probe_on_raw_activations_is_the_one_on_standardised_units() -> None:
    random = torch.Generator().manual_seed(0)
    values = torch.randn(50, 7, generator=random) * 3 + 5
    values[:, 2] = 1.0  # a unit that does not vary
    spread, mean = torch.std_mean(values.double(), dim=0)
    varies = spread > 1e-6
    weights = torch.randn(6, 10, generator=random, dtype=torch.double)
    whole, offset = _of_all_units(weights, mean, spread, varies)
    standardised = (values[:, varies] - mean[varies]) / spread[varies]
    expected = (standardised @ weights).float()
    torch.testing.assert_close(values @ whole + offset, expected, rtol=1e-4, atol=1e-4)
