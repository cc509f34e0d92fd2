"""Run a whole study: the standard one, or a difference to it from studies/, in its own folder."""

import json
from pathlib import Path
from typing import Annotated

import typer

from pipeline.study import json_schema, load_study, materialise, reproduce


def main(
    name: Annotated[str, typer.Argument(help="quick, full, ...; nothing for params.yaml")] = "",
    schema: Annotated[bool, typer.Option("--schema", help="Print params.yaml's schema.")] = False,
) -> None:
    if schema:
        print(json.dumps(json_schema(), indent=2))
        return
    load_study()
    folder = materialise(name) if name else Path()
    if code := reproduce(folder):
        raise typer.Exit(code)
    print(f"report: {folder / 'reports/ablation.html'}")
