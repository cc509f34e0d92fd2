import io
from typing import Any

import pandas as pd

from pipeline.report.plots import learned, tuned


def test_training_errors_have_a_row_a_variant_and_epoch(study: Any) -> None:
    results, curves = study
    table = pd.read_csv(io.BytesIO(learned(curves.training)))
    assert list(table.columns) == ["variant", "epoch", "train_error"]
    assert len(table) == 3 * len(results["variants"])
    last = table[table["variant"] == "mlp"].iloc[-1]
    assert (last["epoch"], last["train_error"]) == (3, curves.training["mlp"][-1]["mean"])


def test_sweeps_have_a_row_a_trial_that_has_a_best_error(results: dict[str, Any]) -> None:
    results["variants"]["mlp"]["tuning"]["trials"][0]["best"], before = (
        None,
        results["variants"]["mlp"]["tuning"]["trials"][0]["best"],
    )
    table = pd.read_csv(io.BytesIO(tuned(results)))
    results["variants"]["mlp"]["tuning"]["trials"][0]["best"] = before
    assert list(table.columns) == ["variant", "trial", "validation_error"]
    assert table[table["variant"] == "mlp"]["trial"].tolist() == [1, 2]
    assert table[table["variant"] == "lenet5"]["trial"].tolist() == [0, 1, 2]


def test_tables_without_rows_have_their_columns() -> None:
    assert learned({}) == b"variant,epoch,train_error\n"
