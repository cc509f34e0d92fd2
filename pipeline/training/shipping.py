"""The digits' way to the workers: once to each, and again to one that replaces it."""

import hashlib
import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.training.cluster import STARTS
from pipeline.training.images import Images

if TYPE_CHECKING:
    from distributed import Client


@contextmanager
def in_memory(digits: Images) -> Iterator[Path]:
    """A file that other processes of this machine can read; gone with this process.

    Sent to 64 workers, the digits would fill three gigabytes of the scheduler that sends them.
    """
    with open(os.memfd_create("digits"), "wb") as file:  # noqa: PTH123
        pickle.dump(digits, file)
        file.flush()
        yield Path(f"/proc/{os.getpid()}/fd/{file.fileno()}")


def name_of(digits: Images) -> str:
    """The same for the same digits, so that a worker that has them gets them no second time."""
    digest = hashlib.sha256(digits.images.tobytes())
    digest.update(digits.labels.tobytes())
    for name in sorted(digits.subsets):
        digest.update(name.encode())
    return f"digits-{digest.hexdigest()[:16]}"


def digits_plugin(digits: Images | Path, name: str, *, idempotent: bool) -> Any:
    """To give each worker the digits, or what it finds in a file of its machine.

    An idempotent one is not sent where the scheduler knows one of that name.
    """
    from distributed import WorkerPlugin

    class Digits(WorkerPlugin):
        """Ships the digits once to each worker, and again to one that replaces it.

        They stay: what the next stage needs is often the same, and another study's jobs may run.
        """

        def __init__(self) -> None:
            self.digits, self.name, self.idempotent = digits, name, idempotent

        def setup(self, worker: Any) -> None:
            found = self.digits
            if isinstance(found, Path):
                with found.open("rb") as file:
                    found = pickle.load(file)
            setattr(worker, self.name, found)

    return Digits()


def ship(plugin: Callable[..., Any], client: "Client") -> None:
    """Again if a worker dies meanwhile: Dask then stops waiting for the others, too."""
    for start in range(STARTS):
        try:
            client.register_plugin(plugin(idempotent=start == 0))
            break
        except OSError:  # the connection broke, or one to the dead worker was waited for
            if start == STARTS - 1:
                raise
