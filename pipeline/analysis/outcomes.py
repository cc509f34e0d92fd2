"""What is known of each variant, and what must hold between variants that are compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipeline.analysis.inputs import Predictions, Sweep
from pipeline.analysis.tuning import require_fair
from pipeline.errors import UserError


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """All that is known of one variant.

    Attributes:
        difference: The words in which it differs from the baseline network, as written.
        differs_in: The same for people, with whatever was computed for it.
        sizes: `parameters`, `connections`, `macs`.
        spec: Its `spec.json`.
    """

    difference: Mapping[str, object]
    differs_in: str
    note: str | None
    sizes: Mapping[str, int]
    sweep: Sweep
    spec: Mapping[str, Any]
    history: pd.DataFrame
    predictions: Predictions


def require_comparable(outcomes: Mapping[str, Outcome]) -> None:
    """Refuse variants whose errors may differ for another reason than their networks.

    Raises:
        UserError: If they were not tuned alike, not trained on the same data by the same code
            with what their sweeps chose, or not judged on the same images.
    """
    require_fair({name: outcome.sweep for name, outcome in outcomes.items()})
    for name, outcome in outcomes.items():
        trained, chosen = (each["hyperparameters"] for each in (outcome.spec, outcome.sweep.best))
        if trained != chosen:
            raise UserError(
                f"{name!r} must be trained with what its sweep chose, {chosen}, but got "
                f"{trained}: run `make repro`."
            )
    _require_same(outcomes)


def _require_same(outcomes: Mapping[str, Outcome]) -> None:
    names = list(outcomes)
    first = outcomes[names[0]]
    for name in names[1:]:
        other = outcomes[name]
        if not np.array_equal(first.predictions.labels, other.predictions.labels):
            raise UserError(
                f"all variants must be judged on the same images, but got other labels for "
                f"{name!r} than for {names[0]!r}: run `make repro`."
            )
        for key in ("data", "code", "training_images", "epochs", "batch_size"):
            if first.spec[key] != other.spec[key]:
                raise UserError(
                    f"all variants must share `{key}`, but got {other.spec[key]!r} for {name!r} "
                    f"and {first.spec[key]!r} for {names[0]!r}: run `make repro`."
                )
