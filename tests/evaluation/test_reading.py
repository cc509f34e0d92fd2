import numpy as np
import pytest
import torch

from pipeline.data.mnist import Digits, frame
from pipeline.evaluation.reading import Scorer, rebuilt
from pipeline.training.models import TrainedNetwork

CPU = torch.device("cpu")


def test_scores_are_those_of_the_network_for_any_number_of_images(
    models: list[TrainedNetwork], digits: Digits
) -> None:
    network = rebuilt(models[0].network, models[0].weights, CPU)
    score = Scorer(models[0].network, models[0].weights, CPU)
    images = torch.from_numpy(frame(digits.images))  # two batches
    with torch.no_grad():
        expected = network(images).numpy()
    found = score(images)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(score(images[:3]), found[:3], rtol=1e-4, atol=1e-3)


def test_without_kernels_torch_scores(
    models: list[TrainedNetwork], digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.evaluation.reading.native_network", lambda *_: None)
    network = rebuilt(models[0].network, models[0].weights, CPU)
    images = torch.from_numpy(frame(digits.images))
    with torch.no_grad():
        expected = torch.cat([network(batch) for batch in images.split(250)]).numpy()
    assert np.array_equal(Scorer(models[0].network, models[0].weights, CPU)(images), expected)
