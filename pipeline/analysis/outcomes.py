"""What is known of each variant, and what must hold between variants that are compared."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from pipeline.analysis.hierarchy import probe_errors
from pipeline.analysis.robustness import IMAGES, Rows
from pipeline.analysis.samples import wrong_by_number
from pipeline.analysis.tuning import require_fair
from pipeline.corruptions.registry import REGISTRY
from pipeline.execution.errors import UserError
from pipeline.outputs.corrupted import CorruptedPredictions
from pipeline.outputs.misclassified import Answers, answers, is_wrong
from pipeline.outputs.models import Spec
from pipeline.outputs.predictions import Predictions
from pipeline.outputs.probes import Probes
from pipeline.outputs.samples import SamplePredictions
from pipeline.outputs.sweeps import Tuning


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """All that is known of one variant.

    Attributes:
        difference: The words in which it differs from the baseline network, as written.
        differs_in: The same for people, with whatever was computed for it.
        sizes: `parameters`, `connections`, `macs`, `activation_bytes`.
        spec: How its networks came about.
        samples: None where it was trained on all images only.
    """

    difference: Mapping[str, object]
    differs_in: str
    note: str | None
    sizes: Mapping[str, int]
    tuning: Tuning
    spec: Spec
    history: pd.DataFrame
    predictions: Predictions
    corrupted: CorruptedPredictions
    probes: Probes
    samples: SamplePredictions | None = None

    @property
    def on_images(self) -> Answers:
        """What its networks answer on the images as they are: (S, N)."""
        return answers(self.predictions.scores)

    def on(self, names: Sequence[str]) -> Answers:
        """What its networks answer on these corrupted sets: (sets, S, N)."""
        return self.corrupted.predictions[[self.corrupted.sets.index(name) for name in names]]

    def wrong_by_set(self) -> Rows:
        """Which images its networks misclassify (S, N): as they are, and of each corrupted set."""
        labels = self.predictions.labels
        clean = is_wrong(self.predictions.scores, labels)
        sets = zip(self.corrupted.sets, self.corrupted.predictions, strict=True)
        return {IMAGES: clean, **{name: each != labels for name, each in sets}}

    def wrong_by_number(self) -> Rows | None:
        """The same of the images as they are, by the number of training images, if of any."""
        if self.samples is None:
            return None
        return wrong_by_number(
            self.samples,
            self.predictions.labels,
            on_all=is_wrong(self.predictions.scores, self.predictions.labels),
            count=self.spec.training_images,
        )

    def wrong_by_stage(self) -> Rows:
        """The same of the probes: "trained s2", "untrained s2" and so on."""
        return probe_errors(self.probes, self.predictions.labels)


def require_comparable(outcomes: Mapping[str, Outcome]) -> None:
    """Refuse variants whose errors may differ for another reason than their networks.

    Raises:
        UserError: If they were not tuned alike, not trained on the same data by the same code
            with what their sweeps chose, or not judged on the same images.
    """
    require_fair({name: outcome.tuning for name, outcome in outcomes.items()})
    for name, outcome in outcomes.items():
        both = (outcome.spec, outcome.tuning.best)
        trained, chosen = (asdict(each.hyperparameters) for each in both)
        if trained != chosen:
            raise UserError(
                f"{name!r} must be trained with what its sweep chose, {chosen}, but got "
                f"{trained}: run `make repro`."
            )
    _require_same(outcomes)


def _require_same(outcomes: Mapping[str, Outcome]) -> None:
    names = list(outcomes)
    first = outcomes[names[0]]
    if lacking := [name for name in REGISTRY if name not in first.corrupted.sets]:
        raise UserError(
            f"every network must be evaluated on {lacking[0]!r}, but {names[0]!r} was not: run "
            "`make repro`."
        )
    for name in names[1:]:
        other = outcomes[name]
        if not np.array_equal(first.predictions.labels, other.predictions.labels):
            raise UserError(
                f"all variants must be judged on the same images, but got other labels for "
                f"{name!r} than for {names[0]!r}: run `make repro`."
            )
        if first.corrupted.sets != other.corrupted.sets:
            raise UserError(
                f"all variants must be evaluated on the same corrupted sets, but got others for "
                f"{name!r} than for {names[0]!r}: run `make repro`."
            )
        for key in ("data", "code", "training_images", "epochs", "batch_size"):
            ours, theirs = getattr(first.spec, key), getattr(other.spec, key)
            if ours != theirs:
                raise UserError(
                    f"all variants must share `{key}`, but got {theirs!r} for {name!r} "
                    f"and {ours!r} for {names[0]!r}: run `make repro`."
                )
