"""Trials as an Optuna study."""

import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

from pipeline.networks.spec import NetworkSpec
from pipeline.search.design import applying, points
from pipeline.search.record import Trials
from pipeline.search.space import Search
from pipeline.training.hyperparameters import Hyperparameters

REASON = "the loss was nan in epoch 1"


def settings(search: Search, network: NetworkSpec, trials: int) -> list[Hyperparameters]:
    j = 10.0 if network.output == "rbf" else None
    default = Hyperparameters(learning_rate=0.004, init="fan_in", j=j)
    return points(replace(search, trials=trials, finalists=1), default, network)


def finished_book(
    search: Search, network: NetworkSpec, errors: Sequence[float | None], *, name: str = "s/v"
) -> Trials:
    book = Trials(name, search.dimensions, applying(search.dimensions, network))
    book.ask(settings(search, network, len(errors)))
    notes = [{"run_key": f"task {number}"} for number in range(len(errors))]
    book.tell(
        errors,
        [
            n | ({"reason": REASON} if e is None else {})
            for n, e in zip(notes, errors, strict=True)
        ],
    )
    return book


def stored(database: Path, name: str) -> list[FrozenTrial]:
    return optuna.load_study(study_name=name, storage=f"sqlite:///{database}").get_trials()


def test_settings_asked_for_are_the_points(
    search: Search, lenet5: NetworkSpec, linear: NetworkSpec
) -> None:
    for network in (lenet5, linear):
        book = Trials("s/v", search.dimensions, applying(search.dimensions, network))
        tried = settings(search, network, 12)
        assert book.ask(tried) == tried
        assert [trial.params for trial in book.study.get_trials()] == [
            {name: value for name, value in asdict(each).items() if value is not None}
            for each in tried
        ]


def test_what_is_not_searched_is_no_parameter_and_keeps_its_value(
    search: Search, lenet5: NetworkSpec
) -> None:
    book = Trials("s/v", search.dimensions, ["learning_rate"])
    tried = settings(search, lenet5, 3)
    assert book.ask(tried) == tried
    assert all(trial.params.keys() == {"learning_rate"} for trial in book.study.get_trials())


def test_ranges_are_optunas_own(search: Search, lenet5: NetworkSpec) -> None:
    (trial,) = finished_book(search, lenet5, [0.5]).study.get_trials()
    rate, init = trial.distributions["learning_rate"], trial.distributions["init"]
    assert rate == optuna.distributions.FloatDistribution(0.0003, 0.03, log=True)
    assert init == optuna.distributions.CategoricalDistribution(("paper", "fan_in"))


def test_errors_are_told_in_the_order_of_the_points(search: Search, lenet5: NetworkSpec) -> None:
    book = finished_book(search, lenet5, [0.3, 0.1, 0.2])
    found = book.study.get_trials()
    assert [trial.number for trial in found] == [0, 1, 2]
    assert [trial.value for trial in found] == [0.3, 0.1, 0.2]
    assert [trial.user_attrs for trial in found] == [{"run_key": f"task {n}"} for n in range(3)]
    assert book.study.best_trial.number == 1  # the lowest error is the best


def test_failed_trials_say_why_and_stop_no_other(search: Search, lenet5: NetworkSpec) -> None:
    found = finished_book(search, lenet5, [None, 0.1, None, 0.2]).study.get_trials()
    complete, failed = TrialState.COMPLETE, TrialState.FAIL
    assert [trial.state for trial in found] == [failed, complete, failed, complete]
    assert [trial.value for trial in found] == [None, 0.1, None, 0.2]
    assert found[0].user_attrs == {"run_key": "task 0", "reason": REASON}
    assert "reason" not in found[1].user_attrs


def valley(tried: Sequence[Hyperparameters]) -> list[float]:
    """Errors to which the learning rate alone matters."""
    return [abs(math.log(each.learning_rate / 0.003)) for each in tried]


def test_importance_finds_the_dimension_that_mattered(search: Search, lenet5: NetworkSpec) -> None:
    shares = finished_book(search, lenet5, valley(settings(search, lenet5, 30))).importance()
    assert shares is not None
    assert list(shares) == ["learning_rate", "init", "j"]
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["learning_rate"] > 0.8


def test_importance_is_the_same_each_time(search: Search, linear: NetworkSpec) -> None:
    errors = valley(settings(search, linear, 40))
    one, other = (finished_book(search, linear, errors).importance() for _ in range(2))
    assert one == other
    assert one is not None


def test_importance_of_too_few_complete_trials_is_unknown(
    search: Search, lenet5: NetworkSpec
) -> None:
    errors: list[float | None] = [*valley(settings(search, lenet5, 30))]
    assert finished_book(search, lenet5, errors[:29]).importance() is None
    errors[7] = None
    assert finished_book(search, lenet5, errors).importance() is None


def test_importance_of_the_only_dimension_is_unknown(search: Search, lenet5: NetworkSpec) -> None:
    book = Trials("s/v", search.dimensions, ["learning_rate"])
    tried = settings(search, lenet5, 32)
    book.ask(tried)
    book.tell(valley(tried), [{}] * 32)
    assert book.importance() is None


def test_export_leaves_the_trials_with_their_tasks(
    search: Search, lenet5: NetworkSpec, tmp_path: Path
) -> None:
    database = tmp_path / "var" / "optuna.db"
    book = finished_book(search, lenet5, [0.3, None, 0.2])
    book.export(database)
    found = stored(database, "s/v")
    for mine, theirs in zip(book.study.get_trials(), found, strict=True):
        assert theirs.params == mine.params
        assert theirs.value == mine.value
        assert theirs.state == mine.state
        assert theirs.user_attrs == mine.user_attrs
    assert found[1].user_attrs["reason"] == REASON


def test_second_export_replaces_the_first(
    search: Search, lenet5: NetworkSpec, tmp_path: Path
) -> None:
    database = tmp_path / "optuna.db"
    finished_book(search, lenet5, [0.3, 0.1, 0.2]).export(database)
    finished_book(search, lenet5, [0.5, 0.4]).export(database)
    assert optuna.get_all_study_names(f"sqlite:///{database}") == ["s/v"]
    assert [trial.value for trial in stored(database, "s/v")] == [0.5, 0.4]


def test_variants_lie_side_by_side(
    search: Search, lenet5: NetworkSpec, linear: NetworkSpec, tmp_path: Path
) -> None:
    database = tmp_path / "optuna.db"
    finished_book(search, lenet5, [0.3, 0.1], name="tiny/lenet5").export(database)
    finished_book(search, linear, [0.2], name="tiny/linear_output").export(database)
    finished_book(search, lenet5, [0.6, 0.7], name="tiny/lenet5").export(database)
    assert [trial.value for trial in stored(database, "tiny/lenet5")] == [0.6, 0.7]
    assert [trial.value for trial in stored(database, "tiny/linear_output")] == [0.2]
    names = optuna.get_all_study_names(f"sqlite:///{database}")
    assert sorted(names) == ["tiny/lenet5", "tiny/linear_output"]


def test_nothing_is_said_while_trials_are_recorded(
    search: Search, lenet5: NetworkSpec, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finished_book(search, lenet5, [0.3, None]).export(tmp_path / "optuna.db")
    said = capsys.readouterr()
    assert said.out + said.err == ""
