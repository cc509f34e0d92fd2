"""Whether intervals and verdicts keep their word: studies drawn from a truth that is known.

`make bench-coverage` writes `benchmarks/coverage.json` and the table of `docs/statistics.md`. In
every study all variants have the same population error, so each interval must cover zero and each
*worse* or *better* is false.
"""

import json
import multiprocessing
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import typer
from scipy.special import ndtri

from benchmarks.race import REPOSITORY, included
from pipeline.analysis.comparison import compare, families
from pipeline.analysis.errors import BoolArray
from pipeline.study import load_study

RESULTS = REPOSITORY / "benchmarks/coverage.json"
PAGE = REPOSITORY / "docs/statistics.md"
ERROR = 0.01
WITHIN = 0.94


@dataclass(frozen=True, kw_only=True)
class Truth:
    """A crossed probit model of who misclassifies what.

    An image is misclassified where a latent normal exceeds a threshold. Latents of one image have
    the correlation `WITHIN` between seeds of one variant and `between` between variants.
    """

    between: float
    seed_effect: float
    """Standard deviation of the error between seeds, a fraction."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Of one study: how many of its intervals cover the truth, and whether a verdict is false."""

    covering: int
    intervals: int
    false: bool


TRUTHS = [
    Truth(between=between, seed_effect=seed_effect)
    for between in (0.935, 0.90, 0.82)
    for seed_effect in (0.0, 0.0005)
]


def drawn(
    truth: Truth, variants: Iterable[str], draws: np.random.Generator, *, seeds: int, images: int
) -> dict[str, BoolArray]:
    """Which images each network misclassifies: (seeds, images) for each variant."""
    normal = partial(draws.standard_normal, dtype=np.float32)
    common = np.sqrt(truth.between) * normal(images)
    wrong: dict[str, BoolArray] = {}
    for name in variants:
        own = common + np.sqrt(WITHIN - truth.between) * normal(images)
        latent = own + np.sqrt(1 - WITHIN) * normal((seeds, images))
        errors = ERROR + truth.seed_effect * normal((seeds, 1))
        wrong[name] = latent > -ndtri(errors)
    return wrong


def judged(truth: Truth, number: int, *, seeds: int = 10, images: int = 10_000) -> Outcome:
    """The study of this number, by the rules of the standard study."""
    study = load_study(REPOSITORY / "params.yaml")
    draws = np.random.default_rng([1998, TRUTHS.index(truth), number])
    wrong = drawn(truth, study.networks, draws, seeds=seeds, images=images)
    planned = study.evaluation.planned
    kin = families(list(wrong), baseline=study.baseline, planned=planned)
    comparisons = compare(wrong, families=kin, margin=study.evaluation.margin)
    intervals = [each.ci95 for each in comparisons if each.ci95]
    return Outcome(
        covering=sum(low <= 0 <= high for low, high in intervals),
        intervals=len(intervals),
        false=any(each.verdict.startswith(("worse", "better")) for each in comparisons),
    )


def summary(truth: Truth, outcomes: list[Outcome]) -> dict[str, Any]:
    covering, intervals = (
        sum(getattr(each, field) for each in outcomes) for field in ("covering", "intervals")
    )
    return {
        **asdict(truth),
        "studies": len(outcomes),
        "coverage": covering / intervals,
        "false_verdicts": sum(each.false for each in outcomes) / len(outcomes),
    }


def table(rows: Iterable[Mapping[str, Any]]) -> str:
    lines = [
        "| image correlation between variants | seed effect, points | studies | coverage, % "
        "| studies with a false verdict, % |",
        "|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        lines.append(
            f"| {row['between']:g} | {100 * row['seed_effect']:g} | {row['studies']:,} "
            f"| {100 * row['coverage']:.1f} | {100 * row['false_verdicts']:.1f} |"
        )
    return "\n".join(lines)


def main(studies: int = typer.Option(2000, help="Of each of the six truths.")) -> None:
    rows: list[dict[str, Any]] = []
    with multiprocessing.get_context("spawn").Pool() as pool:
        for truth in TRUTHS:
            found = pool.map(partial(judged, truth), range(studies), chunksize=10)
            rows.append(summary(truth, found))
            print(table(rows[-1:]).splitlines()[-1], flush=True)
    RESULTS.write_text(f"{json.dumps(rows, indent=1)}\n", encoding="utf8")
    page = PAGE.read_text(encoding="utf8")
    PAGE.write_text(included(page, "coverage", table(rows)), encoding="utf8")


if __name__ == "__main__":
    typer.run(main)
