"""The ledger of looks at the test set: `reports/test_looks.csv`, one row a distinct evaluation."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pipeline.data.cache import place
from pipeline.training.models import TrainedNetwork
from pipeline.training.tasks import Job
from pipeline.training.workers import Event, Finished

LEDGER = Path("reports/test_looks.csv")
COLUMNS = ("evaluation", "training", "variant", "seed", "date", "shown")
# To each final network, in the order of its variant's jobs.
SHOWN = ("images", "corrupted images", "images, by probes")


class Ledger:
    """Writes a row for each evaluation that the ledger does not know, once it has a result.

    `shown` says of each job what it was; without it they are those of `SHOWN`.
    """

    def __init__(
        self,
        variant: str,
        models: Sequence[TrainedNetwork],
        jobs: Sequence[Job],
        *,
        keep: bool,
        shown: Sequence[str] = (),
    ) -> None:
        self.variant, self.models, self.jobs, self.keep = variant, models, jobs, keep
        self.shown = shown or [what for what in SHOWN for _ in models]

    def __call__(self, event: Event) -> None:
        # One from the cache as well: the stage may have been killed before it could say so.
        if self.keep and isinstance(event, Finished):
            model = self.models[event.index % len(self.models)]
            day = datetime.now(UTC).date().isoformat()
            evaluation = self.jobs[event.index].cell.key
            shown = self.shown[event.index]
            record_look((evaluation, model.cell, self.variant, str(model.seed), day, shown))


def record_look(row: tuple[str, ...], *, ledger: Path = LEDGER) -> None:
    """Append a row of `COLUMNS`, unless its evaluation is there already."""
    text = ledger.read_text(encoding="utf8") if ledger.exists() else ""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    if not text:
        writer.writerow(COLUMNS)
    if all(known["evaluation"] != row[0] for known in csv.DictReader(io.StringIO(text))):
        writer.writerow(row)
    if lines.getvalue():
        place(ledger, (text + lines.getvalue()).encode())
