"""Where runs are recorded."""

import os
from pathlib import Path


def tracking_uri(root: Path) -> str:
    """`$MLFLOW_TRACKING_URI`, or the database of the repository at `root`."""
    database = root.absolute() / "var" / "mlflow.db"
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{database}"


def database_file(uri: str) -> Path | None:
    """None for a server."""
    return Path(uri.removeprefix("sqlite:///")) if uri.startswith("sqlite:///") else None
