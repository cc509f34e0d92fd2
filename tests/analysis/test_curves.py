import pandas as pd
import pytest

from pipeline.analysis.curves import final_train_error, summarise

NAN = float("nan")


def history(rows: list[tuple[int, int, float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=pd.Index(["seed", "epoch", "train_error"]))


TWO_SEEDS = history([(0, 1, 0.1), (0, 2, 0.04), (1, 1, 0.3), (1, 2, 0.02)])


def test_an_epoch_has_its_mean_and_range_over_seeds() -> None:
    first, second = summarise(TWO_SEEDS)
    assert first == {"epoch": 1, "mean": pytest.approx(0.2), "low": 0.1, "high": 0.3, "n": 2}
    assert second == {"epoch": 2, "mean": pytest.approx(0.03), "low": 0.02, "high": 0.04, "n": 2}


def test_a_seed_without_a_number_is_left_out_and_not_counted() -> None:
    [row] = summarise(history([(0, 1, 0.1), (1, 1, NAN)]))
    assert (row["mean"], row["n"]) == (0.1, 1)


def test_an_epoch_without_any_number_has_no_row() -> None:
    assert [row["epoch"] for row in summarise(history([(0, 1, 0.1), (0, 2, NAN)]))] == [1]
    assert summarise(history([(0, 1, NAN)])) == []


def test_the_final_error_is_the_mean_of_the_last_epoch() -> None:
    assert final_train_error(TWO_SEEDS) == pytest.approx(0.03)


def test_the_final_error_does_not_hide_a_seed_without_a_number() -> None:
    assert final_train_error(history([(0, 1, 0.1), (1, 1, NAN)])) is None


def test_another_error_is_summarised_alike() -> None:
    table = TWO_SEEDS.rename(columns={"train_error": "validation_error"})
    assert summarise(table, "validation_error") == summarise(TWO_SEEDS)
