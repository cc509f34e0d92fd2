"""What a sweep chose, from what, how surely, and what it took."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from pipeline.outputs.best import Audit, Best, Budget, Candidate, Edge, RunnerUp
from pipeline.search.space import IMPROVEMENT
from pipeline.search.sweep import Sweep, mean_error


def summary(
    variant: str,
    sweep: Sweep,
    *,
    dimensions: Sequence[str],
    importance: Mapping[str, float] | None,
) -> Best:
    """`dimensions` are the names of what was searched."""
    candidates = [_candidate(sweep, trial) for trial in _finalist_order(sweep)]
    winner, *others = candidates
    return Best(
        variant=variant,
        trial=winner.trial,
        hyperparameters=sweep.winner,
        tuned=list(dimensions),
        validation_error=winner.validation_error,
        runner_up=_runner_up(winner, others),
        candidates=candidates,
        audit=_audit(sweep),
        edges=_edges(sweep, dimensions),
        importance=None if importance is None else dict(importance),
        budget=Budget(
            trials=len(sweep.trials),
            failed=sum(each.failure is not None for each in sweep.trials),
            trainings=len(sweep.trainings()),
            epochs=sum(each.task.epochs for _, each in sweep.trainings()),
        ),
    )


def _finalist_order(sweep: Sweep) -> list[int]:
    """From the winner on; those that failed with some seed come last."""
    failed = {each.trial for each in sweep.finalists} - set(sweep.ranking)
    return [*sweep.ranking, *sorted(failed)]


def _candidate(sweep: Sweep, trial: int) -> Candidate:
    again = [each for each in sweep.finalists if each.trial == trial]
    return Candidate(
        trial=trial,
        hyperparameters=sweep.trials[trial].task.hyperparameters,
        trial_error=sweep.trials[trial].error,
        validation_error=mean_error([each.error for each in again]),
        per_seed={each.task.seed: each.error for each in again},
        failures={each.task.seed: each.failure for each in again if each.failure},
        run_keys={each.task.seed: each.task.key for each in again},
    )


def _runner_up(winner: Candidate, others: Sequence[Candidate]) -> RunnerUp | None:
    error = others[0].validation_error if others else None
    if error is None or winner.validation_error is None:
        return None
    distance = _difference(error, winner.validation_error)
    return RunnerUp(trial=others[0].trial, validation_error=error, distance=distance)


def _audit(sweep: Sweep) -> Audit | None:
    """Did twice the epochs help? Against the winner's error as a finalist."""
    if not sweep.audit:
        return None
    finals = [each for each in sweep.finalists if each.trial == sweep.ranking[0]]
    once, twice = (mean_error([each.error for each in group]) for group in (finals, sweep.audit))
    improvement = None if once is None or twice is None else _difference(once, twice)
    return Audit(
        seeds=list(sweep.search.audit_seeds),
        epochs=[group[0].task.epochs for group in (finals, sweep.audit)],
        validation_errors=[once, twice],
        improvement=improvement,
        still_improving=None if improvement is None else improvement > IMPROVEMENT,
    )


def _difference(error: float, other: float) -> float:
    """Both are means of counts over images: the last bits of a float would tip an exact tie."""
    return round(error - other, 12)


def _edges(sweep: Sweep, dimensions: Sequence[str]) -> list[Edge]:
    """Where the winner lies in the outer 5 % of a range."""
    settings = asdict(sweep.winner)
    ranges = {name: getattr(sweep.search.dimensions, name) for name in dimensions}
    return [
        Edge(dimension=name, value=settings[name], low=values.low, high=values.high)
        for name, values in ranges.items()
        if not isinstance(values, tuple) and values.at_edge(settings[name])
    ]
