"""Which tasks a sweep trains, and what it chooses by them."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from pipeline.execution.errors import UserError
from pipeline.execution.task import Result
from pipeline.networks.spec import NetworkSpec
from pipeline.search.record import Trials
from pipeline.search.space import Dimensions
from pipeline.search.sweep import Sweep, Training, Tuner
from pipeline.training.hyperparameters import Hyperparameters
from pipeline.training.task import TrainingTask
from tests.search.conftest import Bench, MakeBench, Outcome, result

NAN = "the loss was nan in epoch 1"
LOST = "its workers died"


def by_trial(
    bench: Bench,
    trials: Mapping[int, float | str],
    finals: Mapping[int, float | str] | None = None,
) -> Outcome:
    """What each trial comes to, and its settings at full length; 0.5 where nothing is said."""

    def outcome(task: TrainingTask) -> float | str:
        first = task.seed == bench.search.trial_seed
        return (trials if first or finals is None else finals).get(bench.trial(task), 0.5)

    return outcome


def numbers(found: list[Training]) -> list[int]:
    return [each.trial for each in found]


def test_lowest_mean_of_the_finalists_wins(bench: MakeBench) -> None:
    tried = bench()
    trials = {0: 0.1, 2: 0.2, 4: 0.3}
    found = tried.sweep(by_trial(tried, trials, {0: 0.09, 2: 0.08, 4: 0.07}))
    assert found.ranking == [4, 2, 0]
    assert found.winner == found.trials[4].task.hyperparameters
    assert tried.sweep(by_trial(tried, trials, {0: 0.07, 2: 0.08, 4: 0.09})).ranking == [0, 2, 4]


def test_default_takes_the_last_place_of_several_finalists(bench: MakeBench) -> None:
    tried = bench()
    trials = {1: 0.1, 2: 0.2, 3: 0.3, 4: 0.4}
    found = tried.sweep(by_trial(tried, trials, {0: 0.08, 1: 0.09}))
    assert numbers(found.finalists) == [1, 1, 2, 2, 0, 0]
    assert found.ranking[:2] == [0, 1]
    assert numbers(bench(finalists=1).sweep(by_trial(tried, trials)).finalists) == [1, 1]


def test_default_that_failed_is_no_finalist(bench: MakeBench) -> None:
    tried = bench()
    found = tried.sweep(by_trial(tried, {0: NAN, 1: 0.1, 2: 0.2, 3: 0.3}))
    assert numbers(found.finalists) == [1, 1, 2, 2, 3, 3]


def test_mean_is_over_all_finalist_seeds(bench: MakeBench) -> None:
    tried = bench()
    finals = {(1, 101): 0.02, (1, 102): 0.10, (2, 101): 0.05, (2, 102): 0.06}

    def outcome(task: TrainingTask) -> float:
        trial = tried.trial(task)
        return finals.get((trial, task.seed), {1: 0.1, 2: 0.2}.get(trial, 0.5))

    assert tried.sweep(outcome).ranking[:2] == [2, 1]


def test_means_that_differ_in_their_last_bits_alone_are_equal(bench: MakeBench) -> None:
    # 101 + 101 + 104 = 3 * 102 wrong images; as fractions, the first mean comes out lower.
    counts = {2: (101, 101, 104), 1: (102, 102, 102)}
    tried = bench(finalist_seeds=(101, 102, 103))

    def outcome(task: TrainingTask) -> float:
        trial, place = tried.trial(task), task.seed - 101
        final = trial in counts and task.seed != tried.search.trial_seed
        if final and place < len(counts[trial]):
            return counts[trial][place] / 10_000
        return 0.1 + 0.1 * (trial not in counts)

    assert tried.sweep(outcome).ranking[:2] == [1, 2]


def test_best_trials_are_the_finalists_best_first(bench: MakeBench) -> None:
    tried = bench()
    found = tried.sweep(by_trial(tried, {5: 0.1, 0: 0.2, 3: 0.3}))
    assert numbers(found.finalists) == [5, 5, 0, 0, 3, 3]


def test_value_of_a_trial_is_its_error_after_the_last_epoch(bench: MakeBench) -> None:
    tried = bench()
    found = tried.sweep(by_trial(tried, {2: 0.25}))
    curve = [row["validation_error"] for row in found.trials[2].result.record["history"]]
    assert curve == [0.125, 0.25]
    assert found.trials[2].error == 0.25


def test_of_equal_trials_the_earlier_goes_on_and_of_equal_finalists_it_wins(
    bench: MakeBench,
) -> None:
    tried = bench()
    found = tried.sweep(lambda _: 0.25)
    assert numbers(found.finalists) == [0, 0, 1, 1, 2, 2]
    assert found.ranking == [0, 1, 2]
    found = tried.sweep(by_trial(tried, {4: 0.1, 3: 0.2, 5: 0.2, 0: 0.2}, {}))
    assert numbers(found.finalists) == [4, 4, 0, 0, 3, 3]
    assert found.ranking == [0, 3, 4]


def test_failed_trial_is_kept_and_the_next_takes_its_place(bench: MakeBench) -> None:
    tried = bench()
    found = tried.sweep(by_trial(tried, {0: NAN, 1: 0.1, 2: LOST, 3: 0.2, 4: 0.3}))
    assert [each.failure for each in found.trials] == [NAN, None, LOST, None, None, None]
    assert [each.error for each in found.trials] == [None, 0.1, None, 0.2, 0.3, 0.5]
    assert found.ranking == [1, 3, 4]


def test_fewer_finalists_remain_where_too_many_trials_failed(bench: MakeBench) -> None:
    tried = bench()
    found = tried.sweep(by_trial(tried, dict.fromkeys((0, 1, 2, 4, 5), NAN) | {3: 0.9}))
    assert numbers(found.finalists) == [3, 3]
    assert found.ranking == [3]


def test_finalists_are_distinct_settings_where_trials_are_not(bench: MakeBench) -> None:
    tried = bench(dimensions=Dimensions(init=("paper", "fan_in")), trials=12)
    found = tried.sweep(lambda task: 0.2 if task.hyperparameters.init == "paper" else 0.1)
    inits = [each.task.hyperparameters.init for each in found.trials]
    assert len(inits) == 12
    assert numbers(found.finalists) == [0, 0, inits.index("paper"), inits.index("paper")]
    assert found.ranking == [0, inits.index("paper")]
    keys = [each.task.key for each in (*found.finalists, *found.audit)]
    assert len(set(keys)) == len(keys)


def test_a_setting_is_its_earliest_trial_at_the_rank_of_its_best(bench: MakeBench) -> None:
    """Trained as one, equal settings may differ in the last bits."""
    tried = bench()
    low, high = (replace(tried.points[0], learning_rate=rate) for rate in (0.001, 0.01))
    points = [tried.points[0], high, low, high, low, tried.points[0]]
    errors = [0.3, 0.2, 0.25, NAN, 0.1, 0.4]

    def train(phase: str, tasks: list[TrainingTask]) -> list[Result]:
        return [
            result(task, errors[n] if phase == "trials" else 0.5) for n, task in enumerate(tasks)
        ]

    book = Trials("repeated", tried.search.dimensions, ["learning_rate"])
    found = Tuner(
        first=tried.first, points=points, search=tried.search, book=book, train=train
    ).run()
    assert numbers(found.finalists) == [2, 2, 1, 1, 0, 0]


def test_finalist_that_fails_with_one_seed_is_out(bench: MakeBench) -> None:
    tried = bench()
    by_error = by_trial(tried, {1: 0.01, 2: 0.2, 0: 0.3})

    def outcome(task: TrainingTask) -> float | str:
        unlucky = task.seed == 102 and tried.trial(task) == 1
        return NAN if unlucky else by_error(task)

    found = tried.sweep(outcome)
    assert numbers(found.finalists) == [1, 1, 2, 2, 0, 0]
    assert found.ranking == [2, 0]


def test_sweep_of_failures_alone_names_their_reasons(bench: MakeBench) -> None:
    tried = bench()
    reasons: dict[int, float | str] = {0: NAN, 1: LOST, 2: NAN, 3: NAN, 4: NAN, 5: NAN}
    with pytest.raises(UserError) as refusal:
        tried.sweep(by_trial(tried, reasons))
    assert str(refusal.value) == (
        f"one setting must be left to choose, but all 6 failed: {LOST}; {NAN}."
    )
    assert [phase for phase, _ in tried.asked] == ["trials"]


def test_sweep_whose_finalists_all_fail_names_their_reasons(bench: MakeBench) -> None:
    tried = bench()
    with pytest.raises(UserError, match=rf"all 3 failed: {NAN}\.$"):
        tried.sweep(lambda task: 0.1 if task.seed == tried.search.trial_seed else NAN)
    assert [phase for phase, _ in tried.asked] == ["trials", "finalists"]


def test_seeds_and_lengths_of_each_phase(bench: MakeBench) -> None:
    tried = bench()
    tried.sweep(by_trial(tried, {5: 0.1, 0: 0.2, 3: 0.3}))
    phases = {
        phase: [(tried.trial(task), task.seed, task.epochs) for task in tasks]
        for phase, tasks in tried.asked
    }
    assert [phase for phase, _ in tried.asked] == ["trials", "finalists", "audit"]
    assert phases["trials"] == [(trial, 100, 2) for trial in range(6)]
    assert phases["finalists"] == [(trial, seed, 4) for trial in (5, 0, 3) for seed in (101, 102)]
    assert phases["audit"] == [(5, seed, 8) for seed in (104, 105)]


def test_tasks_differ_in_settings_seed_and_length_alone(bench: MakeBench) -> None:
    tried = bench()
    found = tried.sweep(lambda _: 0.5)
    for _, each in found.trainings():
        hyperparameters = found.trials[each.trial].task.hyperparameters
        assert each.task == replace(
            tried.first,
            hyperparameters=hyperparameters,
            seed=each.task.seed,
            epochs=each.task.epochs,
        )
    assert len({each.task.key for _, each in found.trainings()}) == 6 + 6 + 2


def test_all_trainings_are_told_phase_by_phase(bench: MakeBench) -> None:
    found = bench().sweep(lambda _: 0.5)
    reported = found.trainings()
    assert [phase for phase, _ in reported] == ["trials"] * 6 + ["finalists"] * 6 + ["audit"] * 2
    assert [each for _, each in reported] == [*found.trials, *found.finalists, *found.audit]


def test_winner_alone_is_audited_and_its_failure_changes_no_choice(bench: MakeBench) -> None:
    tried = bench()
    by_error = by_trial(tried, {2: 0.1})
    found = tried.sweep(lambda task: NAN if task.seed in (104, 105) else by_error(task))
    assert found.ranking[0] == 2
    assert numbers(found.audit) == [2, 2]
    assert [each.failure for each in found.audit] == [NAN] * 2


def test_without_audit_seeds_nothing_is_asked_of_the_workers(bench: MakeBench) -> None:
    tried = bench(audit_seeds=())
    assert tried.sweep(lambda _: 0.5).audit == []
    assert [phase for phase, _ in tried.asked] == ["trials", "finalists"]


def test_one_trial_and_one_seed_are_a_sweep(bench: MakeBench, linear: NetworkSpec) -> None:
    tried = bench(network=linear, trials=1, finalists=1, finalist_seeds=(7,), audit_seeds=())
    found = tried.sweep(lambda _: 0.5)
    assert found.winner == Hyperparameters(learning_rate=0.004, init="fan_in", j=None)
    assert [(each.task.seed, each.task.epochs) for _, each in found.trainings()] == [
        (100, 2),
        (7, 4),
    ]


def test_optuna_hears_of_every_trial_and_of_nothing_else(bench: MakeBench) -> None:
    tried = bench()
    found = tried.sweep(by_trial(tried, {0: 0.4, 1: NAN, 3: 0.1}))
    reported = tried.book.study.get_trials()
    assert [each.value for each in reported] == [0.4, None, 0.5, 0.1, 0.5, 0.5]
    assert [each.user_attrs["run_key"] for each in reported] == [
        each.task.key for each in found.trials
    ]
    assert reported[1].user_attrs["reason"] == NAN


def test_results_come_from_the_tasks_and_not_from_the_order_of_training(
    bench: MakeBench,
) -> None:
    """Cells trained backwards, as other workers might finish them, make the same sweep."""
    tried = bench()

    def outcome(task: TrainingTask) -> float:
        return int(task.key[:6], 16) / 16**6

    def backwards(_: str, tasks: list[TrainingTask]) -> list[Result]:
        return [result(task, outcome(task)) for task in reversed(tasks)][::-1]

    one = tried.sweep(outcome)
    book = Trials("another", tried.search.dimensions, tried.dimensions)
    other = Tuner(
        first=tried.first, points=tried.points, search=tried.search, book=book, train=backwards
    ).run()
    assert chosen(one) == chosen(other)


def chosen(found: Sweep) -> tuple[object, ...]:
    trainings = [(phase, each.trial, each.task, each.error) for phase, each in found.trainings()]
    return found.ranking, found.winner, trainings
