"""Where runs are recorded."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.execution.errors import UserError
from pipeline.tracking.background import cause, without_password


def tracking_uri(root: Path) -> str:
    """`$MLFLOW_TRACKING_URI`, or the database of the repository at `root`."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{own_database(root)}"


def own_database(root: Path) -> Path:
    """The one of a repository, where the user named no other."""
    return root.absolute() / "var" / "mlflow.db"


def database_file(uri: str) -> Path | None:
    """None for a server."""
    return Path(uri.removeprefix("sqlite:///")) if uri.startswith("sqlite:///") else None


@contextmanager
def must_answer(uri: str) -> Iterator[None]:
    """Around what somebody waits for; the rest of this room goes on without an answer.

    Raises:
        UserError: If MLflow finds nobody at `uri`, or no tracker.
    """
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")  # each may take 5 s
    try:
        yield
    except Exception as problem:
        from mlflow.exceptions import MlflowException  # only now: whoever asked has imported it

        if not isinstance(problem, MlflowException):
            raise
        reason = " ".join(without_password(str(cause(problem))).split())[:400]
        raise UserError(f"`{without_password(uri)}` must answer, but got: {reason}.") from problem
