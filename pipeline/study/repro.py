"""`dvc repro` with a lock before it and the error message of the stage after it."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.execution.errors import UserError
from pipeline.interruption import PARENT


@contextmanager
def sole_run(folder: Path) -> Iterator[None]:
    """Hold the study in `folder`, from before anything there is changed.

    Raises:
        UserError: When another run is going on there.
    """
    lock = FileLock((folder / "var/repro.lock").absolute())
    Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(
            f"only one run may be going on in a folder, but another holds {lock.lock_file}; "
            "wait for it, or stop it."
        ) from None
    try:
        yield
    finally:
        lock.release()


def reproduce(folder: Path) -> int:
    """Bring every out of the study in `folder` up to date; the exit code."""
    from dvc.cli import main as dvc

    last_error = (folder / "var/last_error.txt").absolute()
    last_error.unlink(missing_ok=True)
    drop_torn(folder)
    # DVC runs `python` from the PATH: make that this one, activated or not.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    os.environ["ABLATION_ERROR_FILE"] = str(last_error)
    os.environ[PARENT] = str(os.getpid())
    os.environ["DVC_NO_ANALYTICS"] = "1"
    before = Path.cwd()
    os.chdir(folder)
    try:
        code = dvc(["repro"])
    finally:
        os.chdir(before)
    if code and last_error.exists():  # DVC turns a stage's exit code into 255
        stage_code, _, message = last_error.read_text(encoding="utf8").partition("\n")
        print(f"\nerror: {message}", file=sys.stderr)
        return int(stage_code)
    return code


def drop_torn(folder: Path) -> None:
    """Delete what a killed DVC left half written, since it writes these two files in place.

    Their content is restored by the next run, and finished runs are in the cache.
    """
    from dvc.exceptions import DvcException
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA
    from dvc.utils import strictyaml

    lock, busy = folder / "dvc.lock", folder / ".dvc/tmp/rwlock"
    try:
        if lock.exists():
            strictyaml.load(str(lock), COMPILED_LOCKFILE_SCHEMA)
    except DvcException:
        lock.unlink()
    try:
        if busy.exists():
            json.loads(busy.read_text(encoding="utf8"))
    except json.JSONDecodeError:
        busy.unlink()
