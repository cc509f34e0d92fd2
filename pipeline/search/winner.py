"""What a sweep hands on: the settings that it chose."""

import json
from pathlib import Path

from pipeline.training.hyperparameters import Hyperparameters

BEST = "best.json"


def read_winner(folder: Path) -> Hyperparameters:
    """From the outs of a variant's sweep."""
    best = json.loads((folder / BEST).read_text(encoding="utf8"))
    return Hyperparameters(**best["hyperparameters"])
