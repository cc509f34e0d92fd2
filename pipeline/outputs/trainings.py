"""What is known of the trainings of one stage, and of each: why it failed, and its curve."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from pipeline.training.hyperparameters import Hyperparameters


@dataclass(frozen=True, kw_only=True)
class Common:
    """What all trainings of a variant in one stage have in common."""

    network: dict[str, object]
    """The configuration: `NetworkSpec.from_dict` rebuilds it."""
    batch_size: int
    data: str
    code: str
    """Digests of the training images and of the training code."""
    environment: dict[str, str | int | None]
    """The fields of `Environment`."""


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """A point of a learning curve: errors are fractions, that on training images is of the epoch.

    `validation_error` is None where no images were held out. NaN is where a network diverged.
    """

    epoch: int
    """From 1."""
    train_loss: float
    train_error: float
    learning_rate: float
    validation_error: float | None = None


@dataclass(frozen=True, kw_only=True)
class Training:
    """One training, found by its run key."""

    run_key: str
    seed: int
    epochs: int
    hyperparameters: Hyperparameters
    failure: str | None
    """None, or why it has no result."""


def columns(kind: type[Any]) -> Sequence[str]:
    """Of a table whose rows are `kind`, a dataclass of plain values."""
    return [field.name for field in fields(kind)]
