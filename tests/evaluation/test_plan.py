from dataclasses import replace

import numpy as np
import pytest

from pipeline.corruptions.registry import REGISTRY
from pipeline.data.mnist import Digits, index_digest, split
from pipeline.errors import UserError
from pipeline.evaluation.jobs import TEST
from pipeline.evaluation.plan import (
    PROBE_IMAGES,
    Looks,
    evaluations,
    looks,
    readings,
    with_test,
)
from pipeline.training.cells import Result
from pipeline.training.images import Images
from pipeline.training.models import TrainedNetwork
from pipeline.training.provenance import cpu_environment
from pipeline.training.results import weights_digest

Models = list[TrainedNetwork]


def asked(models: Models, test: Digits, training: Digits, **changed: int) -> Looks:
    return looks(models, test, training, **({"validation_images": 100, "split_seed": 1} | changed))


def made(planned: Looks, mark: str = "") -> list[Result]:
    """As if every set had been made."""
    return [
        Result(arrays={}, record={"digest": f"{mark}{job.cell.corruption}"})
        for job in planned.corrupted_sets
    ]


def keys(planned: Looks, mark: str = "") -> list[str]:
    return [job.cell.key for job in planned.jobs(made(planned, mark))]


def test_every_network_is_looked_at_in_three_ways_network_by_network(
    models: Models, few: Digits, digits: Digits
) -> None:
    planned = asked(models, few, digits)
    jobs = planned.jobs(made(planned))
    assert [type(job).__name__ for job in jobs] == [
        *["Evaluation"] * 2,
        *["CorruptedEvaluation"] * 2,
        *["Probe"] * 2,
    ]
    for job, model in zip(jobs, models * 3, strict=True):
        assert job.cell.network == model.network
        assert job.cell.weights == weights_digest(model.weights)
        assert job.cell.environment == cpu_environment()
        assert job.weights is model.weights
    assert [job.cell.corruption for job in planned.corrupted_sets] == list(REGISTRY)
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
    assert len(planned.digits.subsets[planned.probes[0].cell.fit_on]) == 150


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
    one, other = (job.cell.key for job in evaluations(models, few))
    assert one != other
    assert evaluations(models, few)[0].cell.key == one


def test_readings_are_looks_of_their_own_at_the_same_networks(models: Models, few: Digits) -> None:
    found = readings(models, few)
    assert [job.cell.weights for job in found] == [weights_digest(each.weights) for each in models]
    clean = {job.cell.key for job in evaluations(models, few)}
    assert len({job.cell.key for job in found} | clean) == 4


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
