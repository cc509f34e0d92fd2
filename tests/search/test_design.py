"""The points that every variant's trials try."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from pipeline.networks.spec import NetworkSpec
from pipeline.search.design import applying, points
from pipeline.search.space import Dimensions, LogRange, Search
from pipeline.training.hyperparameters import Hyperparameters

RATE = LogRange(low=0.0003, high=0.03)


def designed(search: Search, network: NetworkSpec) -> list[Hyperparameters]:
    j = 10.0 if network.output == "rbf" else None
    return points(search, Hyperparameters(learning_rate=0.004, init="fan_in", j=j), network)


def column(name: str, settings: Sequence[Hyperparameters]) -> list[float | str | None]:
    return [getattr(each, name) for each in settings]


@pytest.fixture
def perceptron(linear: NetworkSpec) -> NetworkSpec:
    return replace(linear, hidden_sizes=(300, 100))


def test_dimensions_apply_where_they_mean_something(
    search: Search, lenet5: NetworkSpec, perceptron: NetworkSpec
) -> None:
    assert applying(search.dimensions, lenet5) == ["learning_rate", "init", "j"]
    assert applying(search.dimensions, perceptron) == ["learning_rate", "init"]
    assert applying(Dimensions(j=RATE), lenet5) == ["j"]
    assert applying(Dimensions(j=RATE), perceptron) == []
    assert applying(Dimensions(), lenet5) == []


def test_variants_try_the_same_values_wherever_they_share_a_dimension(
    search: Search, lenet5: NetworkSpec, linear: NetworkSpec, perceptron: NetworkSpec
) -> None:
    paper, others = designed(search, lenet5), [designed(search, n) for n in (linear, perceptron)]
    assert len(set(column("learning_rate", paper))) == search.trials
    for other in others:
        for name in ("learning_rate", "init"):
            assert column(name, other) == column(name, paper)
        assert column("j", other) == [None] * search.trials
    unshared = replace(lenet5, connectivity="unshared")
    assert designed(search, unshared) == paper


def test_first_trial_is_the_default(search: Search, lenet5: NetworkSpec) -> None:
    first, *others = designed(search, lenet5)
    assert first == Hyperparameters(learning_rate=0.004, init="fan_in", j=10.0)
    assert first not in others
    assert designed(replace(search, trials=1, finalists=1), lenet5) == [first]


@pytest.mark.parametrize("fewer", [1, 2, 3, 4, 5, 8, 9, 16, 17, 32])
def test_fewer_trials_are_the_first_of_more(
    search: Search, lenet5: NetworkSpec, fewer: int
) -> None:
    more = designed(replace(search, trials=40), lenet5)
    assert len(more) == 40
    assert designed(replace(search, trials=fewer, finalists=1), lenet5) == more[:fewer]


@pytest.mark.parametrize("name", ["learning_rate", "init", "j"])
def test_dimension_that_is_left_out_keeps_its_default_and_moves_no_other(
    search: Search, lenet5: NetworkSpec, name: str
) -> None:
    whole = designed(search, lenet5)
    without = replace(search, dimensions=search.dimensions.model_copy(update={name: None}))
    (default, *_) = column(name, whole)
    assert designed(without, lenet5) == [replace(each, **{name: default}) for each in whole]


def test_another_seed_is_another_design(search: Search, lenet5: NetworkSpec) -> None:
    one, other = (
        designed(replace(search, design_seed=seed, trials=12), lenet5) for seed in (1998, 1999)
    )
    assert one[0] == other[0]
    assert not set(column("learning_rate", one[1:])) & set(column("learning_rate", other[1:]))
    assert not set(column("j", one[1:])) & set(column("j", other[1:]))


def test_design_is_the_one_that_was_declared(search: Search, lenet5: NetworkSpec) -> None:
    # Were another SciPy to draw other points, sweeps made before and after would not be alike.
    assert designed(search, lenet5)[1:4] == [
        Hyperparameters(learning_rate=0.02775, init="fan_in", j=2.71),
        Hyperparameters(learning_rate=0.002464, init="paper", j=14.71),
        Hyperparameters(learning_rate=0.0007836, init="fan_in", j=0.3916),
    ]


@pytest.mark.parametrize("seed", range(10))
def test_points_fill_the_space_evenly(search: Search, lenet5: NetworkSpec, seed: int) -> None:
    _, *tried = designed(replace(search, design_seed=seed, trials=16), lenet5)
    inits = Counter(each.init for each in tried)
    quarters = Counter(int(4 * RATE.share(each.learning_rate)) for each in tried)
    assert sorted(inits.values()) == [7, 8]
    assert sorted(quarters.values()) == [3, 4, 4, 4]
    # And each half of one range meets each half of the other equally often.
    pairs = Counter((each.learning_rate > 0.003, each.init) for each in tried)
    assert sorted(pairs.values()) == [3, 4, 4, 4]


def test_all_values_are_in_their_ranges(search: Search, lenet5: NetworkSpec) -> None:
    narrow = Dimensions(
        learning_rate=LogRange(low=0.00123456, high=0.00123999),
        init=("paper",),
        j=LogRange(low=0.3, high=100.0),
    )
    _, *tried = designed(replace(search, dimensions=narrow, trials=64), lenet5)
    assert all(0.00123456 <= each.learning_rate <= 0.00123999 for each in tried)
    assert all(each.j is not None and 0.3 <= each.j <= 100 for each in tried)
    assert {each.init for each in tried} == {"paper"}
