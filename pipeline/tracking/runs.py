"""What the tracker is told about the cells of a stage, while they are worked on."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from pipeline.study import Study, repository_root
from pipeline.tracking.address import tracking_uri
from pipeline.tracking.record import Training, outcome_of, rounded
from pipeline.tracking.tracker import Tracker
from pipeline.tracking.trainings import commit, final_name, of_cell, sample_name, sweep_name
from pipeline.tracking.views import FINAL, SAMPLES, SWEEP
from pipeline.training.cells import TrainingCell
from pipeline.training.models import TrainedNetwork
from pipeline.training.workers import Begun, Epoch, Event, Finished, Observer

Cells = Sequence[TrainingCell]


@contextmanager
def training_runs(study: Study, variant: str, cells: Cells) -> Iterator[Observer]:
    """An observer that records every training as a run of its own, from its beginning on."""
    names = [final_name(variant, cell.seed) for cell in cells]
    with tracker(study, FINAL) as track:
        yield _recorder(track, study, variant, "train", names, cells)


@contextmanager
def sample_runs(
    study: Study, variant: str, cells: Cells, sizes: Sequence[int]
) -> Iterator[Observer]:
    """The same of trainings on fewer images: on how many is in their names."""
    pairs = zip(sizes, cells, strict=True)
    names = [sample_name(variant, size, cell.seed) for size, cell in pairs]
    with tracker(study, SAMPLES) as track:
        yield _recorder(track, study, variant, "samples", names, cells)


@contextmanager
def sweep_runs(study: Study, variant: str) -> Iterator[Callable[[str, Cells], Observer]]:
    """Gives an observer for each phase of a sweep, beginning with the trials."""
    with tracker(study, SWEEP) as track:
        tried: list[object] = []

        def observer(phase: str, cells: Cells) -> Observer:
            settings = [cell.hyperparameters for cell in cells]
            tried[:] = tried or settings
            trials = [tried.index(each) for each in settings]
            numbers = range(len(cells)) if phase == "trials" else trials
            names = [
                sweep_name(variant, phase, number, cell.seed)
                for number, cell in zip(numbers, cells, strict=True)
            ]
            return _recorder(track, study, variant, f"sweep {phase}", names, cells)

        yield observer


@contextmanager
def evaluation_runs(
    study: Study, variant: str, models: Sequence[TrainedNetwork], labels: np.ndarray
) -> Iterator[Observer]:
    """An observer that adds test errors to the runs of the trainings, and their mean.

    It hears of the evaluation of each model first, and then of other looks at them.
    """
    errors: dict[int, float] = {}
    with tracker(study, FINAL) as track:

        def observe(event: Event) -> None:
            if not isinstance(event, Finished) or event.index >= len(models):
                return
            ended = event.result.record["timing"]["ended"]
            errors[event.index] = error = _error(event.result.arrays["scores"], labels)
            track.measure(models[event.index].cell, {"test_error": error}, ended)
            if len(errors) == len(models):
                mean = rounded(float(np.mean(list(errors.values()))))
                track.summarise(variant, {"test_error": mean, "seeds": len(models)}, ended)

        yield observe


def tracker(study: Study, experiment: str) -> Tracker:
    return Tracker(uri=tracking_uri(repository_root()), study=study.name, experiment=experiment)


def _recorder(
    track: Tracker, study: Study, variant: str, stage: str, names: Sequence[str], cells: Cells
) -> Observer:
    """Of trainings by the names of their runs."""
    state = commit(repository_root())
    trainings: list[Training] = []
    for name, cell in zip(names, cells, strict=True):
        known = of_cell(study, variant, stage, name, cell)
        trainings.append(replace(known, tags={**known.tags, **state}))
    by_cell = {training.cell: training for training in trainings}

    def observe(event: Event) -> None:
        match event:
            case Begun():
                track.begin(by_cell[event.key], event.at)
            case Epoch():
                track.extend(event.key, event.row, event.at)
            case Finished():
                record = event.result.record
                found = outcome_of(record["history"], record["timing"], record["failure"])
                track.record(trainings[event.index], found)

    return observe


def _error(scores: np.ndarray, labels: np.ndarray) -> float:
    """As the report counts: right is only what beats every other class; NaN beats nothing."""
    own = np.take_along_axis(scores, labels[:, None].astype(np.int64), axis=1)
    return float(np.mean((scores >= own).sum(1) != 1))
