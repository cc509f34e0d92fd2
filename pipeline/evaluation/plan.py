"""Which looks a variant's evaluation consists of, and the digits that they take."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from pipeline.corruptions.registry import REGISTRY
from pipeline.data.mnist import Digits, index_digest, split
from pipeline.evaluation.cells import CorruptionCell, ProbeCell
from pipeline.evaluation.jobs import (
    TEST,
    CorruptedEvaluation,
    Evaluation,
    Look,
    MakeCorruptedSet,
    Picture,
    Probe,
    Reading,
)
from pipeline.evaluation.sets import libraries
from pipeline.training.cells import EvaluationCell, Result
from pipeline.training.images import Images
from pipeline.training.models import TrainedNetwork
from pipeline.training.pool import pool
from pipeline.training.provenance import code_digest
from pipeline.training.results import weights_digest

PROBE_IMAGES = 10_000  # that the probes are fitted to


@dataclass(frozen=True, kw_only=True)
class Looks:
    """All that is asked of the networks of one variant, and the digits that it takes."""

    models: Sequence[TrainedNetwork]
    clean: Sequence[Evaluation]
    corrupted_sets: Sequence[MakeCorruptedSet]
    """Makes the sets that the networks are shown next."""
    probes: Sequence[Probe]
    picture: Picture
    """Of the first network, with the first training image: no look at the test images."""
    digits: Images

    def jobs(self, made: Sequence[Result]) -> list[Look]:
        """Three of each network: as they are, on the corrupted sets now made, by its stages."""
        sets = [
            (job.cell, result.record["digest"])
            for job, result in zip(self.corrupted_sets, made, strict=True)
        ]
        return [*self.clean, *corrupted_evaluations(self.models, sets), *self.probes]


def looks(
    models: Sequence[TrainedNetwork],
    test: Digits,
    training: Digits,
    *,
    validation_images: int,
    split_seed: int,
) -> Looks:
    """Probes are fitted to training images, spread evenly over those that tuning trained on.

    Their ridge is chosen on those that tuning was validated on; the networks have seen both.
    """
    fit, choose = split(training.labels, validation_images=validation_images, seed=split_seed)
    number = min(PROBE_IMAGES, len(fit))
    fit = fit[np.arange(number) * len(fit) // number]
    return Looks(
        models=models,
        clean=evaluations(models, test),
        corrupted_sets=_corrupted_sets(test),
        probes=_probes(models, test, training, fit=fit, choose=choose),
        picture=_picture(models[0], training.images[0]),
        digits=_digits(test, training, fit=fit, choose=choose),
    )


def evaluations(models: Sequence[TrainedNetwork], test: Digits) -> list[Evaluation]:
    """Every network once, on all test images as they are."""
    return [
        Evaluation(cell=_cell(model, test.digest, "pipeline.training.fit"), weights=model.weights)
        for model in models
    ]


def readings(models: Sequence[TrainedNetwork], test: Digits) -> list[Reading]:
    """Every network once, on all test images as they are, of which only its answers are kept."""
    return [
        Reading(
            cell=_cell(model, test.digest, "pipeline.evaluation.reading"), weights=model.weights
        )
        for model in models
    ]


def with_test(training: Images, test: Digits) -> Images:
    """The test images behind the training images, whose lists of indices stay as they are."""
    places = np.arange(len(test.labels), dtype=np.int64) + len(training.labels)
    return Images(
        images=np.concatenate([training.images, test.images]),
        labels=np.concatenate([training.labels, test.labels]),
        subsets={**training.subsets, TEST: places},
    )


def corrupted_evaluations(
    models: Sequence[TrainedNetwork], sets: Sequence[tuple[CorruptionCell, str]]
) -> list[CorruptedEvaluation]:
    """Every network once, on all corrupted sets, each with the digest of its bytes."""
    frames = hashlib.sha256("".join(digest for _, digest in sets).encode()).hexdigest()
    return [
        CorruptedEvaluation(
            cell=_cell(model, frames, "pipeline.evaluation.reading"),
            weights=model.weights,
            sets=sets,
        )
        for model in models
    ]


def _corrupted_sets(test: Digits) -> list[MakeCorruptedSet]:
    any_set = CorruptionCell(
        images=test.digest,
        corruption="",
        code=code_digest("pipeline.corruptions.registry"),
        libraries=libraries(),
        environment=pool().environment,
    )
    return [MakeCorruptedSet(cell=replace(any_set, corruption=name)) for name in REGISTRY]


def _probes(
    models: Sequence[TrainedNetwork],
    test: Digits,
    training: Digits,
    *,
    fit: np.ndarray,
    choose: np.ndarray,
) -> list[Probe]:
    fit_on, choose_on = index_digest(fit), index_digest(choose)
    return [
        Probe(
            cell=ProbeCell(
                **vars(_cell(model, test.digest, "pipeline.evaluation.probing")),
                init=model.init,
                seed=model.seed,
                training_images=training.digest,
                fit_on=fit_on,
                choose_on=choose_on,
            ),
            weights=model.weights,
        )
        for model in models
    ]


def _picture(model: TrainedNetwork, digit: np.ndarray) -> Picture:
    shown = hashlib.sha256(digit.tobytes()).hexdigest()
    cell = _cell(model, shown, "pipeline.evaluation.pictures")
    return Picture(cell=cell, weights=model.weights, digit=digit)


def _cell(model: TrainedNetwork, images: str, code: str) -> EvaluationCell:
    return EvaluationCell(
        network=model.network,
        weights=weights_digest(model.weights),
        images=images,
        code=code_digest(code),
        environment=pool().environment,
    )


def _digits(test: Digits, training: Digits, *, fit: np.ndarray, choose: np.ndarray) -> Images:
    """The test images, and of the training images only what the probes take."""
    bounds = np.cumsum([0, len(test.labels), len(fit), len(choose)])
    places = [np.arange(start, end, dtype=np.int64) for start, end in pairwise(bounds)]
    chosen = np.concatenate([fit, choose])
    return Images(
        images=np.concatenate([test.images, training.images[chosen]]),
        labels=np.concatenate([test.labels, training.labels[chosen]]),
        subsets=dict(zip((TEST, index_digest(fit), index_digest(choose)), places, strict=True)),
    )
