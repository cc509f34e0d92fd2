import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from pipeline.execution.task import Result
from pipeline.outputs.validation import VALIDATION, read_validation, write_validation
from pipeline.training.plan import Plan

MakePlan = Callable[..., Plan]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def ended_with(*errors: float, failure: str | None = None) -> Result:
    rows = [{"epoch": n, "validation_error": error} for n, error in enumerate(errors, start=1)]
    return Result(arrays={}, record={"history": rows, "failure": failure})


def write(plan: Plan, *results: Result, variant: str = "lenet5") -> float:
    return write_validation(variant, plan.tasks, list(results))


def test_nothing_is_known_at_first() -> None:
    assert read_validation() == []


def test_entry_holds_the_settings_and_the_mean_of_the_last_epochs(make_plan: MakePlan) -> None:
    plan = make_plan(seeds=(100, 101), epochs=2)
    # The mean of 0.5 and 0.25; what the first epochs came to does not count.
    assert write(plan, ended_with(0.9, 0.5), ended_with(0.1, 0.25)) == 0.375
    assert json.loads(VALIDATION.read_bytes()) == [
        {
            "variant": "lenet5",
            "network": plan.tasks[0].network.to_dict(),
            "hyperparameters": {"learning_rate": 0.004, "init": "fan_in", "j": 1.0},
            "epochs": 2,
            "batch_size": 64,
            "validation_error": {"mean": 0.375, "per_seed": {"100": 0.5, "101": 0.25}},
        }
    ]


def test_training_that_failed_counts_as_wrong_throughout(make_plan: MakePlan) -> None:
    plan = make_plan(seeds=(100, 101))
    failed = ended_with(0.02, failure="the loss was nan in epoch 1")
    assert write(plan, failed, ended_with(0.5)) == 0.75


def test_same_settings_renew_their_entry_and_go_last(make_plan: MakePlan) -> None:
    first, second = make_plan(), make_plan(learning_rate=0.01)
    write(first, ended_with(0.1))
    write(second, ended_with(0.2))
    write(first, ended_with(0.3))
    found = [
        (entry.hyperparameters.learning_rate, entry.validation_error.mean)
        for entry in read_validation()
    ]
    assert found == [(0.01, 0.2), (0.004, 0.3)]


def test_settings_that_differ_in_anything_are_entries_of_their_own(make_plan: MakePlan) -> None:
    write(make_plan(), ended_with(0.1))
    write(make_plan(), ended_with(0.1), variant="relu")
    write(make_plan(epochs=2), ended_with(0.1))
    write(make_plan(batch_size=32), ended_with(0.1))
    write(make_plan(output="linear"), ended_with(0.1))  # no j
    # Another study, or params.yaml later, may mean other words by the same name.
    write(make_plan(subsampling="stride"), ended_with(0.1))
    assert len(read_validation()) == 6


def test_settings_that_end_together_all_keep_their_entries(make_plan: MakePlan) -> None:
    plans = [make_plan(batch_size=size) for size in range(1, 9)]
    together = Barrier(len(plans))

    def end(plan: Plan) -> None:
        together.wait()
        write(plan, ended_with(0.1))

    with ThreadPoolExecutor(len(plans)) as pool:
        list(pool.map(end, plans))
    assert sorted(entry.batch_size for entry in read_validation()) == list(range(1, 9))


def test_file_is_plain_json_and_repeats(make_plan: MakePlan) -> None:
    write(make_plan(), ended_with(0.1))
    before = VALIDATION.read_bytes()
    write(make_plan(), ended_with(0.1))
    assert VALIDATION.read_bytes() == before
