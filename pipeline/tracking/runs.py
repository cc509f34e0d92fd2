"""What the tracker is told about the cells of a stage, as they finish."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np

from pipeline.study import Study, repository_root
from pipeline.tracking.address import tracking_uri
from pipeline.tracking.git import git_state
from pipeline.tracking.tracker import RunRecord, Tracker
from pipeline.training.cells import Result, TrainingCell
from pipeline.training.images import Images
from pipeline.training.models import TrainedNetwork
from pipeline.training.workers import Epoch, Finished, Observer


@contextmanager
def training_runs(study: Study, variant: str, cells: Sequence[TrainingCell]) -> Iterator[Observer]:
    """An observer that records every training as a run of its own."""
    root = repository_root()
    tags = {"ablation.params": study.digest, "ablation.study": study.name, **git_state(root)}
    with _final_tracker(study, root) as tracker:

        def observe(event: Epoch | Finished) -> None:
            if isinstance(event, Finished):
                tracker.record(_run(variant, cells[event.index], event.result, tags))

        yield observe


@contextmanager
def evaluation_runs(
    study: Study, variant: str, models: Sequence[TrainedNetwork], digits: Images
) -> Iterator[Observer]:
    """An observer that adds test errors to the runs of the trainings, and their mean."""
    errors: dict[int, float] = {}
    with _final_tracker(study, repository_root()) as tracker:

        def observe(event: Epoch | Finished) -> None:
            if not isinstance(event, Finished):
                return
            ended = event.result.record["timing"]["ended"]
            errors[event.index] = error = _error(event.result.arrays["scores"], digits.labels)
            tracker.measure(models[event.index].cell, {"test_error": error}, ended)
            if len(errors) == len(models):
                aggregate = {"test_error_mean": float(np.mean(list(errors.values())))}
                tracker.summarise(variant, {**aggregate, "seeds": len(models)}, ended)

        yield observe


def _error(scores: np.ndarray, labels: np.ndarray) -> float:
    """As the report counts: right is only what beats every other class; NaN beats nothing."""
    own = np.take_along_axis(scores, labels[:, None].astype(np.int64), axis=1)
    return float(np.mean((scores >= own).sum(1) != 1))


def _final_tracker(study: Study, root: Path) -> Tracker:
    uri = tracking_uri(root)
    artifacts = root / "var" / "mlartifacts" if uri.startswith("sqlite:") else None
    return Tracker(uri=uri, artifacts=artifacts, experiment=f"{study.name}/final")


def _run(variant: str, cell: TrainingCell, result: Result, tags: dict[str, str]) -> RunRecord:
    timing = result.record["timing"]
    return RunRecord(
        cell=cell.key,
        variant=variant,
        seed=cell.seed,
        stage="train",
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
