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

from pipeline.data.cache import place
from pipeline.networks.spec import NetworkSpec
from pipeline.networks.tensors import describe_tensors
from pipeline.training.cells import Result, TrainingCell
from pipeline.training.results import pack

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
    folder: Path, cells: list[TrainingCell], results: list[Result], *, num_images: int
) -> None:
    """Networks, curves and how they came about; `cells` differ in their seeds alone."""
    for cell, result in zip(cells, results, strict=True):
        content = with_metadata(pack(result.arrays), _metadata(cell))
        place(_weights_file(folder, cell.seed), content)
    spec = _spec(cells, results, num_images=num_images)
    place(folder / "spec.json", f"{_indented(spec)}\n".encode())
    place(folder / "history.csv", _history(cells, results).encode())


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
    cells: Sequence[TrainingCell], results: Sequence[Result]
) -> list[TrainedNetwork]:
    """Those of trainings of which no files are kept."""
    return [
        TrainedNetwork(
            network=cell.network,
            init=cell.hyperparameters.init,
            seed=cell.seed,
            cell=cell.key,
            weights=result.arrays,
        )
        for cell, result in zip(cells, results, strict=True)
    ]


def with_metadata(file: bytes, metadata: Mapping[str, str]) -> bytes:
    """A safetensors file with strings in its header, which any reader of the format shows."""
    # The library's own writer puts them in another order each time.
    start = 8 + int.from_bytes(file[:8], "little")
    header = {"__metadata__": metadata, **json.loads(file[8:start])}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + file[start:]


def _weights_file(folder: Path, seed: int) -> Path:
    return folder / f"seed-{seed}.safetensors"


def _metadata(cell: TrainingCell) -> dict[str, str]:
    network = {"network": cell.network.words(), **describe_tensors(cell.network)}
    texts = {
        name: each if isinstance(each, str) else json.dumps(each) for name, each in network.items()
    }
    return {"about": ABOUT, "run_key": cell.key, "seed": str(cell.seed), **texts}


def _spec(
    cells: list[TrainingCell], results: list[Result], *, num_images: int
) -> dict[str, object]:
    cell = cells[0]
    return {
        "network": cell.network.words(),
        "hyperparameters": asdict(cell.hyperparameters),
        "epochs": cell.epochs,
        "batch_size": cell.batch_size,
        "training_images": num_images,
        "data": cell.data,
        "code": cell.code,
        "environment": asdict(cell.environment),
        "cells": {str(cell.seed): cell.key for cell in cells},
        "failures": {
            str(cell.seed): result.record["failure"]
            for cell, result in zip(cells, results, strict=True)
            if result.record["failure"]
        },
        **describe_tensors(cell.network),
    }


def _indented(spec: dict[str, object]) -> str:
    """As JSON, with each list of plain values on one line."""
    text = json.dumps(spec, indent=2)
    lists = re.compile(r"\[\n *([^][{}]*?)\n *\]")
    return lists.sub(lambda found: "[" + re.sub(r"\n *", " ", found[1]) + "]", text)


def _history(cells: list[TrainingCell], results: list[Result]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for cell, result in zip(cells, results, strict=True):
        for row in result.record["history"]:
            writer.writerow({"cell": cell.key, "seed": cell.seed, **row})
    return text.getvalue()
