"""Runs as outputs describe them, from their tasks and results."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pipeline.execution.task import Result
from pipeline.outputs.models import FinalEpoch, Models, Spec
from pipeline.outputs.trainings import Epoch
from pipeline.training.task import TrainingTask


def common(task: TrainingTask) -> dict[str, Any]:
    """The fields of `Common`, of any run of a stage."""
    return {
        "network": task.network.to_dict(),
        "batch_size": task.batch_size,
        "data": task.data,
        "code": task.code,
        "environment": asdict(task.environment),
    }


def training(task: TrainingTask, result: Result) -> dict[str, Any]:
    """The fields of `Training`."""
    return {
        "run_key": task.key,
        "seed": task.seed,
        "epochs": task.epochs,
        "hyperparameters": task.hyperparameters,
        "failure": result.record["failure"],
    }


def curve(result: Result) -> tuple[Epoch, ...]:
    """Epoch by epoch, as far as the training came."""
    return tuple(Epoch(**row) for row in result.record["history"])


def models(tasks: Sequence[TrainingTask], results: Sequence[Result], *, num_images: int) -> Models:
    """Of final trainings on so many images, which differ in their seeds alone."""
    first, pairs = tasks[0], list(zip(tasks, results, strict=True))
    failures = {task.seed: result.record["failure"] for task, result in pairs}
    spec = Spec(
        **common(first),
        hyperparameters=first.hyperparameters,
        epochs=first.epochs,
        training_images=num_images,
        run_keys={task.seed: task.key for task in tasks},
        failures={seed: failure for seed, failure in failures.items() if failure},
    )
    history = [
        FinalEpoch(run_key=task.key, seed=task.seed, **asdict(epoch))
        for task, result in pairs
        for epoch in curve(result)
    ]
    weights = {task.seed: result.arrays for task, result in pairs}
    return Models(spec=spec, history=history, weights=weights)
