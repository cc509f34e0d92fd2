"""What the test-set log is told of the evaluations of a stage."""

import csv
from pathlib import Path

import pytest

from pipeline.evaluation.tasks.clean import EvaluationTask
from pipeline.evaluation.test_set_log import LOG
from pipeline.execution.events import Finished
from pipeline.execution.provenance import cpu_environment
from pipeline.execution.task import Result
from pipeline.ledger import Ledger
from pipeline.networks.spec import NetworkSpec
from pipeline.training.models import TrainedNetwork


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
    tasks = [task(lenet5, images) for images in ("one", "two", "three", "four")]
    ledger = Ledger("lenet5", models, tasks, keep=True, shown=shown)
    result = Result(arrays={}, record={})
    for index in range(4):
        ledger(Finished(index=index, result=result, cached=True))
    with LOG.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["shown"] for row in rows] == (told or list(shown))
    assert [row["training"] for row in rows] == ["cell 4", "cell 2"] * 2
    assert [row["seed"] for row in rows] == ["4", "2"] * 2


def task(network: NetworkSpec, images: str) -> EvaluationTask:
    return EvaluationTask(
        network=network, weights={}, images=images, environment=cpu_environment()
    )
