"""Print the differences between the results at a commit and those in reports/."""

from pathlib import Path
from typing import Annotated

from typer import Argument

from pipeline.outputs.files import read_json
from pipeline.outputs.order import require_outputs
from pipeline.report.against import changes, committed

RESULTS = Path("reports/results.json")


def main(rev: Annotated[str, Argument(help="Of git, as in HEAD~1.")]) -> None:
    require_outputs(RESULTS)
    print(changes(committed(RESULTS, rev), read_json(RESULTS), rev=rev))
