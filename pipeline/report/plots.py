"""The curves as tables, for `dvc plots`: a row a variant and point, errors as fractions."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd


def learned(curves: Mapping[str, Sequence[Mapping[str, Any]]]) -> bytes:
    """The training error by epoch; `curves` are from `analysis.curves`."""
    return _csv(
        [
            {"variant": name, "epoch": point["epoch"], "train_error": point["mean"]}
            for name, points in curves.items()
            for point in points
        ],
        ("variant", "epoch", "train_error"),
    )


def tuned(results: Mapping[str, Any]) -> bytes:
    """The best validation error so far by trial, from the first that did not fail."""
    return _csv(
        [
            {"variant": name, "trial": trial["trial"], "validation_error": trial["best"]}
            for name, variant in results["variants"].items()
            for trial in variant["tuning"]["trials"]
            if trial["best"] is not None
        ],
        ("variant", "trial", "validation_error"),
    )


def _csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> bytes:
    table = pd.DataFrame(rows, columns=pd.Index(columns))
    return table.to_csv(index=False, lineterminator="\n").encode()
