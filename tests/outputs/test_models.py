import json
import re
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from pipeline.execution.errors import UserError
from pipeline.execution.task import Result
from pipeline.networks.spec import NetworkSpec
from pipeline.networks.tensors import describe_tensors
from pipeline.outputs.models import read_history, read_models, read_spec, write_models
from pipeline.outputs.runs import models
from pipeline.training.plan import Plan
from pipeline.training.task import TrainingTask


@pytest.fixture
def tasks(make_plan: Callable[..., Plan]) -> list[TrainingTask]:
    return make_plan(seeds=(7, 3), epochs=2).tasks


def result(seed: int, *, failure: str | None = None) -> Result:
    random = np.random.default_rng(seed)
    rows = [
        {"epoch": 1, "train_loss": 2.5, "train_error": 0.25, "learning_rate": 0.004},
        {"epoch": 2, "train_loss": 1 / 3, "train_error": 0.002, "learning_rate": 0.002},
    ]
    return Result(
        arrays={
            "c1.weight": random.normal(size=(6, 25)).astype(np.float32),
            "c1.bias": random.normal(size=6).astype(np.float32),
        },
        record={"history": rows[: 1 if failure else 2], "failure": failure, "timing": {}},
    )


def write(folder: Path, tasks: list[TrainingTask], results: list[Result]) -> None:
    write_models(folder, models(tasks, results, num_images=500))


def test_networks_come_back_with_their_seeds_tasks_and_bits(
    tmp_path: Path, tasks: list[TrainingTask]
) -> None:
    results = [result(7), result(3)]
    write(tmp_path, tasks, results)
    found = read_models(tmp_path)
    assert [model.seed for model in found] == [7, 3]  # in the order they were trained
    for model, task, trained in zip(found, tasks, results, strict=True):
        assert model.network == task.network
        assert model.run_key == task.key
        assert set(model.weights) == {"c1.weight", "c1.bias"}
        for name, array in trained.arrays.items():
            assert model.weights[name].dtype == array.dtype
            assert model.weights[name].tobytes() == array.tobytes()


def test_words_of_every_kind_of_network_come_back(
    tmp_path: Path, tasks: list[TrainingTask], lenet5: NetworkSpec
) -> None:
    network = replace(lenet5, hidden_sizes=(300, 100), output="linear", activation="relu")
    write(tmp_path, [replace(tasks[0], network=network)], [result(7)])
    assert read_models(tmp_path)[0].network == network


def test_folder_holds_these_files_and_no_others(tmp_path: Path, tasks: list[TrainingTask]) -> None:
    write(tmp_path / "models", tasks, [result(7), result(3)])
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == [
        "history.csv",
        "seed-3.safetensors",
        "seed-7.safetensors",
        "spec.json",
    ]


def test_curves_have_exactly_the_promised_columns(
    tmp_path: Path, tasks: list[TrainingTask]
) -> None:
    write(tmp_path, tasks, [result(7), result(3, failure="the loss was nan in epoch 1")])
    one, other = (task.key for task in tasks)
    assert (tmp_path / "history.csv").read_bytes().decode() == (
        "run_key,seed,epoch,train_loss,train_error,learning_rate\n"
        f"{one},7,1,2.5,0.25,0.004\n"
        f"{one},7,2,0.3333333333333333,0.002,0.002\n"
        f"{other},3,1,2.5,0.25,0.004\n"
    )


def test_loss_that_is_no_number_is_in_the_curve(tmp_path: Path, tasks: list[TrainingTask]) -> None:
    failed = result(7, failure="the loss was nan in epoch 1")
    failed.record["history"][0]["train_loss"] = float("nan")
    write(tmp_path, tasks[:1], [failed])
    last = (tmp_path / "history.csv").read_text(encoding="utf8").splitlines()[-1]
    assert last == f"{tasks[0].key},7,1,nan,0.25,0.004"


def test_spec_says_how_the_networks_came_about(tmp_path: Path, tasks: list[TrainingTask]) -> None:
    write(tmp_path, tasks, [result(7), result(3, failure="the loss was nan in epoch 1")])
    task = tasks[0]
    assert json.loads((tmp_path / "spec.json").read_text(encoding="utf8")) == {
        "network": {
            "input_size": 32,
            "connectivity": "shared",
            "feature_stages": 2,
            "c3_table": "paper",
            "subsampling": "trainable",
            "activation": "scaled_tanh",
            "output": "rbf",
            "hidden_sizes": [],
            "c5_units": "paper",
        },
        "hyperparameters": {"learning_rate": 0.004, "init": "fan_in", "j": 1.0},
        "epochs": 2,
        "batch_size": 64,
        "training_images": 500,
        "data": task.data,
        "code": task.code,
        "environment": asdict(task.environment),
        "run_keys": {"7": tasks[0].key, "3": tasks[1].key},
        "failures": {"3": "the loss was nan in epoch 1"},
        **describe_tensors(task.network),
    }


def test_file_says_what_the_spec_says_and_which_run_it_is(
    tmp_path: Path, tasks: list[TrainingTask]
) -> None:
    write(tmp_path, tasks, [result(7), result(3)])
    spec = json.loads((tmp_path / "spec.json").read_text(encoding="utf8"))
    for task in tasks:
        with safe_open(tmp_path / f"seed-{task.seed}.safetensors", "np") as file:
            found = file.metadata()
        assert (found.pop("run_key"), found.pop("seed")) == (task.key, str(task.seed))
        assert "connections [map, input map] in the order of the weights" in found.pop("about")
        assert {name: found.pop(name) for name in ("format_version", "scores")} == {
            name: spec[name] for name in ("format_version", "scores")
        }
        said = {name: json.loads(text) for name, text in found.items()}
        assert said == {name: spec[name] for name in ("network", "input", "layers")}


def test_page_lists_every_string_of_a_file(tmp_path: Path, tasks: list[TrainingTask]) -> None:
    write(tmp_path, tasks, [result(7), result(3)])
    with safe_open(tmp_path / "seed-7.safetensors", "np") as file:
        names = set(file.metadata())
    _, table = Path("docs/models.md").read_text(encoding="utf8").split("| String | Content |\n")
    rows = table.partition("\n\n")[0].splitlines()[1:]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])} == names


def test_spec_has_each_connection_and_each_code_on_one_line(
    tmp_path: Path, tasks: list[TrainingTask]
) -> None:
    write(tmp_path, tasks, [result(7), result(3)])
    text = (tmp_path / "spec.json").read_text(encoding="utf8")
    lines = [line.strip() for line in text.splitlines()]
    assert "[4, 4], [4, 5], [4, 0], [5, 5]," in " ".join(lines)
    assert sum(line.startswith(("[-1, ", "[1, 1, ")) for line in lines) == 10


def test_equal_results_are_equal_files(tmp_path: Path, tasks: list[TrainingTask]) -> None:
    for name in ("one", "other"):
        write(tmp_path / name, tasks, [result(7), result(3)])
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes()


def test_results_that_do_not_match_the_tasks_are_refused(
    tmp_path: Path, tasks: list[TrainingTask]
) -> None:
    with pytest.raises(ValueError, match="zip"):
        write(tmp_path, tasks, [result(7)])


def test_spec_and_curves_are_read_as_they_were_written(
    tmp_path: Path, tasks: list[TrainingTask]
) -> None:
    failed = result(3, failure="the loss was nan in epoch 1")
    failed.record["history"][0]["train_loss"] = float("inf")
    given = models(tasks, [result(7), failed], num_images=500)
    write_models(tmp_path, given)
    assert read_spec(tmp_path) == given.spec
    history = read_history(tmp_path, seeds=(3, 7))
    assert history == [given.history[2], *given.history[:2]]  # by seed, then by epoch
    with pytest.raises(UserError, match=r"history\.csv`: its seeds must be \[7\]"):
        read_history(tmp_path, seeds=[7])


@pytest.mark.parametrize("content", [None, b"", b"no weights"])
def test_damaged_weights_are_named_with_the_stage_that_makes_them(
    tmp_path: Path, tasks: list[TrainingTask], content: bytes | None
) -> None:
    folder = tmp_path / "models/mlp"
    write(folder, tasks, [result(7), result(3)])
    (folder / "seed-3.safetensors").unlink()
    if content is not None:
        (folder / "seed-3.safetensors").write_bytes(content)
    with pytest.raises(UserError, match=r"seed-3\.safetensors.* -m pipeline train mlp"):
        read_models(folder)
