"""Serve MLflow's pages of the recorded runs, on loopback, until Ctrl-C."""

import os
import socket
import sys
from pathlib import Path
from typing import Annotated

from typer import Option

from pipeline.execution.errors import UserError
from pipeline.study import repository_root
from pipeline.tracking.address import database_file, must_answer, tracking_uri
from pipeline.tracking.background import without_password
from pipeline.tracking.opening import experiments, find_run, open_client
from pipeline.tracking.views import START, page, run_page

USUAL_PORT = 5000


def main(run: Annotated[str, Option(help="Key of a run: show its page.")] = "") -> None:
    uri = recorded_at(Path.cwd())
    page = page_of(uri, run)
    if uri.startswith(("http://", "https://")):
        print(f"MLflow: {without_password(uri).rstrip('/')}{page}")
        return
    port = free_port(USUAL_PORT)
    print(f"MLflow: http://127.0.0.1:{port}{page} (Ctrl-C ends it)", flush=True)
    for name, runs in run_lists(uri).items():
        print(f"  {name}: http://127.0.0.1:{port}{runs}", flush=True)
    serve(uri, port)


def recorded_at(start: Path) -> str:
    """The tracking URI of the repository around a folder.

    Raises:
        UserError: Outside of the repository, or before anything was recorded.
    """
    folders = (start.absolute(), *start.absolute().parents)
    studies = (f for f in folders if (f / "params.yaml").is_file() and (f / "dvc.yaml").is_file())
    if (study := next(studies, None)) is None:
        raise UserError(f"the folder must lie in the repository, but got {str(start)!r}.")
    uri = tracking_uri(repository_root(study))
    if (database := database_file(uri)) and not database.is_file():
        raise UserError("nothing is recorded yet: run `make repro` or `make quick` first.")
    return uri


def page_of(uri: str, run_key: str) -> str:
    """The part of an address after the server's: of the list of experiments, or of one run.

    Raises:
        UserError: If no run has that key, or the server does not answer.
    """
    if not run_key:
        return f"/{START}"
    with must_answer(uri):
        run = find_run(open_client(uri), run_key) if run_key.isalnum() else None
    if run is None:
        raise UserError(f"`--run` must be the key of a recorded run, but got {run_key!r}.")
    return f"/{run_page(run.info.experiment_id, run.info.run_id)}"


def run_lists(uri: str) -> dict[str, str]:
    """The part of an address after the server's, of each experiment's list of runs, by name.

    MLflow's own start page leads to pages for language models first.
    """
    known = experiments(open_client(uri))
    return {name: f"/{page(number, 'variants')}" for name, number in known.items()}


def free_port(usual: int) -> int:
    """The usual port if it is free on loopback, or another one that is."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", usual))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serve(uri: str, port: int) -> None:
    """Replace this process by the server: one worker, no background jobs, which take 250 MB."""
    quiet = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "PYTHONWARNINGS": "ignore",  # MLflow's about its own libraries
        "PYTHONSAFEPATH": "1",  # modules of the current folder are none of MLflow's
    }
    options = f"--host 127.0.0.1 --port {port} --workers 1".split()
    options += ["--uvicorn-opts", "--log-level warning", "--backend-store-uri", uri]
    command = [sys.executable, "-m", "mlflow", "ui", *options]
    os.execve(sys.executable, command, os.environ | quiet)
