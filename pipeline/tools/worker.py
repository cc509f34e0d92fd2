"""Start a worker of a Dask cluster on each worker slot of this machine, until Ctrl-C."""

import asyncio
from typing import Annotated

import typer

from pipeline.execution.cluster import serve
from pipeline.execution.pool import slots_in_use
from pipeline.program import program


def main(
    address: Annotated[
        str, typer.Argument(help="Of the scheduler: tcp://host:8786, or tls://...")
    ],
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for a scheduler that is gone.")
    ] = 600,
) -> None:
    asyncio.run(serve(address, slots_in_use(), program(), patience_s=patience))
