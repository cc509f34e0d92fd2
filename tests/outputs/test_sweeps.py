"""Files of a sweep that are missing, damaged or of another sweep."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.execution.errors import UserError
from pipeline.outputs.best import read_best
from pipeline.outputs.sweeps import read_finalists, read_tuning

SETTINGS = {"learning_rate": 0.1, "init": "fan_in", "j": None}
WINNER: dict[str, Any] = {
    "trial": 1,
    "hyperparameters": SETTINGS,
    "trial_error": 0.3,
    "validation_error": 0.3,
    "per_seed": {"101": 0.3},
    "failures": {},
    "run_keys": {"101": "c"},
}
BEST: dict[str, Any] = {
    "variant": "v",
    "trial": 1,
    "hyperparameters": SETTINGS,
    "tuned": ["learning_rate"],
    "validation_error": 0.3,
    "runner_up": None,
    "candidates": [WINNER],
    "audit": None,
    "edges": [],
    "importance": None,
    "budget": {"trials": 2, "failed": 1, "trainings": 3, "epochs": 12},
}
TRIALS = """\
trial,run_key,learning_rate,init,j,seed,epochs,value,best,state,reason
0,a,0.3,paper,,100,4,,,failed,the loss was nan
1,b,0.1,fan_in,,100,4,0.30000000000000004,0.30000000000000004,complete,
"""


def sweep(folder: Path, best: object = BEST, trials: str = TRIALS) -> Path:
    (folder / "best.json").write_text(json.dumps(best))
    (folder / "trials.csv").write_text(trials)
    return folder


def test_a_sweep_comes_with_its_winner_and_its_trials_to_the_last_bit(tmp_path: Path) -> None:
    found = read_tuning(sweep(tmp_path))
    assert found.best.candidates[0].per_seed == {101: 0.3}
    failed, complete = found.trials
    assert (failed.value, failed.best, failed.hyperparameters.j) == (None, None, None)
    assert failed.reason == "the loss was nan"
    assert (complete.value, complete.hyperparameters.init) == (0.1 + 0.2, "fan_in")
    assert complete.reason is None


@pytest.mark.parametrize(
    ("best", "trials", "cause"),
    [
        ([], TRIALS, r"best\.json`: it must be a JSON object"),
        ({key: BEST[key] for key in BEST if key != "audit"}, TRIALS, r"`audit` .* got none"),
        (BEST | {"candidates": []}, TRIALS, "first candidate must be the winner"),
        (BEST | {"trial": 0}, TRIALS, "first candidate must be the winner"),
        (
            BEST | {"budget": BEST["budget"] | {"trials": 3}},
            TRIALS,
            r"trials\.csv`: it must have 3 trials",
        ),
        (BEST, "", r"trials\.csv`: it must have rows"),
        (BEST, TRIALS.replace("reason", "why"), r"trials\.csv`: `0\.reason` .* got none"),
        (BEST, TRIALS.replace("init", "start"), r"`0\.hyperparameters\.init` .* got none"),
        (BEST, TRIALS.replace("0.30000000000000004", "1.5"), "`value` must be a share"),
        (BEST, TRIALS.replace("0.30000000000000004", "much"), r"`1\.value` .* got 'much'"),
    ],
)
def test_a_sweep_with_a_mistake_is_refused(
    tmp_path: Path, best: object, trials: str, cause: str
) -> None:
    with pytest.raises(UserError, match=cause):
        read_tuning(sweep(tmp_path, best, trials))


def test_a_sweep_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"best\.json.*python -m pipeline sweep relu"):
        read_best(tmp_path / "sweeps/relu")


HISTORY = """\
phase,trial,run_key,seed,epoch,train_loss,train_error,validation_error,learning_rate
trials,0,a,100,1,0.5,0.1,0.05,0.002
finalists,0,b,101,1,0.5,0.1,0.04,0.002
finalists,3,c,101,1,0.5,0.1,0.03,0.002
audit,0,d,104,1,0.5,0.1,0.02,0.002
"""


def test_full_trainings_of_a_trial_are_read_alone(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text(HISTORY)
    assert [row.validation_error for row in read_finalists(tmp_path, trial=0)] == [0.04]
    with pytest.raises(UserError, match=r"history\.csv`: trial 1 must be a finalist"):
        read_finalists(tmp_path, trial=1)
