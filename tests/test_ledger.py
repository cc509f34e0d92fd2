"""The ledger of looks at the test set."""

import csv
from pathlib import Path

import pytest

from pipeline.ledger import COLUMNS, LEDGER, Ledger, record_look
from pipeline.networks.spec import NetworkSpec
from pipeline.training.cells import EvaluationCell, Result
from pipeline.training.models import TrainedNetwork
from pipeline.training.provenance import cpu_environment
from pipeline.training.tasks import Job
from pipeline.training.workers import Finished


def test_each_evaluation_has_one_row_however_often_it_is_repeated(tmp_path: Path) -> None:
    ledger = tmp_path / "reports" / "test_looks.csv"
    for evaluation in ("one", "two", "one"):
        record_look((evaluation, "cell", "lenet5", "0", "2026-01-31"), ledger=ledger)
    with ledger.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["evaluation"] for row in rows] == ["one", "two"]
    assert tuple(rows[0]) == COLUMNS


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        ((), ["images", "images", "corrupted images", "corrupted images"]),
        (("images, trained on 50", "images, trained on 200") * 2, None),
    ],
    ids=["final networks", "others"],
)
def test_a_row_names_the_network_and_what_it_was_shown(
    shown: tuple[str, ...],
    told: list[str] | None,
    lenet5: NetworkSpec,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    models = [
        TrainedNetwork(network=lenet5, init="paper", seed=seed, cell=f"cell {seed}", weights={})
        for seed in (4, 2)
    ]
    jobs = [Job(cell=cell(lenet5, images)) for images in ("one", "two", "three", "four")]
    ledger = Ledger("lenet5", models, jobs, keep=True, shown=shown)
    result = Result(arrays={}, record={})
    for index in range(4):
        ledger(Finished(index=index, result=result, cached=True))
    with LEDGER.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["shown"] for row in rows] == (told or list(shown))
    assert [row["training"] for row in rows] == ["cell 4", "cell 2"] * 2
    assert [row["seed"] for row in rows] == ["4", "2"] * 2


def cell(network: NetworkSpec, images: str) -> EvaluationCell:
    return EvaluationCell(
        network=network, weights="w", images=images, code="c", environment=cpu_environment()
    )
