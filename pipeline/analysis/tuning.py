"""How the hyperparameters of a variant were chosen."""

from collections.abc import Mapping
from dataclasses import asdict
from itertools import combinations
from typing import Any

from pipeline.execution.errors import UserError
from pipeline.outputs.best import Best
from pipeline.outputs.sweeps import Tuning


def validation_error(tuning: Tuning) -> dict[str, Any]:
    """Of the winner, trained again at full length. Fractions, in the order of those seeds."""
    winner = tuning.best.candidates[0]
    errors = list(winner.per_seed.values())
    return {"mean": winner.validation_error, "per_seed": errors, "n_seeds": len(errors)}


def tuning(found: Tuning) -> dict[str, Any]:
    """`inherited` are the hyperparameters that were not searched and kept their defaults."""
    best = found.best
    settings = asdict(best.hyperparameters)
    return {
        **_chosen(best),
        "inherited": {name: settings[name] for name in settings if name not in best.tuned},
        "trials": [
            {
                "trial": row.trial,
                "run_key": row.run_key,
                "hyperparameters": asdict(row.hyperparameters),
                "epochs": row.epochs,
                "validation_error": row.value,
                "best": row.best,
                "failure": row.reason,
            }
            for row in found.trials
        ],
    }


def still_improving(tuning: Tuning) -> bool:
    """Whether the winner had learned too little, as far as its audit can tell."""
    audit = tuning.best.audit
    return audit is not None and audit.still_improving is True


def require_fair(tunings: Mapping[str, Tuning]) -> None:
    """Every variant must have been tuned as every other.

    Raises:
        UserError: If two of them differ in budget, in seeds, or in the values that they tried of
            a dimension which both have.
    """
    for one, other in combinations(tunings, 2):
        shared = [name for name in tunings[one].best.tuned if name in tunings[other].best.tuned]
        ours, theirs = (_conditions(tunings[name], shared) for name in (one, other))
        for condition, value in ours.items():
            if theirs[condition] != value:
                raise UserError(
                    f"all variants must be tuned alike, but got {condition} {theirs[condition]} "
                    f"for {other!r} and {value} for {one!r}: run `make repro`."
                )


def _chosen(best: Best) -> dict[str, Any]:
    return {
        "tuned": best.tuned,
        "trial": best.trial,
        "runner_up": best.runner_up and asdict(best.runner_up),
        "candidates": [asdict(each) for each in best.candidates],
        "audit": best.audit and asdict(best.audit),
        "edges": [asdict(each) for each in best.edges],
        "importance": best.importance,
        "budget": asdict(best.budget),
    }


def _conditions(tuning: Tuning, dimensions: list[str]) -> dict[str, object]:
    best, trials = tuning.best, tuning.trials
    return {
        **{name: [getattr(row, name) for row in trials] for name in ("seed", "epochs")},
        **{name: [getattr(row.hyperparameters, name) for row in trials] for name in dimensions},
        "finalist seeds": list(best.candidates[0].per_seed),
        "audit seeds": best.audit.seeds if best.audit else [],
        "audit epochs": best.audit.epochs if best.audit else [],
    }
