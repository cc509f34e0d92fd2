"""Jobs as a worker does them, in this process."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pipeline.corruptions.registry import REGISTRY, corrupt
from pipeline.data.mnist import Digits, frame
from pipeline.errors import UserError
from pipeline.evaluation.jobs import CorruptedEvaluation
from pipeline.evaluation.plan import Looks, looks, readings
from pipeline.evaluation.reading import rebuilt
from pipeline.training.cells import Result
from pipeline.training.models import TrainedNetwork
from tests.evaluation.conftest import nan

CPU = torch.device("cpu")


def planned(models: list[TrainedNetwork], few: Digits, digits: Digits) -> Looks:
    return looks(models, few, digits, validation_images=100, split_seed=1)


def scores(model: TrainedNetwork, frames: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return rebuilt(model.network, model.weights, CPU)(torch.from_numpy(frames)).numpy()


@pytest.fixture
def done(models: list[TrainedNetwork], few: Digits, digits: Digits) -> list[Result]:
    asked = planned(models, few, digits)
    made = [job.measured(asked.digits, CPU) for job in asked.corrupted_sets]
    return [job.measured(asked.digits, CPU) for job in asked.jobs(made)]


def test_answers_are_on_the_test_images_as_they_are_and_corrupted(
    models: list[TrainedNetwork], few: Digits, done: list[Result]
) -> None:
    for place, model in enumerate(models):
        clean = scores(model, frame(few.images))
        assert done[place].arrays["scores"].tobytes() == clean.tobytes()
        found = done[2 + place].arrays["answers"]
        assert found.shape == (len(REGISTRY), 40)
        for name, answers in zip(REGISTRY, found, strict=True):
            expected = scores(model, corrupt(few.images, name)).argmax(1)
            assert answers.tolist() == expected.tolist(), name


def test_readings_are_the_answers_to_the_test_images(
    models: list[TrainedNetwork], few: Digits, digits: Digits
) -> None:
    given = planned(models, few, digits).digits
    for job, model in zip(readings(models, few), models, strict=True):
        result = job.measured(given, CPU)
        expected = scores(model, frame(few.images)).argmax(1)
        assert result.arrays["answers"].tolist() == expected.tolist()
        assert result.arrays["answers"].dtype == np.uint8
        assert result.record["failure"] is None
    (lost,) = readings([nan(models[0])], few)
    assert (lost.measured(given, CPU).arrays["answers"] == 255).all()


def test_probes_read_the_trained_network_and_the_one_it_was(
    done: list[Result],
) -> None:
    one, other = (each.arrays for each in done[4:])
    assert done[4].record["stages"] == ["s2", "s4", "c5", "f6"]
    for name in ("trained", "untrained"):
        assert one[name].shape == (4, 40)
        assert one[name].max() <= 9
        assert (one[name] != other[name]).any()
    assert (one["trained"] != one["untrained"]).any()
    assert one["input"].tolist() == other["input"].tolist()
    assert one["shift_errors"].shape == (4,)
    assert all(result.record["failure"] is None for result in done)


def test_diverged_network_has_no_answers_and_breaks_nothing(
    models: list[TrainedNetwork], few: Digits, digits: Digits
) -> None:
    asked = planned([nan(models[0])], few, digits)
    made = [job.measured(asked.digits, CPU) for job in asked.corrupted_sets[:1]]
    asked = replace(asked, corrupted_sets=asked.corrupted_sets[:1])
    clean, shown, probe = (job.measured(asked.digits, CPU).arrays for job in asked.jobs(made))
    assert np.isnan(clean["scores"]).all()
    assert (shown["answers"] == 255).all()
    assert (probe["trained"] == 255).all()
    assert (probe["untrained"] <= 9).all()
    assert np.isnan(probe["shift_errors"]).all()


def test_machine_that_corrupts_differently_is_refused(
    models: list[TrainedNetwork], few: Digits, digits: Digits
) -> None:
    asked = planned(models, few, digits)
    job = asked.jobs([Result(arrays={}, record={"digest": "of other bytes"})] * len(REGISTRY))[2]
    assert isinstance(job, CorruptedEvaluation)
    with pytest.raises(UserError, match=f"{next(iter(REGISTRY))!r} came out differently"):
        job.measured(asked.digits, CPU)


def test_weights_of_another_network_are_refused(
    models: list[TrainedNetwork], perceptron: TrainedNetwork, few: Digits, digits: Digits
) -> None:
    mixed = replace(models[0], weights=perceptron.weights)
    asked = planned([mixed], few, digits)
    for job in (*asked.clean, *asked.probes):
        with pytest.raises(RuntimeError, match=r"c1\.weight"):
            job.measured(asked.digits, CPU)
