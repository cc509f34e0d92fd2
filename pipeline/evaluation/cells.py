"""Cells that are no plain evaluation, named by everything their result depends on."""

import hashlib
from dataclasses import dataclass

from pipeline.training.cells import EvaluationCell
from pipeline.training.provenance import Environment


@dataclass(frozen=True, kw_only=True)
class CorruptionCell:
    """One set of images corrupted in one way."""

    images: str
    """Digest of the images as they were."""
    corruption: str
    code: str
    libraries: str
    """Those that corrupt, with their versions."""
    environment: Environment

    @property
    def key(self) -> str:
        return hashlib.sha256(repr(self).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class ProbeCell(EvaluationCell):
    """The stages of one network, trained and as it began, each read by a linear classifier."""

    init: str
    seed: int
    training_images: str
    """Digest of those that the classifiers' images are from."""
    fit_on: str
    """Digest of the exact list of image indices."""
    choose_on: str
