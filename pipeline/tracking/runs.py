"""What the tracker is told about the cells of a stage, as they finish."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict

import numpy as np

from pipeline.study import Study, repository_root
from pipeline.tracking.address import tracking_uri
from pipeline.tracking.git import git_state
from pipeline.tracking.tracker import RunRecord, Tracker
from pipeline.training.cells import Result, TrainingCell
from pipeline.training.models import TrainedNetwork
from pipeline.training.workers import Epoch, Finished, Observer

Cells = Sequence[TrainingCell]


@contextmanager
def training_runs(study: Study, variant: str, cells: Sequence[TrainingCell]) -> Iterator[Observer]:
    """An observer that records every training as a run of its own."""
    names = [f"{variant} seed {cell.seed}" for cell in cells]
    with _tracker(study, "final") as tracker:
        yield _recorder(tracker, study, variant, "train", dict(zip(names, cells, strict=True)))


@contextmanager
def sample_runs(
    study: Study, variant: str, cells: Cells, sizes: Sequence[int]
) -> Iterator[Observer]:
    """The same of trainings on fewer images: on how many is in their names."""
    names = {
        f"{variant} {size} images seed {cell.seed}": cell
        for cell, size in zip(cells, sizes, strict=True)
    }
    with _tracker(study, "samples") as tracker:
        yield _recorder(tracker, study, variant, "samples", names)


@contextmanager
def sweep_runs(study: Study, variant: str) -> Iterator[Callable[[str, Cells], Observer]]:
    """Gives an observer for each phase of a sweep, which records its trainings as runs."""
    with _tracker(study, "sweep") as tracker:

        def observer(phase: str, cells: Cells) -> Observer:
            names = {f"{variant} {phase} {place}": cell for place, cell in enumerate(cells)}
            return _recorder(tracker, study, variant, f"sweep {phase}", names)

        yield observer


@contextmanager
def evaluation_runs(
    study: Study, variant: str, models: Sequence[TrainedNetwork], labels: np.ndarray
) -> Iterator[Observer]:
    """An observer that adds test errors to the runs of the trainings, and their mean.

    It hears of the evaluation of each model first, and then of other looks at them.
    """
    errors: dict[int, float] = {}
    with _tracker(study, "final") as tracker:

        def observe(event: Epoch | Finished) -> None:
            if not isinstance(event, Finished) or event.index >= len(models):
                return
            ended = event.result.record["timing"]["ended"]
            errors[event.index] = error = _error(event.result.arrays["scores"], labels)
            tracker.measure(models[event.index].cell, {"test_error": error}, ended)
            if len(errors) == len(models):
                aggregate = {"test_error_mean": float(np.mean(list(errors.values())))}
                tracker.summarise(variant, {**aggregate, "seeds": len(models)}, ended)

        yield observe


def _error(scores: np.ndarray, labels: np.ndarray) -> float:
    """As the report counts: right is only what beats every other class; NaN beats nothing."""
    own = np.take_along_axis(scores, labels[:, None].astype(np.int64), axis=1)
    return float(np.mean((scores >= own).sum(1) != 1))


def _tracker(study: Study, experiment: str) -> Tracker:
    root = repository_root()
    uri = tracking_uri(root)
    artifacts = root / "var" / "mlartifacts" if uri.startswith("sqlite:") else None
    return Tracker(uri=uri, artifacts=artifacts, experiment=f"{study.name}/{experiment}")


def _recorder(
    tracker: Tracker, study: Study, variant: str, stage: str, cells: Mapping[str, TrainingCell]
) -> Observer:
    """Of trainings by the names of their runs."""
    state = git_state(repository_root())
    tags = {"ablation.params": study.digest, "ablation.study": study.name, **state}
    named = list(cells.items())

    def observe(event: Epoch | Finished) -> None:
        if isinstance(event, Finished):
            name, cell = named[event.index]
            tracker.record(_run(name, variant, stage, cell, event.result, tags))

    return observe


def _run(
    name: str,
    variant: str,
    stage: str,
    cell: TrainingCell,
    result: Result,
    tags: Mapping[str, str],
) -> RunRecord:
    timing = result.record["timing"]
    return RunRecord(
        name=name,
        cell=cell.key,
        variant=variant,
        seed=cell.seed,
        stage=stage,
        parameters={
            **cell.network.words(),
            **asdict(cell.hyperparameters),
            "epochs": cell.epochs,
            "batch_size": cell.batch_size,
        },
        tags={
            **tags,
            "ablation.data": cell.data,
            "ablation.code": cell.code,
            **{f"environment.{k}": str(v) for k, v in asdict(cell.environment).items()},
        },
        history=result.record["history"],
        epoch_ends=[end for _, end in timing["epochs"]],
        started=timing["started"],
        ended=timing["ended"],
        failure=result.record["failure"],
    )
