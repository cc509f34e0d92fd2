"""What the report says beside the paper: its values and ours."""

from collections.abc import Mapping
from typing import Any

from pipeline.analysis.paper import ERROR, FIGURES, NEAREST, REJECTED
from pipeline.report import numbers
from pipeline.report.tables import Table

Row = Mapping[str, Any]


def beside(results: Mapping[str, Any]) -> str:
    """How far the paper's values and ours can be compared."""
    if not results["paper"]:
        return (
            "The paper's values do not stand here: that takes its test images and one of its "
            "networks. What a network costs can be told all the same."
        )
    study = results["study"]
    return (
        "The paper trained its networks otherwise: LeNet-5 for 20 passes with a diagonal "
        "Levenberg-Marquardt method, one pattern at a time, and its perceptrons for a squared "
        f"error; here it is Adam for {numbers.counted(study['epochs'], 'epoch')}, with settings "
        "that a sweep chose, and cross-entropy where the output is linear. It reports one network "
        f"each; ours are over {numbers.counted(len(study['seeds']), 'seed')}. *Reproduced* means "
        "that the paper's value lies where one more run of ours would, on this test set: within "
        "mean ± t × s × √(1 + 1/S) over the seeds, 95 %. Its networks that saw distorted digits "
        "are left out."
    )


def paper_table(results: Mapping[str, Any]) -> Table | None:
    """A row a value of the paper and variant; None where there is none."""
    if not results["paper"]:
        return None
    return Table(
        caption="Figures 9 to 12 of the paper. One more run: where another seed of ours would "
        f"lie, 95 %. {_nearest()} Sizes are arithmetic. Figure 11 prints thousands and, by "
        "its perceptrons, counts biases; ours are uses of weights, those of the fixed output "
        "codes included. Its 401,000 for LeNet-5 is more than the 340,908 connections that the "
        "paper's text counts, with biases and output codes.",
        columns=(
            *("The paper's network", "Figure", "Quantity", "Paper", "Variant", "Ours"),
            *("One more run", "Reproduced", "n (seeds)"),
        ),
        numeric=(False, True, False, True, False, True, True, False, True),
        rows=tuple(map(_beside, results["paper"])),
    )


def _nearest() -> str:
    [figure] = {number for (number, _), bars in FIGURES.items() if NEAREST.keys() & bars.keys()}
    return (
        f"LeNet-5 is not in figure {figure}: the nearest there, {numbers.listed([*NEAREST])}, is "
        "another and smaller network, so nothing can be reproduced."
    )


def _beside(row: Row) -> tuple[str, ...]:
    share = row["quantity"] in (ERROR, REJECTED)
    reproduced = {None: numbers.NONE, True: "yes", False: "no"}[row["reproduced"]]
    return (
        *(row["network"], str(row["figure"])),
        f"{row['quantity']}, %" if share else row["quantity"],
        numbers.plain(100 * row["paper_value"]) if share else numbers.count(row["paper_value"]),
        row["variant"],
        *(_share(row) if share else (numbers.count(row["ours"]), numbers.NONE)),
        *(reproduced, numbers.NONE if row["n_seeds"] is None else numbers.count(row["n_seeds"])),
    )


def _share(row: Row) -> tuple[str, str]:
    """Ours in percent, and where one more run would lie."""
    interval = None if row["low"] is None else (row["low"], row["high"])
    places = numbers.decimals(interval)
    mean = numbers.NONE if row["ours"] is None else numbers.percent(row["ours"], places)
    return mean, numbers.span(interval, places) if interval else numbers.NONE
