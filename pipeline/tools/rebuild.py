"""Rebuild MLflow's database from the outputs of this repository's studies."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import typer

from pipeline.execution.errors import UserError
from pipeline.study import PARAMS, STUDIES, load_study, repository_root, sole_run
from pipeline.tracking.address import database_file, must_answer, own_database, tracking_uri
from pipeline.tracking.backfill import OUTPUTS, backfill
from pipeline.tracking.rebuild import rebuild_database


def main() -> None:
    """Rebuild the repository's own database, or backfill another one or a server.

    Killed runs and the commits of earlier runs are not in outputs and are lost. The old database
    is put aside when the new one is complete. Another database or a server keeps what it has.

    Raises:
        UserError: While a study is under way, or when one cannot be recorded.
    """
    root = repository_root().absolute()
    studies = [root, *sorted(path.parent for path in (root / STUDIES).glob(f"*/{PARAMS}"))]
    uri, own = tracking_uri(root), own_database(root)
    with ExitStack() as held:
        for folder in studies:
            held.enter_context(sole_run(folder))
        folders = [each for each in studies if any(any(each.glob(out)) for out in OUTPUTS)]
        if not folders:
            raise UserError("some study must have outputs, but none has: run `make repro` first.")
        database = database_file(uri)
        if database is None or database.resolve() != own.resolve():
            record(folders, uri)
        elif aside := rebuild_database(own, lambda beside: record(folders, beside)):
            typer.echo(f"the database before is in {aside.relative_to(root)}")


def record(folders: Sequence[Path], uri: str) -> None:
    """Backfill the tracker at `uri` from the outputs in each of the folders.

    Raises:
        UserError: After all were tried, when some could not be recorded.
    """
    failed: list[str] = []
    for folder in folders:
        try:
            study = load_study(folder / PARAMS)
            with must_answer(uri):
                backfill(study, folder, uri)
        except Exception as problem:  # whatever damaged outputs lead to; the others are tried, too
            failed.append(str(folder))
            typer.echo(f"{folder}: {type(problem).__name__}: {problem}", file=sys.stderr)
        else:
            typer.echo(f"{study.name}: rebuilt")
    if failed:
        raise UserError(
            f"every study must have whole outputs, but these have not: {', '.join(failed)}; "
            "nothing was replaced."
        )
