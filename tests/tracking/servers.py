"""Real servers of MLflow's on loopback."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
}


@contextmanager
def tracking_server(
    folder: Path, *options: str, env: dict[str, str] | None = None
) -> Iterator[str]:
    """The address of one with a database and an artifact store of its own, in `folder`."""
    store = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--serve-artifacts"]
    place = ["--artifacts-destination", str(folder / "artifacts"), "--workers", "1"]
    with serving(["server", *store, *place, *options], folder, "/health", env or {}) as address:
        yield address


@contextmanager
def serving(command: Sequence[str], folder: Path, sign: str, env: dict[str, str]) -> Iterator[str]:
    """The address of an `mlflow` command that answers at `sign`; it works in `folder`."""
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *command, "--host", "127.0.0.1", "--port", str(port)],
            cwd=folder,
            env={**os.environ, **QUIET, **env},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait(f"{address}{sign}", server, folder / "log")
            yield address
        finally:
            os.killpg(server.pid, 15)
            server.wait(timeout=30)


def _wait(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + 90
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError as answer:
            if answer.code in (401, 403):
                return
        except OSError:
            time.sleep(0.3)
    raise RuntimeError(log.read_text()[-2000:])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
