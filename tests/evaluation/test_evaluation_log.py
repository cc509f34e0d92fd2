"""A stage's evaluations in the test-set log."""

import csv
from pathlib import Path

import pytest

from pipeline.evaluation.evaluation_log import EvaluationLog
from pipeline.evaluation.tasks.clean import EvaluationTask
from pipeline.evaluation.test_set_log import LOG
from pipeline.execution.events import Finished
from pipeline.execution.provenance import cpu_environment
from pipeline.execution.task import Result
from pipeline.networks.spec import NetworkSpec
from pipeline.training.models import TrainedNetwork


@pytest.mark.parametrize(
    ("image_sets", "reported"),
    [
        ((), ["images", "images", "corrupted images", "corrupted images"]),
        (("images, trained on 50", "images, trained on 200") * 2, None),
    ],
    ids=["final networks", "others"],
)
def test_a_row_names_the_network_and_its_images(
    image_sets: tuple[str, ...],
    reported: list[str] | None,
    lenet5: NetworkSpec,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    models = [
        TrainedNetwork(network=lenet5, init="paper", seed=seed, run_key=f"task {seed}", weights={})
        for seed in (4, 2)
    ]
    tasks = [task(lenet5, images) for images in ("one", "two", "three", "four")]
    log = EvaluationLog("lenet5", models, tasks, keep=True, image_sets=image_sets)
    result = Result(arrays={}, record={})
    for index in range(4):
        log(Finished(index=index, result=result, cached=True))
    with LOG.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["images"] for row in rows] == (reported or list(image_sets))
    assert [row["run_key"] for row in rows] == ["task 4", "task 2"] * 2
    assert [row["seed"] for row in rows] == ["4", "2"] * 2


def task(network: NetworkSpec, images: str) -> EvaluationTask:
    return EvaluationTask(
        network=network, weights={}, images=images, environment=cpu_environment()
    )
