"""The way to MLflow: its database made once, put right, and cleared of what died under way."""

import os
import platform
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pipeline.execution.files import write_atomic
from pipeline.tracking.address import database_file
from pipeline.tracking.process import HOST, is_gone
from pipeline.tracking.store import RUN_KEY, Runs, every_run
from pipeline.tracking.views import OURS, experiment_tags

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

QUIETLY = {  # MLflow reads these as it is imported; the user's own values win
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # a server that is down would block minutes a call
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",  # seconds
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",  # the caller reports what fails, in one line
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_UV_AUTO_DETECT": "false",  # the working directory is no project of a model's
}
# Wherever MLflow keeps the absolute address of an artifact.
ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


def open_client(uri: str) -> "MlflowClient":
    """What a killed process left running there is closed."""
    database = database_file(uri)
    if database is None:
        client = _client(uri)
    else:
        with _prepared(database):
            client = _client(uri)
    close_the_dead(client)
    return client


def open_runs(uri: str, study: str, experiment: str) -> Runs:
    """Those of a study's experiment, which is made and described where that is yet to do."""
    client, name = open_client(uri), f"{study}/{experiment}"
    known = client.get_experiment_by_name(name)
    if known is None:
        database = database_file(uri)  # a server decides itself
        location = artifacts(database).as_uri() if database else None
        number = client.create_experiment(name, location)
        known = client.get_experiment(number)
    if known.lifecycle_stage == "deleted":
        client.restore_experiment(known.experiment_id)
    for name, value in experiment_tags(experiment, known.experiment_id).items():
        if known.tags.get(name) != value:
            client.set_experiment_tag(known.experiment_id, name, value)
    return Runs(client, known.experiment_id)


def artifacts(database: Path) -> Path:
    """The folder beside it."""
    return database.absolute().with_name("mlartifacts")


@contextmanager
def held(database: Path) -> Iterator[None]:
    """Nobody else opens it meanwhile."""
    from filelock import FileLock

    database.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{database}.lock", timeout=30):
        yield


def experiments(client: "MlflowClient") -> dict[str, str]:
    """Identifiers by name, in the order of names."""
    found, token = dict[str, str](), None
    while True:
        page = client.search_experiments(
            filter_string="name != 'Default'", order_by=["name"], page_token=token
        )
        found |= {each.name: each.experiment_id for each in page}
        if not (token := page.token):
            return found


def find_run(client: "MlflowClient", run_key: str) -> "Run | None":
    """The run with this key, in whatever experiment."""
    everywhere = list(experiments(client).values())
    return next(every_run(client, everywhere, f"tags.`{RUN_KEY}` = '{run_key}'"), None)


def close_the_dead(client: "MlflowClient") -> None:
    """Runs that were under way when their process ended."""
    everywhere = list(experiments(client).values())
    wanted = f"attributes.status = 'RUNNING' and tags.`{HOST}` = '{platform.node()}'"
    for run in list(every_run(client, everywhere, wanted)):
        if is_gone(run.data.tags):
            client.set_terminated(run.info.run_id, "KILLED", round(time.time() * 1000))


@contextmanager
def _prepared(database: Path) -> Iterator[None]:
    """For one process at a time; made elsewhere, as a database half made stays unusable."""
    with held(database):
        if not database.exists():
            with TemporaryDirectory() as folder:
                _client(f"sqlite:///{folder}/mlflow.db")
                write_atomic(database, Path(folder, "mlflow.db").read_bytes())
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("pragma journal_mode=wal")  # a reader never stops the writer
            _follow(connection, artifacts(database).as_uri())
        yield


def _follow(connection: sqlite3.Connection, here: str) -> None:
    """Lead our artifacts' addresses to where they are, after the repository was moved."""
    found = connection.execute(
        "select distinct artifact_location from experiments"
        " join experiment_tags using (experiment_id)"
        " where key = ? and artifact_location like 'file:%/mlartifacts'"
        " and artifact_location <> ?",
        [OURS, here],
    ).fetchall()
    for (before,) in found:
        for table, column in ADDRESSES:
            connection.execute(
                f"update {table} set {column} = ? || substr({column}, ?)"
                f" where {column} = ? or substr({column}, 1, ?) = ?",
                [here, len(before) + 1, before, len(before) + 1, f"{before}/"],
            )
    connection.commit()


def _client(uri: str) -> "MlflowClient":
    for name, value in QUIETLY.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient  # takes more than a second

    return MlflowClient(tracking_uri=uri)
