"""What the report says in which order: the one outline of both pages."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.report import (
    answer,
    beyond,
    claims,
    contributions,
    costs,
    gaps,
    hierarchy,
    methods,
    mistakes,
    paper,
    robustness,
    samples,
    tables,
    timing,
    tuning,
)
from pipeline.report.blocks import Folded, Items, Notes, Prose, Section, Terms, section
from pipeline.report.figure import Figure

Results = Mapping[str, Any]
Drawn = Mapping[str, Figure]
MADE = section("How this was made")


def sections(
    results: Results, figures: Sequence[Figure], took: Mapping[str, Any]
) -> list[Section]:
    """Those in which there is something to say; `took` is from `timing.total`."""
    drawn = {figure.name: figure for figure in figures}
    found = [
        *_answer(results, drawn),
        *_claims(results, drawn),
        *_trained(results, drawn),
        *_looked_into(results, drawn),
        *_made(results, took),
    ]
    return [each for each in found if each.blocks]


def _answer(results: Results, drawn: Drawn) -> list[Section]:
    notes = {name: variant["note"] for name, variant in results["variants"].items()}
    return [
        section("Answer", Prose(" ".join(answer.answer(results)))),
        section("What is missing", Items(gaps.gaps(results))),
        section(
            "Results",
            tables.main_table(results),
            Prose(f"From a row to its trainings: [runs and filters](#{MADE.anchor})."),
            drawn.get("differences"),
            drawn.get("errors"),
        ),
        section(
            "What was removed",
            drawn.get("architectures"),
            Notes({name: note for name, note in notes.items() if note}),
        ),
    ]


def _claims(results: Results, drawn: Drawn) -> list[Section]:
    return [
        section(
            "What each idea is worth",
            Prose(contributions.contributions(results)),
            drawn.get("ideas"),
            contributions.contribution_table(results),
        ),
        section(
            "Robustness",
            Prose(robustness.introduction(results)),
            drawn.get("robustness"),
            robustness.sum_table(results),
            Prose(robustness.exceptions(results)),
            robustness.area_table(results),
            robustness.paper_table(results),
            Folded("Every set", robustness.set_table(results)),
        ),
        section(
            "The essay's claims", Prose(claims.verdicts(results)), claims.claim_table(results)
        ),
        section("Comparisons", tables.comparison_table(results)),
    ]


def _trained(results: Results, drawn: Drawn) -> list[Section]:
    return [
        section("Learning curves", drawn.get("learning_curves")),
        section(
            "Tuning",
            Prose(tuning.fairness(results)),
            tuning.chosen_table(results),
            drawn.get("tuning"),
            tuning.candidate_table(results),
            tuning.importance_table(results),
        ),
        section("Cost", drawn.get("costs"), costs.cost_table(results)),
        section(
            "Fewer training images",
            Prose(samples.introduction(results)),
            drawn.get("samples"),
            samples.sample_table(results),
            samples.contributions_of_ideas(results),
        ),
    ]


def _looked_into(results: Results, drawn: Drawn) -> list[Section]:
    return [
        section(
            "Stage by stage",
            Prose(hierarchy.introduction(results)),
            drawn.get("stages"),
            hierarchy.stage_table(results),
        ),
        section(
            "What the networks learned",
            drawn.get("kernels"),
            drawn.get("maps"),
            hierarchy.shift_table(results),
        ),
        section(
            "Misread digits",
            Prose(mistakes.shared(results)),
            drawn.get("mistakes"),
            drawn.get("confusions"),
            mistakes.confusion_table(results),
        ),
        section(
            "How sure they are, and what they say together",
            beyond.certainty_table(results),
            beyond.ensemble_table(results),
        ),
        section("Beside the paper", Prose(paper.beside(results)), paper.paper_table(results)),
    ]


def _made(results: Results, took: Mapping[str, Any]) -> list[Section]:
    again = (
        f"`{methods.command(results)}` makes all of it again. Parameters, data and code are named "
        "by their digests."
    )
    return [
        section("Methods", Terms(methods.methods(results))),
        section("Time", Prose(timing.reported(took)), timing.time_table(took, results)),
        section(
            MADE.title,
            Prose(again),
            tables.origin_table(results),
            Folded("Runs, and the filters that find them in MLflow", tables.run_table(results)),
        ),
    ]
