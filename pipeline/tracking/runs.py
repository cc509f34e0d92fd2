"""What the tracker logs of the tasks of a stage, while they are computed."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace

import numpy as np

from pipeline.execution.events import Event, Finished, Observer, Progressed, Started
from pipeline.study import Study, repository_root
from pipeline.tracking.address import tracking_uri
from pipeline.tracking.record import Training, outcome_of, rounded
from pipeline.tracking.tracker import Tracker
from pipeline.tracking.trainings import commit, final_name, from_outputs, sample_name, sweep_name
from pipeline.tracking.views import FINAL, SAMPLES, SWEEP
from pipeline.training.models import TrainedNetwork
from pipeline.training.task import TrainingTask

Tasks = Sequence[TrainingTask]


@contextmanager
def training_runs(study: Study, variant: str, tasks: Tasks) -> Iterator[Observer]:
    """An observer that records every training as a run of its own, from its beginning on."""
    names = [final_name(variant, task.seed) for task in tasks]
    with tracker(study, FINAL) as track:
        yield _recorder(track, study, variant, "train", names, tasks)


@contextmanager
def sample_runs(
    study: Study, variant: str, tasks: Tasks, sizes: Sequence[int]
) -> Iterator[Observer]:
    """The same for trainings on fewer images; their names have the number of images."""
    pairs = zip(sizes, tasks, strict=True)
    names = [sample_name(variant, size, task.seed) for size, task in pairs]
    with tracker(study, SAMPLES) as track:
        yield _recorder(track, study, variant, "samples", names, tasks)


@contextmanager
def sweep_runs(study: Study, variant: str) -> Iterator[Callable[[str, Tasks], Observer]]:
    """Gives an observer for each phase of a sweep, beginning with the trials."""
    with tracker(study, SWEEP) as track:
        tried: list[object] = []

        def observer(phase: str, tasks: Tasks) -> Observer:
            settings = [task.hyperparameters for task in tasks]
            tried[:] = tried or settings
            trials = [tried.index(each) for each in settings]
            numbers = range(len(tasks)) if phase == "trials" else trials
            names = [
                sweep_name(variant, phase, number, task.seed)
                for number, task in zip(numbers, tasks, strict=True)
            ]
            return _recorder(track, study, variant, f"sweep {phase}", names, tasks)

        yield observer


@contextmanager
def evaluation_runs(
    study: Study,
    variant: str,
    models: Sequence[TrainedNetwork],
    error_of: Callable[[np.ndarray], float],
) -> Iterator[Observer]:
    """An observer that adds test errors to the runs of the trainings, and their mean.

    The evaluation of each model comes first, and then its other evaluations. `error_of`
    gives the test error, a fraction, for the scores of one model, (N, classes).
    """
    errors: dict[int, float] = {}
    with tracker(study, FINAL) as track:

        def observe(event: Event) -> None:
            if not isinstance(event, Finished) or event.index >= len(models):
                return
            ended = event.result.record["timing"]["ended"]
            errors[event.index] = error = error_of(event.result.arrays["scores"])
            track.measure(models[event.index].run_key, {"test_error": error}, ended)
            if len(errors) == len(models):
                mean = rounded(float(np.mean(list(errors.values()))))
                track.summarise(variant, {"test_error": mean, "seeds": len(models)}, ended)

        yield observe


def tracker(study: Study, experiment: str) -> Tracker:
    return Tracker(uri=tracking_uri(repository_root()), study=study.name, experiment=experiment)


def _recorder(
    track: Tracker, study: Study, variant: str, stage: str, names: Sequence[str], tasks: Tasks
) -> Observer:
    """Of trainings by the names of their runs."""
    state = commit(repository_root())
    trainings: list[Training] = []
    for name, task in zip(names, tasks, strict=True):
        known = _of_task(study, variant, stage, name, task)
        trainings.append(replace(known, tags={**known.tags, **state}))
    by_key = {training.run_key: training for training in trainings}

    def observe(event: Event) -> None:
        match event:
            case Started():
                track.begin(by_key[event.key], event.at)
            case Progressed():
                track.extend(event.key, event.row, event.at)
            case Finished():
                record = event.result.record
                found = outcome_of(record["history"], record["timing"], record["failure"])
                track.record(trainings[event.index], found)

    return observe


def _of_task(study: Study, variant: str, stage: str, name: str, task: TrainingTask) -> Training:
    """`stage` is the stage's name, and in a sweep the phase behind it."""
    return from_outputs(
        study,
        variant,
        stage,
        name,
        run_key=task.key,
        seed=task.seed,
        network=task.network,
        settings={
            **asdict(task.hyperparameters),
            "epochs": task.epochs,
            "batch_size": task.batch_size,
        },
        made={"data": task.data, "code": task.code, **asdict(task.environment)},
    )
