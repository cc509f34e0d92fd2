"""A record of what was trained, for whoever tells of it when the stage is long over."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from pipeline.data.cache import place
from pipeline.training.cells import Result, TrainingCell


def write_trainings(
    path: Path,
    cells: Sequence[TrainingCell],
    results: Sequence[Result],
    told: Sequence[Mapping[str, object]],
) -> None:
    """What all cells have in common, and one entry each; `told` is added to the entries."""
    first = cells[0]
    record = {
        "network": first.network.words(),
        "batch_size": first.batch_size,
        "data": first.data,
        "code": first.code,
        "environment": asdict(first.environment),
        "trainings": [
            {
                **more,
                "cell": cell.key,
                "seed": cell.seed,
                "epochs": cell.epochs,
                "hyperparameters": asdict(cell.hyperparameters),
                "failure": result.record["failure"],
            }
            for more, cell, result in zip(told, cells, results, strict=True)
        ],
    }
    place(path, f"{json.dumps(record, indent=2)}\n".encode())
