"""Write the results of reports/results.json, a table and a figure, into README.md."""

from pathlib import Path

from pipeline.execution.errors import UserError
from pipeline.execution.files import write_atomic
from pipeline.outputs.files import read_json
from pipeline.outputs.order import require_outputs
from pipeline.report.readme import include


def main() -> None:
    """Replace the text between the two marks in README.md.

    Raises:
        UserError: If README.md, its marks or the results are missing.
    """
    readme = Path("README.md")
    if not readme.is_file():
        raise UserError("`README.md` must be in the current folder, but is not.")
    require_outputs(record := Path("reports/results.json"))
    results = read_json(record)
    write_atomic(readme, include(readme.read_text(encoding="utf8"), results).encode("utf8"))
