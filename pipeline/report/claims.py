"""What the report says of the essay's claims: each measured once, with a verdict."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pipeline.analysis.significance import can_reject
from pipeline.report import numbers
from pipeline.report.tables import Table

PARTS = {
    "LSP": "LeNet-5",
    "LP": "LeNet-5 without weight sharing",
    "LS": "LeNet-5 with strides for subsampling",
    "L": "one with locality alone",
    "P": "one with subsampling alone",
    "none": "one with none of the ideas",
    "MLP": "784-300-100-10",
    "small MLP": "784-75-10",
}


def verdicts(results: Mapping[str, Any]) -> str:
    """How many claims hold; and what this study lacks to tell of the others."""
    claims = results["claims"]
    counts = Counter(each["verdict"] for each in claims)
    reported = [f"{number} {verdict}" for verdict, number in counts.items()]
    text = (
        "The project begins with an essay on why LeNet-5 won. Each of its claims has one measure. "
        "All were fixed before any network was evaluated on a corrupted image or any probe was "
        "fitted; test errors on the uncorrupted images were known by then. Both tests must agree, "
        f"corrected for all {len(claims)}: {numbers.listed(reported)}."
    )
    if not can_reject(len(results["study"]["seeds"]), family_size=len(claims)):
        return f"{text} So few seeds cannot tell."
    missing = list(dict.fromkeys(role for each in claims for role in each["missing"]))
    if not missing:
        return text
    named = numbers.listed([PARTS[role] for role in missing])
    return f"{text} What is not testable lacks {named} in this study."


def claim_table(results: Mapping[str, Any]) -> Table:
    """A row a claim."""
    return Table(
        caption="The claims of the essay. A measure above zero supports its claim. Both p are "
        "corrected by Holm's method over all claims, whatever the study has networks for.",
        columns=(
            *("Claim", "Measure", "Estimate, points (95 % interval)"),
            *("p, these images", "p, new images", "n (seeds × images)", "Verdict"),
        ),
        numeric=(False, False, True, True, True, True, False),
        rows=tuple(_claim(each) for each in results["claims"]),
    )


def _claim(each: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        *(each["claim"], each["measure"]),
        numbers.change_with_interval(each["mean"], each["ci95"]),
        *(numbers.p_value(each[p]) for p in ("p_holm", "p_population_holm")),
        numbers.NONE if each["mean"] is None else numbers.sample(each),
        each["verdict"],
    )
