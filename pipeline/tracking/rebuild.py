"""Rebuild the database of runs: beside the old one, which it replaces once it is whole."""

import platform
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from pipeline.execution.errors import UserError
from pipeline.tracking.opening import artifacts, held, open_client
from pipeline.tracking.process import HOST, PROCESS, is_gone

RUNNING = """
select runs.name, host.value, process.value from runs
join tags host on host.run_uuid = runs.run_uuid and host.key = ?
join tags process on process.run_uuid = runs.run_uuid and process.key = ?
where runs.status = 'RUNNING' and runs.lifecycle_stage = 'active'
"""
PRIMARY = 0xFF  # of SQLite's error codes; the rest are details
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)


def rebuild_database(database: Path, record: Callable[[str], None]) -> Path | None:
    """`record` writes to the address that it gets; where the old one is now, if there was one.

    Raises:
        UserError: While somebody writes to the old one.
    """
    require_idle(database)
    beside = database.with_name("rebuilt")
    shutil.rmtree(beside, ignore_errors=True)  # of a rebuild that was killed
    fresh, whole = beside / database.name, beside / "whole.db"
    record(f"sqlite:///{fresh}")
    with closing(sqlite3.connect(fresh)) as source, closing(sqlite3.connect(whole)) as copy:
        source.backup(copy)  # with what still stands in the log beside it
    with held(database):
        require_idle(database)
        aside = _put_aside(database)
        if artifacts(fresh).exists():
            artifacts(fresh).rename(artifacts(database))
        whole.rename(database)
    shutil.rmtree(beside)
    open_client(f"sqlite:///{database}")  # updates the addresses of the artifacts
    return aside


def require_idle(database: Path) -> None:
    """A database that is damaged has no runs: it is rebuilt.

    Raises:
        UserError: If a process of this machine writes a run, or holds all of the database.
    """
    if not database.exists():
        return
    try:
        with closing(sqlite3.connect(database)) as known:
            running = known.execute(RUNNING, [HOST, PROCESS]).fetchall()
    except sqlite3.DatabaseError as problem:
        if problem.sqlite_errorcode & PRIMARY not in DAMAGED:
            raise UserError(f"nobody may hold {database}, but got: {problem}.") from problem
        return
    for name, host, process in running:
        if host == platform.node() and not is_gone({HOST: host, PROCESS: process}):
            number, _, _ = process.partition(" ")
            raise UserError(f"no study may be under way, but run {name!r} is (process {number}).")


def _put_aside(database: Path) -> Path | None:
    """With its artifacts, into a folder `before-1`, `before-2`, ... beside it."""
    lock = f"{database.name}.lock"
    files = [file for file in database.parent.glob(f"{database.name}*") if file.name != lock]
    files += [folder for folder in [artifacts(database)] if folder.exists()]
    if not files:
        return None
    names = [re.fullmatch(r"before-(\d+)", path.name) for path in database.parent.iterdir()]
    latest = max((int(name[1]) for name in names if name), default=0)
    aside = database.with_name(f"before-{latest + 1}")
    aside.mkdir()
    for file in files:
        with suppress(FileNotFoundError):  # the last process to close a database removes its log
            file.rename(aside / file.name)
    return aside
