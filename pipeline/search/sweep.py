"""A sweep: trials, the best of them again on fresh seeds, and an audit of the winner.

Deterministic whatever the number of workers: a phase begins when the one before it is complete.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import mean

from pipeline.execution.errors import UserError
from pipeline.execution.task import Result, stacked
from pipeline.outputs.sweeps import Phase
from pipeline.search.record import Trials
from pipeline.search.space import Search
from pipeline.training.hyperparameters import Hyperparameters
from pipeline.training.task import TrainingTask

DEFAULT = 0  # the trial that has the default settings


@dataclass(frozen=True, kw_only=True, eq=False)
class Training:
    """A task of a sweep and its result."""

    trial: int
    task: TrainingTask
    result: Result

    @property
    def failure(self) -> str | None:
        return self.result.record["failure"]

    @property
    def error(self) -> float | None:
        """On the validation images after the last epoch, a fraction; None where it failed."""
        return None if self.failure else self.result.record["history"][-1]["validation_error"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Sweep:
    """All that was trained, phase by phase. `ranking`: the finalists' trials, the winner first."""

    search: Search
    trials: list[Training]
    finalists: list[Training]
    ranking: list[int]
    audit: list[Training]

    @property
    def winner(self) -> Hyperparameters:
        return self.trials[self.ranking[0]].task.hyperparameters

    def trainings(self) -> list[tuple[Phase, Training]]:
        return [
            *(("trials", each) for each in self.trials),
            *(("finalists", each) for each in self.finalists),
            *(("audit", each) for each in self.audit),
        ]


@dataclass(frozen=True, kw_only=True, eq=False)
class Tuner:
    """Tunes one variant in three phases, each trained as one batch.

    Attributes:
        first: A task that validates at full length; all others differ from it in hyperparameters,
            seed and epochs alone.
        points: What the trials try.
        book: The Optuna study that gives the trials' hyperparameters and gets their errors.
        train: Gives the results of a phase's tasks, in their order.
        stack_size: So many tasks of a phase, one after another, are trained as one.
    """

    first: TrainingTask
    points: Sequence[Hyperparameters]
    search: Search
    book: Trials
    train: Callable[[Phase, list[TrainingTask]], list[Result]]
    stack_size: int = 1

    def run(self) -> Sweep:
        """All three phases.

        Raises:
            UserError: If every trial failed, or every finalist.
        """
        trials = self._trials()
        settings = [each.task.hyperparameters for each in trials]
        finalists = self._finalists(_distinct(_best(trials), settings), settings)
        ranking = _best(finalists)
        audit = self._audit(ranking[0], settings[ranking[0]])
        return Sweep(
            search=self.search, trials=trials, finalists=finalists, ranking=ranking, audit=audit
        )

    def _trials(self) -> list[Training]:
        """Each point once, with one seed, for a few epochs."""
        seed, epochs = self.search.trial_seed, self.search.epochs
        settings = self.book.ask(self.points)
        planned = [(n, self._task(each, seed, epochs)) for n, each in enumerate(settings)]
        trials = self._trained("trials", planned)
        self.book.tell([each.error for each in trials], [_note(each) for each in trials])
        return trials

    def _finalists(
        self, ranking: Sequence[int], settings: Sequence[Hyperparameters]
    ) -> list[Training]:
        """The best trials again, at full length, with each of the finalists' seeds."""
        planned = [
            (trial, self._task(settings[trial], seed, self.first.epochs))
            for trial in _chosen(ranking, self.search.finalists)
            for seed in self.search.finalist_seeds
        ]
        return self._trained("finalists", planned)

    def _audit(self, winner: int, settings: Hyperparameters) -> list[Training]:
        """The winner at double length, with each of the audit's seeds."""
        epochs = 2 * self.first.epochs
        planned = [
            (winner, self._task(settings, seed, epochs)) for seed in self.search.audit_seeds
        ]
        return self._trained("audit", planned)

    def _task(self, settings: Hyperparameters, seed: int, epochs: int) -> TrainingTask:
        return replace(self.first, hyperparameters=settings, seed=seed, epochs=epochs)

    def _trained(self, phase: Phase, planned: list[tuple[int, TrainingTask]]) -> list[Training]:
        tasks = stacked([task for _, task in planned], self.stack_size)
        results = self.train(phase, tasks) if tasks else []
        return [
            Training(trial=trial, task=task, result=result)
            for (trial, _), task, result in zip(planned, tasks, results, strict=True)
        ]


def _distinct(ranking: Sequence[int], settings: Sequence[Hyperparameters]) -> list[int]:
    """Every setting once, as the earliest of its ranked trials, at the rank of the best of them.

    Small spaces give several trials one setting. Trained again, it would displace another setting
    and be its own runner-up.
    """
    earliest = {settings[trial]: trial for trial in sorted(ranking, reverse=True)}
    return list(dict.fromkeys(earliest[settings[trial]] for trial in ranking))


def _chosen(ranking: Sequence[int], number: int) -> list[int]:
    """The best trials; the default replaces the last, unless it is among them or has failed.

    A short trial with one seed must not exclude it: on the seeds of the finalists, no winner is
    then worse than the default.
    """
    best = list(ranking[:number])
    if DEFAULT in ranking[number:] and number > 1:
        best[-1] = DEFAULT
    return best


def _note(training: Training) -> dict[str, str]:
    reason = {"reason": training.failure} if training.failure else {}
    return {"run_key": training.task.key, **reason}


def _best(trainings: Sequence[Training]) -> list[int]:
    """Trials by their mean error, the earlier first where two are equal; failed ones are out."""
    errors: dict[int, list[float | None]] = {}
    for each in trainings:
        errors.setdefault(each.trial, []).append(each.error)
    means = {trial: mean_error(found) for trial, found in errors.items()}
    known = {trial: error for trial, error in means.items() if error is not None}
    if not known:
        reasons = sorted({str(each.failure) for each in trainings})
        raise UserError(
            f"one setting must be left to choose, but all {len(errors)} failed: "
            f"{'; '.join(reasons)}."
        )
    return sorted(
        known, key=lambda trial: (round(known[trial], 12), trial)
    )  # equal up to the last bits


def mean_error(errors: Sequence[float | None]) -> float | None:
    """None where one of them is: a setting that fails with some seed is no setting to choose."""
    known = [error for error in errors if error is not None]
    return mean(known) if len(known) == len(errors) else None
