"""A sweep: trials, the best of them again on fresh seeds, and an audit of the winner.

Deterministic whatever the number of workers: no phase looks at results before all of it is there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import mean
from typing import Literal

from pipeline.errors import UserError
from pipeline.search.record import Trials
from pipeline.search.space import Search
from pipeline.training.cells import Hyperparameters, Result, TrainingCell
from pipeline.training.groups import grouped

DEFAULT = 0  # the trial that has the default settings
Phase = Literal["trials", "finalists", "audit"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Training:
    """A cell of a sweep and what it came to."""

    trial: int
    cell: TrainingCell
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
        return self.trials[self.ranking[0]].cell.hyperparameters

    def trainings(self) -> list[tuple[Phase, Training]]:
        return [
            *(("trials", each) for each in self.trials),
            *(("finalists", each) for each in self.finalists),
            *(("audit", each) for each in self.audit),
        ]


def sweep(
    first: TrainingCell,
    points: Sequence[Hyperparameters],
    search: Search,
    book: Trials,
    train: Callable[[Phase, list[TrainingCell]], list[Result]],
    *,
    group: int = 1,
) -> Sweep:
    """Tune one variant. `first` validates at full length; `points` are what the trials try.

    Of each phase's cells, `group` after `group` are trained as one.

    Raises:
        UserError: If every trial failed, or every finalist.
    """

    def trained(phase: Phase, planned: list[tuple[int, TrainingCell]]) -> list[Training]:
        cells = grouped([cell for _, cell in planned], group)
        results = train(phase, cells) if cells else []
        return [
            Training(trial=trial, cell=cell, result=result)
            for (trial, _), cell, result in zip(planned, cells, results, strict=True)
        ]

    def cell(trial: int, seed: int, epochs: int) -> tuple[int, TrainingCell]:
        return trial, replace(first, hyperparameters=settings[trial], seed=seed, epochs=epochs)

    settings, full = book.ask(points), first.epochs
    trials = trained(
        "trials", [cell(n, search.trial_seed, search.epochs) for n in range(len(settings))]
    )
    book.tell([each.error for each in trials], [_note(each) for each in trials])
    chosen = _finalists(_best(trials), search.finalists)
    finalists = trained(
        "finalists", [cell(n, s, full) for n in chosen for s in search.finalist_seeds]
    )
    ranking = _best(finalists)
    audit = trained("audit", [cell(ranking[0], s, 2 * full) for s in search.audit_seeds])
    return Sweep(search=search, trials=trials, finalists=finalists, ranking=ranking, audit=audit)


def _finalists(ranking: Sequence[int], number: int) -> list[int]:
    """The best trials; the last place is the default's, unless it is there or has failed.

    A short trial with one seed must not throw it out: no winner is then worse than what nobody
    tuned, as far as the finalists' seeds can tell.
    """
    best = list(ranking[:number])
    if DEFAULT in ranking[number:] and number > 1:
        best[-1] = DEFAULT
    return best


def _note(training: Training) -> dict[str, str]:
    reason = {"reason": training.failure} if training.failure else {}
    return {"cell": training.cell.key, **reason}


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
    return sorted(known, key=lambda trial: (round(known[trial], 12), trial))  # but for last bits


def mean_error(errors: Sequence[float | None]) -> float | None:
    """None where one of them is: a setting that fails with some seed is no setting to choose."""
    known = [error for error in errors if error is not None]
    return mean(known) if len(known) == len(errors) else None
