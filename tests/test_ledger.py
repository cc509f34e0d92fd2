"""The ledger of looks at the test set."""

import csv
from pathlib import Path

from pipeline.ledger import COLUMNS, record_look


def test_each_evaluation_has_one_row_however_often_it_is_repeated(tmp_path: Path) -> None:
    ledger = tmp_path / "reports" / "test_looks.csv"
    for evaluation in ("one", "two", "one"):
        record_look((evaluation, "cell", "lenet5", "0", "2026-01-31"), ledger=ledger)
    with ledger.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["evaluation"] for row in rows] == ["one", "two"]
    assert tuple(rows[0]) == COLUMNS
