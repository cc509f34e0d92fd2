"""The cache folder, and how to write a file whole or not at all."""

import os
import tempfile
from pathlib import Path


def cache_folder() -> Path:
    """`$ABLATION_CACHE`, or the user's cache folder; shared by clones and studies."""
    if folder := os.environ.get("ABLATION_CACHE"):
        return Path(folder).expanduser().absolute()
    from platformdirs import user_cache_path  # workers have no need of it

    return user_cache_path("lenet5-ablations")


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file so that a reader, or a crash, sees either all of it or none.

    Raises:
        OSError: Naming `path`, when there is no space, no permission, or no such folder to make.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            temporary = Path(file.name)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as problem:
        if temporary:
            temporary.unlink(missing_ok=True)
        raise OSError(problem.errno, problem.strerror, str(path)) from problem
