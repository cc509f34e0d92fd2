"""The outs of training: `models/<variant>/`, enough to rebuild each trained network."""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load

from pipeline.execution.cache import pack
from pipeline.execution.files import write_atomic
from pipeline.execution.task import Result
from pipeline.networks.spec import NetworkSpec
from pipeline.networks.tensors import describe_tensors
from pipeline.training.task import TrainingTask

COLUMNS = ("cell", "seed", "epoch", "train_loss", "train_error", "learning_rate")
ABOUT = (
    "A trained network of the LeNet-5 family (LeCun et al. 1998). `input` is how an image is "
    "coded; `layers` are, in order, what each layer computes, its tensors with the meaning of "
    "their axes, and the connections [map, input map] in the order of the weights (both JSON)."
)


@dataclass(frozen=True, kw_only=True)
class TrainedNetwork:
    """One network, rebuilt by its words and its parameters."""

    network: NetworkSpec
    init: str
    """With the seed: what it was before training."""
    seed: int
    cell: str
    """The key of the training that made it."""
    weights: Mapping[str, np.ndarray]


def write_models(
    folder: Path, tasks: list[TrainingTask], results: list[Result], *, num_images: int
) -> None:
    """Networks, curves and how they came about; `tasks` differ in their seeds alone."""
    for task, result in zip(tasks, results, strict=True):
        content = with_metadata(pack(result.arrays), _metadata(task))
        write_atomic(_weights_file(folder, task.seed), content)
    spec = _spec(tasks, results, num_images=num_images)
    write_atomic(folder / "spec.json", f"{_indented(spec)}\n".encode())
    write_atomic(folder / "history.csv", _history(tasks, results).encode())


def read_models(folder: Path) -> list[TrainedNetwork]:
    """Every network that `write_models` put there."""
    spec = json.loads((folder / "spec.json").read_text(encoding="utf8"))
    return [
        TrainedNetwork(
            network=NetworkSpec.from_words(spec["network"]),
            init=spec["hyperparameters"]["init"],
            seed=int(seed),
            cell=cell,
            weights=load(_weights_file(folder, int(seed)).read_bytes()),
        )
        for seed, cell in spec["cells"].items()
    ]


def trained_networks(
    tasks: Sequence[TrainingTask], results: Sequence[Result]
) -> list[TrainedNetwork]:
    """Those of trainings of which no files are kept."""
    return [
        TrainedNetwork(
            network=task.network,
            init=task.hyperparameters.init,
            seed=task.seed,
            cell=task.key,
            weights=result.arrays,
        )
        for task, result in zip(tasks, results, strict=True)
    ]


def with_metadata(file: bytes, metadata: Mapping[str, str]) -> bytes:
    """A safetensors file with strings in its header, which any reader of the format shows."""
    # The library's own writer puts them in another order each time.
    start = 8 + int.from_bytes(file[:8], "little")
    header = {"__metadata__": metadata, **json.loads(file[8:start])}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + file[start:]


def write_trainings(
    path: Path,
    tasks: Sequence[TrainingTask],
    results: Sequence[Result],
    told: Sequence[Mapping[str, object]],
) -> None:
    """What all runs have in common, and one entry each; `told` is added to the entries."""
    first = tasks[0]
    record = {
        "network": first.network.words(),
        "batch_size": first.batch_size,
        "data": first.data,
        "code": first.code,
        "environment": asdict(first.environment),
        "trainings": [
            {
                **more,
                "cell": task.key,
                "seed": task.seed,
                "epochs": task.epochs,
                "hyperparameters": asdict(task.hyperparameters),
                "failure": result.record["failure"],
            }
            for more, task, result in zip(told, tasks, results, strict=True)
        ],
    }
    write_atomic(path, f"{json.dumps(record, indent=2)}\n".encode())


def _weights_file(folder: Path, seed: int) -> Path:
    return folder / f"seed-{seed}.safetensors"


def _metadata(task: TrainingTask) -> dict[str, str]:
    network = {"network": task.network.words(), **describe_tensors(task.network)}
    texts = {
        name: each if isinstance(each, str) else json.dumps(each) for name, each in network.items()
    }
    return {"about": ABOUT, "run_key": task.key, "seed": str(task.seed), **texts}


def _spec(
    tasks: list[TrainingTask], results: list[Result], *, num_images: int
) -> dict[str, object]:
    first = tasks[0]
    return {
        "network": first.network.words(),
        "hyperparameters": asdict(first.hyperparameters),
        "epochs": first.epochs,
        "batch_size": first.batch_size,
        "training_images": num_images,
        "data": first.data,
        "code": first.code,
        "environment": asdict(first.environment),
        "cells": {str(task.seed): task.key for task in tasks},
        "failures": {
            str(task.seed): result.record["failure"]
            for task, result in zip(tasks, results, strict=True)
            if result.record["failure"]
        },
        **describe_tensors(first.network),
    }


def _indented(spec: dict[str, object]) -> str:
    """As JSON, with each list of plain values on one line."""
    text = json.dumps(spec, indent=2)
    lists = re.compile(r"\[\n *([^][{}]*?)\n *\]")
    return lists.sub(lambda found: "[" + re.sub(r"\n *", " ", found[1]) + "]", text)


def _history(tasks: list[TrainingTask], results: list[Result]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for task, result in zip(tasks, results, strict=True):
        for row in result.record["history"]:
            writer.writerow({"cell": task.key, "seed": task.seed, **row})
    return text.getvalue()
