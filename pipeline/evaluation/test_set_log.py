"""The log of test-set evaluations, `reports/test_set_evaluations.csv`: no row is ever removed.

Rows are written as evaluations finish, so that those of a run that is killed, or repeated with
other code, are counted as well. So the log cannot be an output of the stages that evaluate, whose
outputs DVC deletes before each run; it is one of `report`, which DVC does not delete.
"""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

from pipeline.execution.files import write_atomic

LOG = Path("reports/test_set_evaluations.csv")
LOCK = Path("var/test_set_evaluations.lock")
PATIENCE_S = 60
COLUMNS = ("evaluation_key", "run_key", "variant", "seed", "date", "images")


def record_evaluations(rows: Sequence[tuple[str, ...]]) -> None:
    """Append rows of `COLUMNS`, but for evaluations that are there; without a log, begin one.

    Raises:
        OSError: When the log cannot be written, or another process holds it for a minute.
    """
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(LOCK, timeout=PATIENCE_S):
        text = LOG.read_text(encoding="utf8") if LOG.exists() else ""
        known = {row["evaluation_key"] for row in csv.DictReader(io.StringIO(text))}
        lines = io.StringIO()
        writer = csv.writer(lines, lineterminator="\n")
        if not text:
            writer.writerow(COLUMNS)
        writer.writerows(row for row in rows if row[0] not in known)
        if lines.getvalue():
            write_atomic(LOG, (text + lines.getvalue()).encode())
