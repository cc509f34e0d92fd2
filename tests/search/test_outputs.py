"""The files of a sweep."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.networks.spec import NetworkSpec
from pipeline.outputs.best import read_best
from pipeline.outputs.sweeps import (
    Tuning,
    read_sweep_history,
    read_sweep_trainings,
    read_tuning,
    write_sweep,
)
from pipeline.search.outputs import history, trainings, trials
from pipeline.search.space import Dimensions, LogRange, Range
from pipeline.search.summary import summary
from pipeline.search.sweep import Sweep
from pipeline.training.task import TrainingTask
from tests.search.conftest import Bench, MakeBench, Outcome

NAN = "the loss was nan in epoch 1"
FILES = ("best.json", "history.csv", "trainings.json", "trials.csv")


def finals(errors: Mapping[int, tuple[float | str, ...]], bench: Bench) -> Outcome:
    """Trial n comes to n/100 on the trial seed, and at full length to an error for each seed."""

    def outcome(task: TrainingTask) -> float | str:
        trial, seeds = bench.trial(task), bench.search.finalist_seeds
        return errors[trial][seeds.index(task.seed)] if task.seed in seeds else trial / 100

    return outcome


def tuning(bench: Bench, found: Sweep, importance: Mapping[str, float] | None) -> Tuning:
    best = summary("v", found, dimensions=bench.dimensions, importance=importance)
    return Tuning(best=best, trials=trials(found))


def written(
    folder: Path, bench: Bench, found: Sweep, importance: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """best.json as it was written."""
    write_sweep(folder, tuning(bench, found, importance), history(found), trainings(found))
    return json.loads((folder / "best.json").read_text(encoding="utf8"))


def table(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture
def three(bench: MakeBench) -> tuple[Bench, Sweep]:
    """Six trials, the second of which failed; of the finalists 0, 2 and 3 the last one wins."""
    tried = bench()
    errors = {0: (0.03, 0.05), 2: (0.02, 0.04), 3: (0.01, 0.03)}
    outcome = finals(errors, tried)
    return tried, tried.sweep(lambda task: NAN if tried.trial(task) == 1 else outcome(task))


def test_folder_has_four_files(three: tuple[Bench, Sweep], tmp_path: Path) -> None:
    written(tmp_path, *three)
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(FILES)


def test_every_trial_is_a_row(three: tuple[Bench, Sweep], tmp_path: Path) -> None:
    bench, found = three
    written(tmp_path, bench, found)
    rows = table(tmp_path / "trials.csv")
    assert list(rows[0]) == [
        *("trial", "run_key", "learning_rate", "init", "j", "seed", "epochs"),
        *("value", "best", "state", "reason"),
    ]
    assert [row["trial"] for row in rows] == list("012345")
    for row, each in zip(rows, found.trials, strict=True):
        settings = each.task.hyperparameters
        assert row["run_key"] == each.task.key
        assert (float(row["learning_rate"]), row["init"]) == (
            settings.learning_rate,
            settings.init,
        )
        assert float(row["j"]) == settings.j
        assert (row["seed"], row["epochs"]) == ("100", "2")


def test_every_training_is_told_with_its_failure(bench: MakeBench, tmp_path: Path) -> None:
    """That of an audit, which no other file has."""
    tried = bench()
    found = tried.sweep(lambda task: NAN if task.seed == 105 else 0.1)
    written(tmp_path, tried, found)
    reported = json.loads((tmp_path / "trainings.json").read_text(encoding="utf8"))
    assert [(each["phase"], each["trial"], each["run_key"]) for each in reported["trainings"]] == [
        (phase, each.trial, each.task.key) for phase, each in found.trainings()
    ]
    first = tried.first
    *_, well, ill = reported["trainings"]
    assert (well["seed"], well["epochs"], well["failure"]) == (104, 2 * first.epochs, None)
    assert (ill["seed"], ill["phase"], ill["failure"]) == (105, "audit", NAN)
    assert reported["code"] == first.code
    assert NetworkSpec.from_dict(reported["network"]) == first.network


def test_failed_trial_has_its_reason_and_no_value(
    three: tuple[Bench, Sweep], tmp_path: Path
) -> None:
    written(tmp_path, *three)
    rows = table(tmp_path / "trials.csv")
    assert [row["value"] for row in rows] == ["0.0", "", "0.02", "0.03", "0.04", "0.05"]
    complete = ("complete", "")
    assert [(row["state"], row["reason"]) for row in rows] == [
        complete,
        ("failed", NAN),
        *[complete] * 4,
    ]


def test_best_is_the_lowest_value_so_far(bench: MakeBench, tmp_path: Path) -> None:
    tried, values = bench(), [NAN, 0.4, 0.5, 0.3, NAN, 0.35]
    found = tried.sweep(lambda task: values[tried.trial(task)] if task.seed == 100 else 0.5)
    written(tmp_path, tried, found)
    best = [row["best"] for row in table(tmp_path / "trials.csv")]
    assert best == ["", "0.4", "0.4", "0.3", "0.3", "0.3"]


def test_setting_that_means_nothing_is_left_empty(
    bench: MakeBench, linear: NetworkSpec, tmp_path: Path
) -> None:
    tried = bench(network=linear)
    best = written(tmp_path, tried, tried.sweep(lambda _: 0.5))
    assert {row["j"] for row in table(tmp_path / "trials.csv")} == {""}
    assert best["hyperparameters"]["j"] is None
    assert best["tuned"] == ["learning_rate", "init"]


def test_every_epoch_of_every_training_is_a_row(
    three: tuple[Bench, Sweep], tmp_path: Path
) -> None:
    bench, found = three
    written(tmp_path, bench, found)
    rows = table(tmp_path / "history.csv")
    assert list(rows[0]) == [
        *("phase", "trial", "run_key", "seed", "epoch"),
        *("train_loss", "train_error", "validation_error", "learning_rate"),
    ]
    expected = [
        (phase, str(each.trial), each.task.key, str(each.task.seed), str(epoch))
        for phase, each in found.trainings()
        for epoch in range(1, each.task.epochs + 1)
    ]
    assert [tuple(row.values())[:5] for row in rows] == expected
    last = [row for row in rows if row["phase"] == "finalists" and row["epoch"] == "4"]
    assert [row["validation_error"] for row in last] == [
        *("0.03", "0.05", "0.02", "0.04", "0.01", "0.03")
    ]
    assert [float(row["train_loss"]) for row in rows[:2]] == [1.0, 0.5]
    rate = found.trials[0].task.hyperparameters.learning_rate
    assert [float(row["learning_rate"]) for row in rows[:2]] == [rate, rate / 2]


def test_files_are_the_same_bytes_whenever_they_are_written(
    bench: MakeBench, tmp_path: Path
) -> None:
    for folder in ("one", "other"):
        tried = bench()
        found = tried.sweep(lambda task: int(task.key[:6], 16) / 16**6)
        written(tmp_path / folder, tried, found, {"learning_rate": 0.75, "init": 0.25})
    for name in FILES:
        content = (tmp_path / "one" / name).read_bytes()
        assert content == (tmp_path / "other" / name).read_bytes()
        assert content.endswith(b"\n")
        assert b"\r" not in content


def test_best_has_the_winner_and_what_it_came_to(
    three: tuple[Bench, Sweep], tmp_path: Path
) -> None:
    bench, found = three
    best = written(tmp_path, bench, found)
    settings = found.trials[3].task.hyperparameters
    assert (best["variant"], best["trial"]) == ("v", 3)
    assert best["hyperparameters"] == {
        "learning_rate": settings.learning_rate,
        "init": settings.init,
        "j": settings.j,
    }
    assert best["tuned"] == ["learning_rate", "init", "j"]
    assert best["validation_error"] == pytest.approx(0.02)
    assert best["runner_up"] == {"trial": 2, "validation_error": 0.03, "distance": 0.01}


def test_candidates_are_the_finalists_from_the_winner_on(
    three: tuple[Bench, Sweep], tmp_path: Path
) -> None:
    bench, found = three
    candidates = written(tmp_path, bench, found)["candidates"]
    assert [each["trial"] for each in candidates] == [3, 2, 0]
    assert [each["trial_error"] for each in candidates] == [0.03, 0.02, 0.0]
    assert candidates[0]["per_seed"] == {"101": 0.01, "102": 0.03}
    assert candidates[0]["failures"] == {}
    keys = {str(t.task.seed): t.task.key for t in found.finalists if t.trial == 3}
    assert candidates[0]["run_keys"] == keys


def test_finalist_that_failed_with_a_seed_comes_last_and_is_no_runner_up(
    bench: MakeBench, tmp_path: Path
) -> None:
    tried = bench()
    errors = {0: (0.01, NAN), 1: (0.05, 0.05), 2: (0.02, NAN)}
    best = written(tmp_path, tried, tried.sweep(finals(errors, tried)))
    assert best["trial"] == 1
    assert best["runner_up"] is None
    assert [each["trial"] for each in best["candidates"]] == [1, 0, 2]
    failed = best["candidates"][1]
    assert failed["validation_error"] is None
    assert failed["per_seed"] == {"101": 0.01, "102": None}
    assert failed["failures"] == {"102": NAN}


def test_only_finalist_has_no_runner_up(bench: MakeBench, tmp_path: Path) -> None:
    tried = bench(finalists=1)
    best = written(tmp_path, tried, tried.sweep(lambda _: 0.5))
    assert best["runner_up"] is None
    assert len(best["candidates"]) == 1


def audited(bench: Bench, once: float, twice: float | str) -> Sweep:
    def outcome(task: TrainingTask) -> float | str:
        if task.seed in bench.search.audit_seeds:
            return twice
        return once + (0.001 if task.seed == 101 else -0.001 if task.seed == 102 else 0.0)

    return bench.sweep(outcome)


@pytest.mark.parametrize(
    ("once", "twice", "improvement", "still_improving"),
    [
        (0.0121, 0.0110, 0.0011, True),
        (0.0120, 0.0110, 0.001, False),
        (0.0200, 0.0190, 0.001, False),
        (0.0111, 0.0110, 0.0001, False),
        (0.0110, 0.0110, 0.0, False),
        (0.0110, 0.0150, -0.004, False),
    ],
)
def test_winner_is_still_improving_when_twice_the_epochs_gain_more_than_a_thousandth(
    bench: MakeBench,
    tmp_path: Path,
    once: float,
    twice: float,
    improvement: float,
    still_improving: bool,
) -> None:
    tried = bench()
    found = audited(tried, once, twice)
    audit = written(tmp_path, tried, found)["audit"]
    assert audit["seeds"] == [104, 105]
    assert audit["epochs"] == [4, 8]
    assert audit["validation_errors"] == pytest.approx([once, twice])
    assert audit["improvement"] == improvement
    assert audit["still_improving"] is still_improving


def test_audit_with_a_failure_has_no_improvement(bench: MakeBench, tmp_path: Path) -> None:
    tried = bench()
    audit = written(tmp_path, tried, audited(tried, 0.01, NAN))["audit"]
    assert audit["improvement"] is None
    assert audit["still_improving"] is None
    assert audit["validation_errors"] == [pytest.approx(0.01), None]


def test_without_audit_seeds_there_is_no_audit(bench: MakeBench, tmp_path: Path) -> None:
    tried = bench(audit_seeds=())
    assert written(tmp_path, tried, tried.sweep(lambda _: 0.5))["audit"] is None


def test_edges_are_where_the_winner_lies_at_the_end_of_a_range(
    bench: MakeBench, tmp_path: Path
) -> None:
    # The default wins: a rate of 0.004, and 10 for j.
    inside = LogRange(low=0.0003, high=0.03)
    at_top = LogRange(low=0.00004, high=0.00401)
    j = LogRange(low=9.9, high=100.0)

    def edges(rate: Range) -> list[dict[str, Any]]:
        dimensions = Dimensions(learning_rate=rate, init=("fan_in",), j=j)
        tried = bench(dimensions=dimensions)
        return written(tmp_path, tried, tried.sweep(lambda _: 0.5))["edges"]

    of_j = {"dimension": "j", "value": 10.0, "low": 9.9, "high": 100.0}
    assert edges(inside) == [of_j]
    rate = {"dimension": "learning_rate", "value": 0.004, "low": 0.00004, "high": 0.00401}
    assert edges(at_top) == [rate, of_j]


def test_budget_counts_every_training_and_epoch(
    three: tuple[Bench, Sweep], tmp_path: Path
) -> None:
    budget = written(tmp_path, *three)["budget"]
    epochs = 6 * 2 + 3 * 2 * 4 + 2 * 8
    assert budget == {"trials": 6, "failed": 1, "trainings": 6 + 6 + 2, "epochs": epochs}


def test_importance_is_handed_on(three: tuple[Bench, Sweep], tmp_path: Path) -> None:
    shares = {"learning_rate": 0.75, "init": 0.05, "j": 0.2}
    assert written(tmp_path, *three, shares)["importance"] == shares
    assert written(tmp_path, *three)["importance"] is None


def test_files_are_read_as_they_were_written(bench: MakeBench, tmp_path: Path) -> None:
    """With a failure in every phase, and a setting that means nothing."""
    tried = bench()
    found = tried.sweep(
        lambda task: NAN if task.seed == 105 or tried.trial(task) == 1 else 0.1 + 0.2
    )
    chosen = tuning(tried, found, {"init": 1 / 3})
    write_sweep(tmp_path, chosen, history(found), trainings(found))
    assert read_tuning(tmp_path) == chosen
    assert read_best(tmp_path).hyperparameters == found.winner
    assert read_sweep_history(tmp_path) == history(found)
    assert read_sweep_trainings(tmp_path) == trainings(found)
