"""Run a whole study: the standard one, or one of studies/ in a workspace of its own."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.study import (
    PARAMS,
    STUDIES,
    load_study,
    materialise,
    reproduce,
    sole_run,
    written_study,
)
from pipeline.tracking.backfill import backfill_in_background


def main(
    name: Annotated[str, typer.Argument(help="quick, full, ...; nothing for params.yaml")] = "",
) -> None:
    load_study()
    if name:
        written_study(name)  # before a folder is made for it
    folder = STUDIES / name if name else Path()
    with sole_run(folder):
        if name:
            materialise(name)
        if code := reproduce(folder):
            raise typer.Exit(code)
        # DVC may have restored what nobody trained.
        backfill_in_background(load_study(folder / PARAMS), folder)
    print(f"report: {folder / 'reports/ablation.html'}")
