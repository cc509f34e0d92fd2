"""Cells: one training or one evaluation, named by everything its result depends on."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from pipeline.networks.spec import NetworkSpec
from pipeline.training.provenance import Environment


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """What is tuned for each variant."""

    learning_rate: float
    """Adam's, at the first step; a cosine takes it to 0."""
    init: Literal["paper", "fan_in"]
    j: float | None
    """The constant of the MAP criterion (eq. 9); None where the output is linear."""


@dataclass(frozen=True, kw_only=True)
class TrainingCell:
    """One network trained once."""

    network: NetworkSpec
    hyperparameters: Hyperparameters
    seed: int
    epochs: int
    batch_size: int
    train_on: str
    """Digest of the exact list of image indices."""
    validate_on: str | None
    """The same for the images that are only looked at, after every epoch."""
    data: str
    code: str
    environment: Environment

    @property
    def key(self) -> str:
        return _key("training", asdict(self))


@dataclass(frozen=True, kw_only=True)
class EvaluationCell:
    """One trained network shown one set of images."""

    network: NetworkSpec
    weights: str
    """Digest of the trained parameters."""
    images: str
    """Digest of the set's image bytes."""
    code: str
    environment: Environment

    @property
    def key(self) -> str:
        return _key("evaluation", asdict(self))


Cell = TrainingCell | EvaluationCell


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a cell came to."""

    arrays: dict[str, np.ndarray]
    """Trained parameters by name, or `scores` [images, 10]."""
    record: dict[str, Any]
    """Plain values: curve, timestamps, device, failure."""


def _key(kind: str, fields: dict[str, object]) -> str:
    text = json.dumps({"kind": kind, **fields}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
