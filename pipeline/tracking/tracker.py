"""Runs, points and statuses, written behind the caller's back."""

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

from pipeline.data.cache import place
from pipeline.tracking.address import database_file
from pipeline.tracking.background import Background

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

QUIETLY = {  # MLflow reads these as it is imported; the user's own values win
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # a server that is down would block minutes a call
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",  # seconds
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One finished training; all times are the worker's, in unix seconds.

    A row of `history` holds its `epoch` (from 1) and metrics; `failure` says why it has no result.
    """

    name: str
    cell: str
    variant: str
    seed: int
    stage: str
    parameters: Mapping[str, object]
    tags: Mapping[str, str]
    history: Sequence[Mapping[str, float]]
    epoch_ends: Sequence[float]
    started: float
    ended: float
    failure: str | None


class Tracker:
    """Writes to one experiment behind the caller's back; a failure is said once, never raised.

    Whatever a resumed or repeated stage records again leaves one run per cell and one row per
    point. `artifacts` is None where a server decides.
    """

    def __init__(self, *, uri: str, artifacts: Path | None, experiment: str) -> None:
        self._place = (uri, artifacts, experiment)
        advice = "The study goes on without it: its outputs hold everything."
        self._work = Background(name=f"MLflow at {uri}", advice=advice)

    def record(self, run: RunRecord) -> None:
        """A run for the cell below its variant's, unless it is there already."""
        self._work.put(lambda: self._runs.write(run))

    def measure(self, cell: str, metrics: Mapping[str, float], at: float) -> None:
        """What a worker found about a recorded cell, at the unix time `at`."""
        self._work.put(lambda: self._runs.add("ablation.cell", cell, metrics, at))

    def summarise(self, variant: str, metrics: Mapping[str, float], at: float) -> None:
        """Aggregates over the cells of a recorded variant, known since the unix time `at`."""
        self._work.put(lambda: self._runs.add("ablation.parent", variant, metrics, at))

    def __enter__(self) -> Self:
        self._work.start()
        self._work.put(lambda: self._runs)  # opened while the workers start: it takes a second
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None or issubclass(kind, Exception):  # after Ctrl-C a replay records the rest
            self._work.finish(patience_s=60)

    @cached_property
    def _runs(self) -> "_Runs":
        return _open(*self._place)


@dataclass(frozen=True, kw_only=True)
class _Runs:
    """The runs of one experiment, found by our tags."""

    client: "MlflowClient"
    experiment: str

    def write(self, record: RunRecord) -> None:
        run = _find(self.client, [self.experiment], "ablation.cell", record.cell)
        status = "FINISHED" if record.failure is None else "FAILED"
        if run and run.info.status == status:
            return  # whole already, and history is not rewritten
        begin = partial(self.client.create_run, self.experiment, _ms(record.started))
        parent = _find(self.client, [self.experiment], "ablation.parent", record.variant)
        parent = parent or begin({"ablation.parent": record.variant}, record.variant)
        tags = {
            **record.tags,
            "ablation.cell": record.cell,
            "ablation.variant": record.variant,
            "ablation.seed": str(record.seed),
            "ablation.stage": record.stage,
            "mlflow.parentRunId": parent.info.run_id,
        }
        run = run or begin(tags, record.name)
        self.fill(run, record)
        self.client.set_terminated(run.info.run_id, status, _ms(record.ended))
        self.client.set_terminated(parent.info.run_id, "FINISHED", _ms(record.ended))

    def fill(self, run: "Run", record: RunRecord) -> None:
        """In one batch; parameters that are there stay, for MLflow refuses to change them."""
        from mlflow.entities import Metric, Param, RunTag

        points = [
            Metric(name, value, _ms(end), int(row["epoch"]))
            for row, end in zip(record.history, record.epoch_ends, strict=True)
            for name, value in row.items()
            if name != "epoch"
        ]
        known = run.data.params
        words = [Param(k, str(v)) for k, v in record.parameters.items() if k not in known]
        reason = [] if record.failure is None else [RunTag("ablation.failure", record.failure)]
        self.client.log_batch(run.info.run_id, points, words, reason, synchronous=True)
        if not reason and "ablation.failure" in run.data.tags:
            self.client.delete_tag(run.info.run_id, "ablation.failure")

    def add(self, tag: str, value: str, metrics: Mapping[str, float], at: float) -> None:
        from mlflow.entities import Metric

        if (run := _find(self.client, [self.experiment], tag, value)) is None:
            raise LookupError(f"there is no run with {tag} = {value}")
        known = run.data.metrics
        points = [Metric(k, v, _ms(at), 0) for k, v in metrics.items() if known.get(k) != v]
        self.client.log_batch(run.info.run_id, points, synchronous=True)


def find_run(uri: str, cell: str) -> "Run | None":
    """The run of a cell, in whatever experiment."""
    return _find(_client(uri), list(experiments(uri).values()), "ablation.cell", cell)


def experiments(uri: str) -> dict[str, str]:
    """Identifiers by name."""
    known = _client(uri).search_experiments(filter_string="name != 'Default'")
    return {each.name: each.experiment_id for each in known}


def _open(uri: str, artifacts: Path | None, experiment: str) -> _Runs:
    database = database_file(uri)
    with _prepared(database) if database else nullcontext():
        client = _client(uri)
        if known := client.get_experiment_by_name(experiment):
            return _Runs(client=client, experiment=known.experiment_id)
        folder = artifacts.absolute().as_uri() if artifacts else None
        return _Runs(client=client, experiment=client.create_experiment(experiment, folder))


@contextmanager
def _prepared(database: Path) -> Iterator[None]:
    """For one process at a time; made elsewhere, as a database half made stays unusable."""
    from filelock import FileLock

    database.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{database}.lock", timeout=30):
        if not database.exists():
            with TemporaryDirectory() as folder:
                _client(f"sqlite:///{folder}/mlflow.db")
                place(database, Path(folder, "mlflow.db").read_bytes())
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("pragma journal_mode=wal")  # a reader never stops the writer
        yield


def _client(uri: str) -> "MlflowClient":
    for name, value in QUIETLY.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient  # takes more than a second

    return MlflowClient(tracking_uri=uri)


def _find(client: "MlflowClient", experiments: list[str], tag: str, value: str) -> "Run | None":
    return next(iter(client.search_runs(experiments, f"tags.`{tag}` = '{value}'")), None)


def _ms(unix_s: float) -> int:
    return round(unix_s * 1000)
