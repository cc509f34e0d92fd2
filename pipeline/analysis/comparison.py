"""Which variants are compared with what, and the verdict on each comparison."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.analysis.errors import BoolArray, error_counts
from pipeline.analysis.intervals import Estimate, estimate
from pipeline.analysis.significance import LEVEL, can_reject, holm, sign_flip

Pair = tuple[str, str]
Interval = tuple[float, float]

STILL_IMPROVING = "still improving"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A variant against its baseline. Fractions; None where the data cannot tell.

    `p_value` asks about these images, `p_population` about new images and new seeds;
    `seed_correlation` is what pairing had to work with: that of the errors over seeds.
    """

    variant: str
    baseline: str
    family: str
    difference: float | None
    ci95: Interval | None
    ci90: Interval | None
    p_value: float | None
    p_holm: float | None
    p_population: float | None
    p_population_holm: float | None
    seed_correlation: float | None
    verdict: str


@dataclass(frozen=True, kw_only=True)
class _Measured:
    num_seeds: int = 0
    estimate: Estimate | None = None
    p_value: float | None = None
    p_population: float | None = None
    seed_correlation: float | None = None


def families(
    variants: Sequence[str], *, baseline: str, planned: Sequence[Pair]
) -> dict[str, list[Pair]]:
    """The comparisons of a study: those planned, and every other variant against the baseline.

    The planned family is as declared, so that it corrects alike in every study; pairs of which a
    member is not in this study stay in it.
    """
    others = [(name, baseline) for name in variants if name != baseline]
    return {
        "planned": list(planned),
        "secondary": [pair for pair in others if pair not in planned],
    }


def compare(
    wrong: Mapping[str, BoolArray | None],
    *,
    families: Mapping[str, Sequence[Pair]],
    margin: float,
    improving: Collection[str] = (),
) -> list[Comparison]:
    """Every comparison whose two members are in `wrong`, in the order of the families.

    `wrong[name]` is (S, I), its rows the seeds of the study; None if a seed is missing.
    `improving` names those that had not learned enough when their training ended.
    """
    return [
        comparison
        for family, pairs in families.items()
        for comparison in _compare_family(
            wrong, family=family, pairs=pairs, margin=margin, improving=improving
        )
    ]


def _compare_family(
    wrong: Mapping[str, BoolArray | None],
    *,
    family: str,
    pairs: Sequence[Pair],
    margin: float,
    improving: Collection[str],
) -> list[Comparison]:
    present = [pair for pair in pairs if pair[0] in wrong and pair[1] in wrong]
    measured = [_measure(wrong[variant], wrong[baseline]) for variant, baseline in present]
    p_holm = holm([each.p_value for each in measured], family_size=len(pairs))
    p_population_holm = holm([each.p_population for each in measured], family_size=len(pairs))
    return [
        _judged(
            pair,
            each,
            family=family,
            p_holm=p,
            p_population_holm=p_population,
            testable=can_reject(each.num_seeds, family_size=len(pairs)),
            margin=margin,
            improving=improving,
        )
        for pair, each, p, p_population in zip(
            present, measured, p_holm, p_population_holm, strict=True
        )
    ]


def _measure(variant: BoolArray | None, baseline: BoolArray | None) -> _Measured:
    if variant is None or baseline is None:
        return _Measured()
    found = estimate(variant.astype(np.int8) - baseline.astype(np.int8))
    counts, baseline_counts = error_counts(variant), error_counts(baseline)
    return _Measured(
        num_seeds=len(variant),
        estimate=found,
        p_value=sign_flip([a - b for a, b in zip(counts, baseline_counts, strict=True)]),
        p_population=found.p_value(),
        seed_correlation=_correlation(counts, baseline_counts),
    )


def _correlation(counts: Sequence[int], others: Sequence[int]) -> float | None:
    if len(set(counts)) == 1 or len(set(others)) == 1:
        return None
    return float(np.corrcoef(counts, others)[0, 1])


def _judged(
    pair: Pair,
    measured: _Measured,
    *,
    family: str,
    p_holm: float | None,
    p_population_holm: float | None,
    testable: bool,
    margin: float,
    improving: Collection[str],
) -> Comparison:
    found = measured.estimate
    ci90 = found.interval(0.90) if found else None
    return Comparison(
        variant=pair[0],
        baseline=pair[1],
        family=family,
        difference=found.mean if found else None,
        ci95=found.interval(0.95) if found else None,
        ci90=ci90,
        p_value=measured.p_value,
        p_holm=p_holm,
        p_population=measured.p_population,
        p_population_holm=p_population_holm,
        seed_correlation=measured.seed_correlation,
        verdict=verdict(
            difference=found.mean if found and testable else None,
            ci90=ci90,
            p_values=(p_holm, p_population_holm),
            margin=margin,
            improving=(pair[0] in improving, pair[1] in improving),
        ),
    )


def verdict(
    *,
    difference: float | None,
    ci90: Interval | None,
    p_values: tuple[float | None, float | None],
    margin: float,
    improving: tuple[bool, bool] = (False, False),
) -> str:
    """The rules in their order; `p_values` are both corrected ones, `margin` is a fraction.

    Without a difference, an interval or a p value, nothing is testable. `improving` says of the
    variant and of its baseline whether they had not learned enough: such a one cannot lose.
    """
    if difference is None or ci90 is None or None in p_values:
        return "not testable"
    within_margin = -margin < ci90[0] and ci90[1] < margin
    if all(p is not None and p < LEVEL for p in p_values):
        of_variant, of_baseline = improving
        if of_variant if difference > 0 else of_baseline:
            return STILL_IMPROVING
        word = "worse" if difference > 0 else "better"
        return f"{word} by less than the margin" if within_margin else word
    return "practically equal" if within_margin else "not distinguished"
