"""A sweep as its outputs describe it: trials, curves and trainings."""

from dataclasses import asdict

from pipeline.outputs.runs import common, curve, training
from pipeline.outputs.sweeps import SweepEpoch, SweepTraining, SweepTrainings, Trial
from pipeline.search.sweep import Sweep


def trials(sweep: Sweep) -> list[Trial]:
    """In their order."""
    rows, best = [], None
    for each in sweep.trials:
        known = [error for error in (best, each.error) if error is not None]
        best = min(known, default=None)
        rows.append(
            Trial(
                trial=each.trial,
                run_key=each.task.key,
                hyperparameters=each.task.hyperparameters,
                seed=each.task.seed,
                epochs=each.task.epochs,
                value=each.error,
                best=best,
                state="failed" if each.failure else "complete",
                reason=each.failure,
            )
        )
    return rows


def history(sweep: Sweep) -> list[SweepEpoch]:
    """The learning curve of every training, phase by phase."""
    return [
        SweepEpoch(
            phase=phase,
            trial=each.trial,
            run_key=each.task.key,
            seed=each.task.seed,
            **asdict(epoch),
        )
        for phase, each in sweep.trainings()
        for epoch in curve(each.result)
    ]


def trainings(sweep: Sweep) -> SweepTrainings:
    """Every training, phase by phase."""
    entries = [
        SweepTraining(phase=phase, trial=each.trial, **training(each.task, each.result))
        for phase, each in sweep.trainings()
    ]
    return SweepTrainings(**common(sweep.trials[0].task), trainings=entries)
