"""`models/<variant>/`: final networks, their learning curves, and how they came about."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load

from pipeline.execution.cache import pack
from pipeline.execution.files import write_atomic
from pipeline.networks.spec import NetworkSpec
from pipeline.networks.tensors import describe_tensors
from pipeline.outputs.files import checked, read_record, read_table, require, write_table
from pipeline.outputs.trainings import Common, Epoch
from pipeline.training.hyperparameters import Hyperparameters
from pipeline.training.models import TrainedNetwork

SPEC, HISTORY = "spec.json", "history.csv"
COLUMNS = ("run_key", "seed", "epoch", "train_loss", "train_error", "learning_rate")
ABOUT = (
    "A trained network of the LeNet-5 family (LeCun et al. 1998). `input` is how an image is "
    "coded; `layers` are, in order, what each layer computes, its tensors with the meaning of "
    "their axes, and the connections [map, input map] in the order of the weights (both JSON)."
)


@dataclass(frozen=True, kw_only=True)
class Spec(Common):
    """`spec.json`: what the networks of a variant are, and what they were trained with.

    The file says what their tensors mean, too, see `networks.tensors`.
    """

    hyperparameters: Hyperparameters
    epochs: int
    training_images: int
    run_keys: dict[int, str]
    """By seed, in the order of the study."""
    failures: dict[int, str]
    """Why networks have no result, by seed; none of the others."""


@dataclass(frozen=True, kw_only=True)
class FinalEpoch(Epoch):
    """A row of `history.csv`."""

    run_key: str
    seed: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Models:
    """All outputs of a variant's final trainings."""

    spec: Spec
    history: Sequence[FinalEpoch]
    weights: Mapping[int, Mapping[str, np.ndarray]]
    """By seed, the parameters by name."""


def write_models(folder: Path, models: Models) -> None:
    """All files of a variant's networks."""
    spec = models.spec
    about = describe_tensors(NetworkSpec.from_dict(spec.network))
    for seed, weights in models.weights.items():
        metadata = {
            "about": ABOUT,
            "run_key": spec.run_keys[seed],
            "seed": str(seed),
            **{name: _text(each) for name, each in {"network": spec.network, **about}.items()},
        }
        write_atomic(weights_file(folder, seed), with_metadata(pack(weights), metadata))
    content = _indented({**asdict(spec), **about})
    write_atomic(folder / SPEC, f"{content}\n".encode())
    rows = ({name: getattr(row, name) for name in COLUMNS} for row in models.history)
    write_table(folder / HISTORY, COLUMNS, rows)


def read_spec(folder: Path) -> Spec:
    """How the networks of a variant came about.

    Raises:
        UserError: Naming the file, if it is missing or not as it was written.
    """
    return read_record(folder / SPEC, Spec)


def read_models(folder: Path) -> list[TrainedNetwork]:
    """Every network of a variant, in the order of the study's seeds.

    Raises:
        UserError: Naming the file that is missing or damaged.
    """
    spec = read_spec(folder)
    return [
        TrainedNetwork(
            network=NetworkSpec.from_dict(spec.network),
            init=spec.hyperparameters.init,
            seed=seed,
            run_key=key,
            weights=_read_weights(weights_file(folder, seed)),
        )
        for seed, key in spec.run_keys.items()
    ]


def read_history(folder: Path, *, seeds: Collection[int]) -> list[FinalEpoch]:
    """The learning curves of a variant's networks: a row a seed and epoch, in that order.

    Raises:
        UserError: Naming the file, if it is missing or not as it was written, or has other seeds.
    """
    path = folder / HISTORY
    rows = checked(path, list[FinalEpoch], read_table(path))
    found = sorted({row.seed for row in rows})
    require(path, set(found) <= set(seeds), f"its seeds must be {list(seeds)}", found)
    return sorted(rows, key=lambda row: (row.seed, row.epoch))


def weights_file(folder: Path, seed: int) -> Path:
    return folder / f"seed-{seed}.safetensors"


def with_metadata(file: bytes, metadata: Mapping[str, str]) -> bytes:
    """A safetensors file with strings in its header, which any reader of the format shows."""
    # The library's own writer puts them in another order each time.
    start = 8 + int.from_bytes(file[:8], "little")
    header = {"__metadata__": metadata, **json.loads(file[8:start])}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + file[start:]


def _read_weights(path: Path) -> dict[str, np.ndarray]:
    try:
        return load(path.read_bytes())
    except (OSError, SafetensorError) as problem:
        require(path, False, "it must be a readable safetensors file", problem)
        raise


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _indented(spec: Mapping[str, object]) -> str:
    """As JSON, with each list of plain values on one line."""
    text = json.dumps(spec, indent=2)
    lists = re.compile(r"\[\n *([^][{}]*?)\n *\]")
    return lists.sub(lambda found: "[" + re.sub(r"\n *", " ", found[1]) + "]", text)
