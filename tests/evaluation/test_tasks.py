"""Tasks as a worker runs them, in this process."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.corruptions.registry import REGISTRY, corrupt
from pipeline.data.mnist import Digits, frame
from pipeline.evaluation.plan import EvaluationPlan, evaluation_plan, evaluations
from pipeline.evaluation.reading import Scorer
from pipeline.evaluation.tasks.clean import EvaluationTask, PredictionTask
from pipeline.evaluation.tasks.corrupted import CorruptedEvaluationTask
from pipeline.evaluation.tasks.images import TEST
from pipeline.execution.errors import UserError
from pipeline.execution.provenance import cpu_environment
from pipeline.execution.task import Context, Result, Task
from pipeline.networks.lenet5 import build
from pipeline.networks.spec import NetworkSpec
from pipeline.training.images import Images
from pipeline.training.models import TrainedNetwork
from tests.evaluation.conftest import nan

CPU = torch.device("cpu")


def planned(models: list[TrainedNetwork], few: Digits, digits: Digits) -> EvaluationPlan:
    return evaluation_plan(
        models,
        few,
        digits,
        validation_images=100,
        split_seed=1,
        environment=cpu_environment(),
    )


def run(task: Task, given: Images) -> Result:
    return task.run(Context(shared=given, device=CPU, report=lambda *_: None))


def scores(model: TrainedNetwork, frames: np.ndarray) -> np.ndarray:
    return Scorer(model.network, model.weights, CPU)(torch.from_numpy(frames))


@pytest.fixture
def done(models: list[TrainedNetwork], few: Digits, digits: Digits) -> list[Result]:
    asked = planned(models, few, digits)
    made = [run(task, asked.digits) for task in asked.corrupted_sets]
    return [run(task, asked.digits) for task in asked.tasks(made)]


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


@pytest.mark.parametrize(
    "difference",
    [
        {},
        {"connectivity": "unshared"},
        {"subsampling": "stride"},
        {"output": "linear"},
        {"hidden_sizes": (20,), "output": "linear"},
    ],
    ids=str,
)
def test_evaluation_gives_the_scores_of_the_network_in_the_order_of_the_images(
    lenet5: NetworkSpec, digits: Digits, difference: dict[str, Any]
) -> None:
    network = build(replace(lenet5, **difference), init="fan_in", seed=4)
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    model = TrainedNetwork(
        network=replace(lenet5, **difference), init="paper", seed=4, run_key="", weights=weights
    )
    # 1,200 images: more than one batch of evaluation.
    many = Digits(
        np.tile(digits.images, (3, 1, 1))[:1200], np.tile(digits.labels, 3)[:1200], "digest"
    )
    (task,) = evaluations(EvaluationTask, [model], many, environment=cpu_environment())
    everything = {TEST: np.arange(len(many.labels))}
    result = run(task, Images(images=many.images, labels=many.labels, subsets=everything))
    framed = torch.from_numpy(frame(many.images))
    with torch.no_grad():
        expected = torch.cat([network(batch) for batch in framed.split(250)]).numpy()
    assert result.arrays["scores"].dtype == np.float32
    np.testing.assert_allclose(result.arrays["scores"], expected, rtol=1e-4, atol=1e-3)
    assert result.record["failure"] is None
    one_by_one = torch.cat([network(framed[i : i + 1]) for i in (0, 999, 1000, 1199)])
    np.testing.assert_allclose(
        result.arrays["scores"][[0, 999, 1000, 1199]], one_by_one.detach(), rtol=1e-4, atol=1e-3
    )


def test_predictions_are_the_answers_to_the_test_images(
    models: list[TrainedNetwork], few: Digits, digits: Digits
) -> None:
    given = planned(models, few, digits).digits
    for task, model in zip(
        evaluations(PredictionTask, models, few, environment=cpu_environment()),
        models,
        strict=True,
    ):
        result = run(task, given)
        expected = scores(model, frame(few.images)).argmax(1)
        assert result.arrays["answers"].tolist() == expected.tolist()
        assert result.arrays["answers"].dtype == np.uint8
        assert result.record["failure"] is None
    (lost,) = evaluations(PredictionTask, [nan(models[0])], few, environment=cpu_environment())
    assert (run(lost, given).arrays["answers"] == 255).all()


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
    made = [run(task, asked.digits) for task in asked.corrupted_sets[:1]]
    asked = replace(asked, corrupted_sets=asked.corrupted_sets[:1])
    clean, shown, probe = (run(task, asked.digits).arrays for task in asked.tasks(made))
    assert np.isnan(clean["scores"]).all()
    assert (shown["answers"] == 255).all()
    assert (probe["trained"] == 255).all()
    assert (probe["untrained"] <= 9).all()
    assert np.isnan(probe["shift_errors"]).all()


def test_machine_that_disturbs_differently_is_refused(
    models: list[TrainedNetwork], few: Digits, digits: Digits
) -> None:
    asked = planned(models, few, digits)
    task = asked.tasks([Result(arrays={}, record={"digest": "of other bytes"})] * len(REGISTRY))[2]
    assert isinstance(task, CorruptedEvaluationTask)
    with pytest.raises(UserError, match="'shift_1' came out differently"):
        run(task, asked.digits)


def test_weights_of_another_network_are_refused(
    models: list[TrainedNetwork], perceptron: TrainedNetwork, few: Digits, digits: Digits
) -> None:
    mixed = replace(models[0], weights=perceptron.weights)
    asked = planned([mixed], few, digits)
    for task in (*asked.clean, *asked.probes):
        with pytest.raises(RuntimeError, match=r"c1\.weight"):
            run(task, asked.digits)
