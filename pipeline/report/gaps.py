"""What a study lacks, in plain words: said in the report rather than left to be noticed."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from pipeline.analysis.significance import can_reject, smallest_p
from pipeline.report import numbers
from pipeline.report.answer import improving
from pipeline.search.space import IMPROVEMENT


def gaps(results: Mapping[str, Any]) -> list[str]:
    """One sentence or two for each thing that is missing or odd; none in a complete study."""
    return [
        *_comparisons(results),
        *_seeds(results),
        *_networks(results),
        *_devices(results),
        *_tuning(results),
        *_audits(results),
    ]


def _comparisons(results: Mapping[str, Any]) -> Iterator[str]:
    study, variants = results["study"], results["variants"]
    if len(variants) == 1:
        yield (
            "One variant only: nothing is compared. Add a variant to `params.yaml`; each is one "
            "line."
        )
    absent = [pair for pair in study["planned"] if not set(pair) <= set(variants)]
    if absent:
        pairs = numbers.listed([f"`{variant}` with `{baseline}`" for variant, baseline in absent])
        yield (
            f"Planned, but not in this study: {pairs}. They stay in the planned family, so that "
            "its correction is the same in every study."
        )


def _seeds(results: Mapping[str, Any]) -> Iterator[str]:
    num_seeds = len(results["study"]["seeds"])
    if num_seeds == 1:
        yield (
            "One seed only: how much seeds matter is unknown, so there is no interval and no test."
        )
    for family, size in _families_present(results).items():
        if not can_reject(num_seeds, family_size=size):
            yield (
                f"Too few seeds for the {family} comparisons: the smallest p that "
                f"{numbers.counted(num_seeds, 'paired seed')} can give is "
                f"{numbers.p_value(min(1.0, smallest_p(num_seeds)))}, and it is corrected for "
                f"{size}. {_seeds_needed(size)} seeds would do; until then the verdict is *not "
                "testable*."
            )


def _families_present(results: Mapping[str, Any]) -> dict[str, int]:
    present = {each["family"] for each in results["comparisons"]}
    families: Mapping[str, int] = results["study"]["families"]
    return {family: size for family, size in families.items() if family in present}


def _seeds_needed(family_size: int) -> int:
    return next(seeds for seeds in count(1) if can_reject(seeds, family_size=family_size))


def _networks(results: Mapping[str, Any]) -> Iterator[str]:
    expected = len(results["study"]["seeds"])
    for name, variant in results["variants"].items():
        error, failures = variant["test_error"], variant["failures"]
        lost = sorted({*variant["diverged_seeds"], *map(int, failures)})
        if error["n_seeds"] < expected:
            yield (
                f"`{name}` has {error['n_seeds']} of {numbers.counted(expected, 'seed')}: its "
                "comparisons are not testable."
            )
        if lost:
            yield (
                f"`{name}` diverged with {_seed_list(lost, failures)}: scores that are not "
                "numbers count as wrong. Such a network is kept and counted, never replaced."
            )
        if error["ci95"] is None and error["n_seeds"] > 1:
            yield (
                f"The errors of `{name}` do not vary over seeds, nor over images beyond chance: "
                "no interval."
            )
    for each in results["comparisons"]:
        if each["difference"] is not None and each["ci95"] is None and expected > 1:
            yield (
                f"The difference of `{each['variant']}` to `{each['baseline']}` does not vary "
                "over seeds, nor over images beyond chance: no interval and no test."
            )


def _seed_list(seeds: Sequence[int], reasons: Mapping[str, str]) -> str:
    # A training that ended well has no reason, though its network may fail on the test images.
    reported = [f"{s} ({reasons[str(s)]})" if str(s) in reasons else str(s) for s in seeds]
    return ("seed " if len(seeds) == 1 else "seeds ") + numbers.listed(reported)


def _devices(results: Mapping[str, Any]) -> Iterator[str]:
    devices = results["study"]["device_kind"]
    if " and " in devices:
        yield (
            f"The networks were trained in different environments (`{devices}`): a difference "
            "between variants may be one between environments."
        )


def _tuning(results: Mapping[str, Any]) -> Iterator[str]:
    for name, variant in results["variants"].items():
        trials = variant["tuning"]["trials"]
        failed = {each["trial"]: each["failure"] for each in trials if each["failure"]}
        if failed:
            reasons = [f"{trial} ({reason})" for trial, reason in failed.items()]
            yield (
                f"Of the {numbers.counted(len(trials), 'trial')} of `{name}`, {len(failed)} "
                f"failed: {numbers.listed(reasons)}. They count as tried."
            )
        for candidate in variant["tuning"]["candidates"]:
            reasons = candidate["failures"]
            if reasons:
                yield (
                    f"Trial {candidate['trial']} of `{name}` failed when it was trained again, "
                    f"with {_seed_list(list(map(int, reasons)), reasons)}: it could not be chosen."
                )


def _audits(results: Mapping[str, Any]) -> Iterator[str]:
    places = numbers.resolved(results["study"]["validation_images"])
    audits = {name: each["tuning"]["audit"] for name, each in results["variants"].items()}
    gains = [
        f"`{name}` ({numbers.percent(audits[name]['improvement'], places)})"
        for name, variant in results["variants"].items()
        if improving(variant)
    ]
    if gains:
        yield (
            "Still improving when training ended: twice the epochs took more than "
            f"{numbers.points(IMPROVEMENT)} off the validation error of {numbers.listed(gains)}. "
            "Such a variant had not learned enough: where it would lose a comparison, the verdict "
            "is *still improving*."
        )
    unknown = [
        f"`{name}`" for name, audit in audits.items() if not audit or audit["improvement"] is None
    ]
    if unknown:
        yield (
            f"Whether {numbers.listed(unknown)} would improve with more epochs is not known: the "
            "trainings that would tell were not asked for or failed."
        )
