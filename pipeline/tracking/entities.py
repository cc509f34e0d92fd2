"""Runs and metrics as MLflow's entities."""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.tracking.record import Dataset, Row

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput, Metric, Run

DIGEST = 36  # characters that MLflow has room for


@dataclass(kw_only=True)
class Known:
    """What is remembered of a run that is there."""

    id: str
    status: str
    started_ms: int
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    model: str | None = None
    described: bool = False
    """Whether it has its parameters: the process that made it may have been killed before."""


def remembered(run: "Run") -> Known:
    models = run.outputs.model_outputs if run.outputs else []
    return Known(
        id=run.info.run_id,
        status=run.info.status,
        started_ms=run.info.start_time or 0,
        tags=dict(run.data.tags),
        metrics=dict(run.data.metrics),
        model=models[0].model_id if models else None,
        described=bool(run.data.params),
    )


def row_points(row: Row, at: float) -> "list[Metric]":
    from mlflow.entities import Metric

    step = int(row["epoch"])
    return [Metric(name, row[name], ms(at), step) for name in row if name != "epoch"]


def dataset_input(dataset: Dataset) -> "DatasetInput":
    from mlflow.entities import Dataset as Listed
    from mlflow.entities import DatasetInput, InputTag

    listed = Listed(
        name=dataset.name,
        digest=dataset.digest[:DIGEST],
        source_type="local" if dataset.source.startswith("file:") else "http",
        source=json.dumps({"url": dataset.source}),
    )
    return DatasetInput(listed, [InputTag("mlflow.data.context", "training")])


def ms(unix_s: float) -> int:
    return round(unix_s * 1000)
