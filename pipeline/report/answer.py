"""The answer of a study in at most three sentences, out of its verdicts.

Prose here, as in `methods.py`, has `code` and [links](to) in it and nothing else of Markdown.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline.analysis.comparison import STILL_IMPROVING
from pipeline.networks.mechanisms import MECHANISMS
from pipeline.report import numbers

CHANGED = (
    *("worse", "worse by less than the margin", "better", "better by less than the margin"),
    STILL_IMPROVING,
)
UNCHANGED = ("practically equal", "not distinguished")
Comparison = Mapping[str, Any]


def answer(results: Mapping[str, Any]) -> list[str]:
    """What the comparisons with the baseline say: differences, none found, not testable."""
    comparisons = with_baseline(results)
    if not comparisons:
        return [_alone(results)]
    sentences = (
        _sentence(results, comparisons, CHANGED),
        _sentence(results, comparisons, UNCHANGED),
        _untestable(comparisons),
    )
    return [sentence for sentence in sentences if sentence]


def with_baseline(results: Mapping[str, Any]) -> list[Comparison]:
    """The comparisons with the baseline of the study, in the order of the variants."""
    baseline = results["study"]["baseline"]
    found = {
        each["variant"]: each for each in results["comparisons"] if each["baseline"] == baseline
    }
    return [found[name] for name in results["variants"] if name in found]


def loser(comparison: Comparison) -> str:
    """Of the two that were compared the one with the higher error."""
    return comparison["variant" if comparison["difference"] > 0 else "baseline"]


def improving(variant: Mapping[str, Any]) -> bool:
    """Whether its audit found that it had learned too little."""
    audit = variant["tuning"]["audit"]
    return audit is not None and audit["still_improving"] is True


def deed(name: str, variant: Mapping[str, Any]) -> str:
    """What a variant does to the baseline, to be followed by "cost 0.2 points"."""
    if variant["reference_model"]:
        return f"using the reference model `{name}`"
    for mechanism, word in variant["difference"].items():
        rows = {str(each): row for each, row in MECHANISMS.get(mechanism, {}).items()}
        if len(variant["difference"]) == 1 and str(word) in rows:
            return rows[str(word)].change
    return f"changing it to `{name}`"


def _alone(results: Mapping[str, Any]) -> str:
    study = results["study"]
    error = results["variants"][study["baseline"]]["test_error"]
    return (
        f"`{study['baseline']}` misreads {_error(error)} of the test images; there is nothing to "
        "compare it with."
    )


def _error(error: Mapping[str, Any]) -> str:
    places = numbers.decimals(error["ci95"])
    mean = f"{numbers.percent(error['mean'], places)} %"
    seeds = numbers.counted(error["n_seeds"], "seed")
    if error["ci95"] is None:
        return f"{mean} ({seeds}, no interval)"
    return f"{mean} (95 % interval {numbers.span(error['ci95'], places)}; {seeds})"


def _sentence(
    results: Mapping[str, Any], comparisons: Sequence[Comparison], verdicts: Sequence[str]
) -> str:
    groups: dict[str, list[Comparison]] = {}
    for each in (each for word in verdicts for each in comparisons if each["verdict"] == word):
        groups.setdefault(_ending(each, results["study"]["margin"]), []).append(each)
    clauses = [_clause(results, group, ending) for ending, group in groups.items()]
    text = "; ".join(clauses)
    return f"{text[:1].upper()}{text[1:]}." if clauses else ""


def _clause(results: Mapping[str, Any], group: Sequence[Comparison], ending: str) -> str:
    """As in "removing a cost 0.2 points of test error (...) and removing b 0.3: both worse"."""
    word = group[0]["verdict"]
    write = _effect(word)
    variants = results["variants"]
    first, *rest = group
    seeds = numbers.counted(variants[first["variant"]]["test_error"]["n_seeds"], "paired seed")
    reported = [
        _first(word, deed(first["variant"], variants[first["variant"]]), write(first), seeds)
    ]
    for each in rest:
        amount, interval = write(each)
        reported.append(
            f"{deed(each['variant'], variants[each['variant']])} {amount} ({interval})"
        )
    together = {1: "", 2: "both "}.get(len(group), "all ")
    return f"{numbers.listed(reported)}: {together}{ending}"


def _first(word: str, subject: str, effect: tuple[str, str], seeds: str) -> str:
    amount, interval = effect
    known = f"(95 % interval {interval}; {seeds})"
    if word.startswith("worse"):
        return f"{subject} cost {amount} points of test error {known}"
    if word.startswith("better"):
        return f"{subject} took {amount} points off the test error {known}"
    return f"{subject} changed the test error by {amount} points {known}"


def _effect(word: str) -> Callable[[Comparison], tuple[str, str]]:
    """How the amount and its interval are written: a gain is told as a positive number."""

    def write(comparison: Comparison) -> tuple[str, str]:
        low, high = comparison["ci95"]
        places = numbers.decimals((low, high))
        if word.startswith("better"):
            amount = numbers.percent(-comparison["difference"], places)
            return amount, numbers.span((-high, -low), places)
        signed = not word.startswith("worse")
        amount = numbers.percent(comparison["difference"], places, signed=signed)
        return amount, numbers.span((low, high), places)

    return write


def _ending(comparison: Comparison, margin: float) -> str:
    """The verdict, with what it takes to understand it."""
    word, points = comparison["verdict"], numbers.points(margin)
    if word == STILL_IMPROVING and loser(comparison) == comparison["variant"]:
        return f"{word}, so not judged worse"
    if word == STILL_IMPROVING:
        return f"not judged better, for `{comparison['baseline']}` was {word}"
    if word == "practically equal":
        return f"{word} (within ±{points})"
    return f"{word} of {points}" if word.endswith("margin") else word


def _untestable(comparisons: Sequence[Comparison]) -> str:
    changes = [
        f"`{each['variant']}` {numbers.change_with_interval(each['difference'], each['ci95'])}"
        for each in comparisons
        if each["verdict"] == "not testable"
    ]
    if not changes:
        return ""
    known = "points (95 % interval, where there is one)"
    return f"Not testable with these data, changes in {known}: {numbers.listed(changes)}."
