"""How the settings of a variant were chosen, as the record tells it."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from pipeline.analysis.inputs import Sweep
from pipeline.execution.errors import UserError

KEPT = (
    *("tuned", "trial", "runner_up", "candidates", "audit"),
    *("edges", "importance", "budget"),
)


def validation_error(sweep: Sweep) -> dict[str, Any]:
    """Of the winner, trained again at full length. Fractions, in the order of those seeds."""
    winner = sweep.best["candidates"][0]
    errors = list(winner["per_seed"].values())
    return {"mean": winner["validation_error"], "per_seed": errors, "n_seeds": len(errors)}


def tuning(sweep: Sweep) -> dict[str, Any]:
    """`inherited` are the settings that were not searched and kept their defaults."""
    best = sweep.best
    settings: Mapping[str, Any] = best["hyperparameters"]
    return {
        **{key: best[key] for key in KEPT},
        "inherited": {name: settings[name] for name in settings if name not in best["tuned"]},
        "trials": [
            {
                "trial": row["trial"],
                "cell": row["cell"],
                "hyperparameters": {name: row[name] for name in settings},
                "epochs": row["epochs"],
                "validation_error": row["value"],
                "best": row["best"],
                "failure": row["reason"],
            }
            for row in sweep.trials
        ],
    }


def still_improving(sweep: Sweep) -> bool:
    """Whether the winner had learned too little, as far as its audit can tell."""
    audit = sweep.best["audit"]
    return audit is not None and audit["still_improving"] is True


def require_fair(sweeps: Mapping[str, Sweep]) -> None:
    """Every variant must have been tuned as every other.

    Raises:
        UserError: If two of them differ in budget, in seeds, or in the values that they tried of
            a dimension which both have.
    """
    for one, other in combinations(sweeps, 2):
        shared = [
            name for name in sweeps[one].best["tuned"] if name in sweeps[other].best["tuned"]
        ]
        ours, theirs = (_conditions(sweeps[name], shared) for name in (one, other))
        for condition, value in ours.items():
            if theirs[condition] != value:
                raise UserError(
                    f"all variants must be tuned alike, but got {condition} {theirs[condition]} "
                    f"for {other!r} and {value} for {one!r}: run `make repro`."
                )


def _conditions(sweep: Sweep, dimensions: list[str]) -> dict[str, object]:
    audit = sweep.best["audit"] or {"seeds": [], "epochs": []}
    return {
        **{name: [row[name] for row in sweep.trials] for name in ("seed", "epochs", *dimensions)},
        "finalist seeds": list(sweep.best["candidates"][0]["per_seed"]),
        **{f"audit {name}": audit[name] for name in ("seeds", "epochs")},
    }
