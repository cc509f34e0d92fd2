from dataclasses import replace

import numpy as np
import pytest

from pipeline.corruptions.registry import REGISTRY
from pipeline.data.mnist import Digits, index_digest, split
from pipeline.evaluation.plan import (
    PROBE_IMAGES,
    EvaluationPlan,
    evaluation_plan,
    evaluations,
    with_test,
)
from pipeline.evaluation.tasks.clean import EvaluationTask, PredictionTask
from pipeline.evaluation.tasks.images import TEST
from pipeline.execution.errors import UserError
from pipeline.execution.provenance import cpu_environment
from pipeline.execution.task import Result
from pipeline.training.images import Images
from pipeline.training.models import TrainedNetwork

Models = list[TrainedNetwork]
ENVIRONMENT = cpu_environment()


def asked(models: Models, test: Digits, training: Digits, **changed: int) -> EvaluationPlan:
    settings = {"validation_images": 100, "split_seed": 1} | changed
    return evaluation_plan(models, test, training, **settings, environment=ENVIRONMENT)


def made(planned: EvaluationPlan, mark: str = "") -> list[Result]:
    """As if every set had been made."""
    return [
        Result(arrays={}, record={"digest": f"{mark}{task.corruption}"})
        for task in planned.corrupted_sets
    ]


def keys(planned: EvaluationPlan, mark: str = "") -> list[str]:
    return [task.key for task in planned.tasks(made(planned, mark))]


def test_every_network_is_looked_at_in_three_ways_network_by_network(
    models: Models, few: Digits, digits: Digits
) -> None:
    planned = asked(models, few, digits)
    tasks = planned.tasks(made(planned))
    assert [type(task).__name__ for task in tasks] == [
        *["EvaluationTask"] * 2,
        *["CorruptedEvaluationTask"] * 2,
        *["ProbeTask"] * 2,
    ]
    for task, model in zip(tasks, models * 3, strict=True):
        assert task.network == model.network
        assert task.environment == ENVIRONMENT
        assert task.weights is model.weights
    assert [task.corruption for task in planned.corrupted_sets] == list(REGISTRY)
    assert len(set(keys(planned))) == 6


def test_workers_get_the_test_images_and_of_the_others_what_probes_take(
    models: Models, few: Digits, digits: Digits
) -> None:
    given = asked(models, few, digits).digits
    fit, choose = split(digits.labels, validation_images=100, seed=1)
    assert set(given.subsets) == {TEST, index_digest(fit), index_digest(choose)}
    for name, images, chosen in (
        (TEST, few, np.arange(40)),
        (index_digest(fit), digits, fit),
        (index_digest(choose), digits, choose),
    ):
        places = given.subsets[name]
        assert (given.images[places] == images.images[chosen]).all()
        assert (given.labels[places] == images.labels[chosen]).all()


def test_probes_take_no_more_images_than_they_say(
    models: Models, few: Digits, digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert PROBE_IMAGES == 10_000
    monkeypatch.setattr("pipeline.evaluation.plan.PROBE_IMAGES", 150)
    planned = asked(models, few, digits)
    assert len(planned.digits.subsets[planned.probes[0].fit_on]) == 150


def test_a_look_is_another_where_what_it_depends_on_is(
    models: Models, few: Digits, digits: Digits
) -> None:
    before = keys(asked(models, few, digits))
    renamed = Digits(few.images, few.labels, "others")
    assert not set(before) & set(keys(asked(models, few, digits), mark="other bytes")) - {
        *before[:2],
        *before[4:],
    }
    assert not {*before[:2], *before[4:]} & {*keys(asked(models, renamed, digits))}
    other_split = keys(asked(models, few, digits, split_seed=2))
    assert other_split[:4] == before[:4]
    assert not {*other_split[4:]} & {*before[4:]}
    other_start = [replace(model, init="paper") for model in models]
    assert keys(asked(other_start, few, digits))[:4] == before[:4]
    assert not {*keys(asked(other_start, few, digits))[4:]} & {*before[4:]}


def test_evaluations_differ_where_weights_do(models: Models, few: Digits) -> None:
    one, other = (
        task.key for task in evaluations(EvaluationTask, models, few, environment=ENVIRONMENT)
    )
    assert one != other
    assert evaluations(EvaluationTask, models, few, environment=ENVIRONMENT)[0].key == one


def test_predictions_are_tasks_of_their_own_at_the_same_networks(
    models: Models, few: Digits
) -> None:
    found = evaluations(PredictionTask, models, few, environment=ENVIRONMENT)
    assert all(task.weights is model.weights for task, model in zip(found, models, strict=True))
    clean = {
        task.key for task in evaluations(EvaluationTask, models, few, environment=ENVIRONMENT)
    }
    assert len({task.key for task in found} | clean) == 4


def test_test_images_lie_behind_the_training_images(few: Digits, digits: Digits) -> None:
    training = Images(images=digits.images, labels=digits.labels, subsets={"a": np.arange(3)})
    both = with_test(training, few)
    assert both.subsets["a"].tolist() == [0, 1, 2]
    assert (both.images[both.subsets[TEST]] == few.images).all()
    assert (both.labels[both.subsets[TEST]] == few.labels).all()
    assert (both.images[: len(digits.labels)] == digits.images).all()


def test_split_that_leaves_nothing_to_fit_is_refused(
    models: Models, few: Digits, digits: Digits
) -> None:
    with pytest.raises(UserError, match="below the 500 training images, but got 500"):
        asked(models, few, digits, validation_images=500)
