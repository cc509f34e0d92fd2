"""Put the results table of reports/results.json into README.md."""

from pathlib import Path

from pipeline.analysis.inputs import read_json
from pipeline.data.cache import place
from pipeline.errors import UserError
from pipeline.report.readme import include


def main() -> None:
    """Replace what stands between the two marks in README.md."""
    readme = Path("README.md")
    if not readme.is_file():
        raise UserError("`README.md` must be in the current folder, but is not.")
    results = read_json(Path("reports/results.json"))
    place(readme, include(readme.read_text(encoding="utf8"), results).encode("utf8"))
