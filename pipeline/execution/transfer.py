"""Sends what all tasks share to the workers: once to each, and again to one that is new."""

import hashlib
import os
import pickle
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.execution.local import STARTS

if TYPE_CHECKING:
    from distributed import Client


@contextmanager
def in_file(content: bytes) -> Iterator[Path]:
    """A file that other processes of this machine can read; gone with this process.

    Sent to 64 workers, what a study shares would fill three gigabytes of the scheduler that
    sends it.
    """
    if not hasattr(os, "memfd_create"):  # macOS has none; a process that is killed leaves its file
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            yield Path(file.name)
        return
    with open(os.memfd_create("shared"), "wb") as file:  # noqa: PTH123
        file.write(content)
        file.flush()
        yield Path(f"/proc/{os.getpid()}/fd/{file.fileno()}")


def name_of(content: bytes) -> str:
    """The same for the same content, so that a worker that has it gets it no second time."""
    return f"shared-{hashlib.sha256(content).hexdigest()[:16]}"


def shared_plugin(content: bytes | Path, name: str, *, idempotent: bool) -> Any:
    """To give each worker what is shared, pickled, or what it finds in a file of its machine.

    An idempotent one is not sent where the scheduler knows one of that name.
    """
    from distributed import WorkerPlugin

    class Shared(WorkerPlugin):
        """Ships the content once to each worker, and again to one that replaces it.

        It stays: what the next stage needs is often the same, and another study's tasks may run.
        """

        def __init__(self) -> None:
            self.content, self.name, self.idempotent = content, name, idempotent

        def setup(self, worker: Any) -> None:
            found = self.content
            if isinstance(found, Path):
                found = found.read_bytes()
            setattr(worker, self.name, pickle.loads(found))

    return Shared()


def ship(plugin: Callable[..., Any], client: "Client") -> None:
    """Again if a worker dies meanwhile: Dask then stops waiting for the others, too."""
    for start in range(STARTS):
        try:
            client.register_plugin(plugin(idempotent=start == 0))
            break
        except OSError:  # the connection broke, or one to the dead worker was waited for
            if start == STARTS - 1:
                raise
