"""The only door to Optuna: the trials of a sweep as one of its studies."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState

from pipeline.search.space import Range, Space
from pipeline.training.hyperparameters import Hyperparameters

ENOUGH_TRIALS = 30  # below, importance is mostly noise


class Trials:
    """An Optuna study in memory: enqueue, ask and tell in the order of the trials.

    So it is reproducible. `dimensions` has the names of what is searched.
    """

    def __init__(self, name: str, space: Space, dimensions: Sequence[str]) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.name = name
        self.distributions = {each: _distribution(getattr(space, each)) for each in dimensions}
        self.storage = optuna.storages.InMemoryStorage()
        self.study = optuna.create_study(
            study_name=name, storage=self.storage, direction="minimize"
        )

    def ask(self, points: Sequence[Hyperparameters]) -> list[Hyperparameters]:
        """The settings of as many trials as there are points. Once."""
        for point in points:
            self.study.enqueue_trial({each: asdict(point)[each] for each in self.distributions})
        self.asked = [self.study.ask(self.distributions) for _ in points]
        return [
            replace(point, **trial.params) for point, trial in zip(points, self.asked, strict=True)
        ]

    def tell(self, errors: Sequence[float | None], notes: Sequence[Mapping[str, Any]]) -> None:
        """Validation errors in the order of the trials, None for a failed one, and a note each."""
        for trial, error, note in zip(self.asked, errors, notes, strict=True):
            for key, value in note.items():
                trial.set_user_attr(key, value)
            self.study.tell(trial, error, state=TrialState.FAIL if error is None else None)

    def importance(self) -> dict[str, float] | None:
        """How much each dimension mattered, in shares of one; None with fewer than 30 trials."""
        complete = self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if len(complete) < ENOUGH_TRIALS or len(self.distributions) < 2:
            return None
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        found = optuna.importance.get_param_importances(self.study, evaluator=evaluator)
        return {name: float(found[name]) for name in self.distributions}

    def export(self, database: Path) -> None:
        """For optuna-dashboard; what the database had under this name is replaced."""
        database.parent.mkdir(parents=True, exist_ok=True)
        address = f"sqlite:///{database.absolute()}"
        with FileLock(f"{database}.lock", timeout=60):
            if database.exists() and self.name in optuna.get_all_study_names(address):
                optuna.delete_study(study_name=self.name, storage=address)
            optuna.copy_study(
                from_study_name=self.name, from_storage=self.storage, to_storage=address
            )


def _distribution(values: Range | tuple[str, ...]) -> BaseDistribution:
    if isinstance(values, Range):
        return FloatDistribution(values.low, values.high, log=values.log)
    return CategoricalDistribution(values)
