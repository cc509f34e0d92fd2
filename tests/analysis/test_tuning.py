"""Every variant must have been tuned as every other."""

from typing import Any

import pytest

from pipeline.analysis.inputs import Sweep
from pipeline.analysis.tuning import require_fair, still_improving
from pipeline.execution.errors import UserError


def tried(*tuned: str, audit: Any = None, seeds: Any = (101, 102), **changes: Any) -> Sweep:
    """Two trials; `changes` are of the second one's row."""
    row: dict[str, Any] = {"seed": 100, "epochs": 4, "learning_rate": 0.01, "j": 3.0}
    candidates = [{"per_seed": {str(seed): 0.1 for seed in seeds}}]
    return Sweep(
        best={"tuned": list(tuned), "candidates": candidates, "audit": audit},
        trials=[row, row | changes],
    )


def test_variants_tuned_alike_are_accepted() -> None:
    require_fair({"lenet5": tried("learning_rate", "j"), "relu": tried("learning_rate", "j")})


def test_a_dimension_that_is_not_shared_may_differ() -> None:
    require_fair({"lenet5": tried("learning_rate", "j"), "mlp": tried("learning_rate", j=None)})


AUDIT = {"seeds": [104], "epochs": [8, 16]}


@pytest.mark.parametrize(
    ("other", "condition"),
    [
        (tried("learning_rate", "j", learning_rate=0.02), r"learning_rate \[0\.01, 0\.02\]"),
        (tried("learning_rate", "j", j=9.0), r"j \[3\.0, 9\.0\]"),
        (tried("learning_rate", "j", epochs=40), r"epochs \[4, 40\]"),
        (tried("learning_rate", "j", seed=101), r"seed \[100, 101\]"),
        (tried("learning_rate", "j", seeds=[7]), r"finalist seeds \['7'\]"),
        (tried("learning_rate", "j", audit=AUDIT), r"audit seeds \[104\]"),
        (tried("learning_rate", "j", audit=AUDIT | {"seeds": []}), r"audit epochs \[8, 16\]"),
    ],
)
def test_what_is_not_alike_is_named(other: Sweep, condition: str) -> None:
    # It is compared with every variant, not with the first alone.
    sweeps = {"mlp": tried(), "lenet5": tried("learning_rate", "j"), "other": other}
    with pytest.raises(UserError, match=f"tuned alike, but got {condition} for 'other'"):
        require_fair(sweeps)


def test_a_sweep_of_more_trials_is_refused() -> None:
    more = tried("learning_rate")
    with pytest.raises(UserError, match="tuned alike, but got seed"):
        require_fair({"a": tried(), "b": Sweep(best=more.best, trials=[*more.trials] * 2)})


def test_without_an_audit_nothing_is_known_to_improve() -> None:
    assert not still_improving(tried())
    assert still_improving(tried(audit={"still_improving": True}))
    assert not still_improving(tried(audit={"still_improving": False}))
    assert not still_improving(tried(audit={"still_improving": None}))
