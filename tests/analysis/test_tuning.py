"""Every variant must have been tuned as every other."""

from dataclasses import replace
from typing import Any

import pytest

from pipeline.analysis.tuning import require_fair, still_improving
from pipeline.execution.errors import UserError
from pipeline.outputs.best import Audit, Best, Budget, Candidate
from pipeline.outputs.sweeps import Trial, Tuning
from pipeline.training.hyperparameters import Hyperparameters

SETTINGS = Hyperparameters(learning_rate=0.01, init="fan_in", j=3.0)
AUDIT = Audit(
    seeds=[104], epochs=[8, 16], validation_errors=[], improvement=None, still_improving=None
)


def tried(
    *tuned: str,
    audit: Audit | None = None,
    seeds: tuple[int, ...] = (101, 102),
    settings: Hyperparameters = SETTINGS,
    **changes: Any,
) -> Tuning:
    """Two trials; `settings` and `changes` are of the second one."""
    first = Trial(
        trial=0,
        run_key="k",
        hyperparameters=SETTINGS,
        seed=100,
        epochs=4,
        value=0.1,
        best=0.1,
        state="complete",
        reason=None,
    )
    winner = Candidate(
        trial=0,
        hyperparameters=SETTINGS,
        trial_error=0.1,
        validation_error=0.1,
        per_seed=dict.fromkeys(seeds, 0.1),
        failures={},
        run_keys={},
    )
    best = Best(
        variant="v",
        trial=0,
        hyperparameters=SETTINGS,
        tuned=list(tuned),
        validation_error=0.1,
        runner_up=None,
        candidates=[winner],
        audit=audit,
        edges=[],
        importance=None,
        budget=Budget(trials=2, failed=0, trainings=4, epochs=16),
    )
    return Tuning(best=best, trials=[first, replace(first, hyperparameters=settings, **changes)])


def test_variants_tuned_alike_are_accepted() -> None:
    require_fair({"lenet5": tried("learning_rate", "j"), "relu": tried("learning_rate", "j")})


def test_a_dimension_that_is_not_shared_may_differ() -> None:
    require_fair(
        {
            "lenet5": tried("learning_rate", "j"),
            "mlp": tried("learning_rate", settings=replace(SETTINGS, j=None)),
        }
    )


@pytest.mark.parametrize(
    ("other", "condition"),
    [
        (
            tried("learning_rate", "j", settings=replace(SETTINGS, learning_rate=0.02)),
            r"learning_rate \[0\.01, 0\.02\]",
        ),
        (tried("learning_rate", "j", settings=replace(SETTINGS, j=9.0)), r"j \[3\.0, 9\.0\]"),
        (tried("learning_rate", "j", epochs=40), r"epochs \[4, 40\]"),
        (tried("learning_rate", "j", seed=101), r"seed \[100, 101\]"),
        (tried("learning_rate", "j", seeds=(7,)), r"finalist seeds \[7\]"),
        (tried("learning_rate", "j", audit=AUDIT), r"audit seeds \[104\]"),
        (tried("learning_rate", "j", audit=replace(AUDIT, seeds=[])), r"audit epochs \[8, 16\]"),
    ],
)
def test_what_is_not_alike_is_named(other: Tuning, condition: str) -> None:
    # It is compared with every variant, not with the first alone.
    sweeps = {"mlp": tried(), "lenet5": tried("learning_rate", "j"), "other": other}
    with pytest.raises(UserError, match=f"tuned alike, but got {condition} for 'other'"):
        require_fair(sweeps)


def test_a_sweep_of_more_trials_is_refused() -> None:
    more = tried("learning_rate")
    with pytest.raises(UserError, match="tuned alike, but got seed"):
        require_fair({"a": tried(), "b": Tuning(best=more.best, trials=[*more.trials] * 2)})


def test_without_an_audit_nothing_is_known_to_improve() -> None:
    assert not still_improving(tried())
    assert still_improving(tried(audit=replace(AUDIT, still_improving=True)))
    assert not still_improving(tried(audit=replace(AUDIT, still_improving=False)))
    assert not still_improving(tried(audit=replace(AUDIT, still_improving=None)))
