"""What stands over the figures: a title states facts, and only those in the results."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline.corruptions.corruption import Group
from pipeline.corruptions.registry import set_names
from pipeline.report import numbers

MOVED = 0.01  # of the maps' standard deviation: rounding


def differences(results: Mapping[str, Any]) -> str:
    verdicts = Counter(each["verdict"] for each in results["comparisons"])
    if not verdicts:
        return "Nothing to compare: the study has one variant"
    reported = [f"{number} {verdict}" for verdict, number in verdicts.items()]
    total = numbers.counted(sum(verdicts.values()), "comparison")
    return f"Change in test error, {total}: {numbers.listed(reported)}"


def errors(results: Mapping[str, Any]) -> str:
    found = {name: variant["test_error"] for name, variant in results["variants"].items()}
    return f"Mean test error: {_ends(found, by=_by_mean, reported=_mean)}"


def curves(curves: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    last = {name: points[-1] for name, points in curves.items() if points}
    if not last:
        return "No training error was recorded"
    epochs = numbers.counted(max(point["epoch"] for point in last.values()), "epoch")

    def reported(point: Mapping[str, Any]) -> str:
        return f"{numbers.percent(point['mean'], 2)} %"

    return f"Training error after {epochs}: {_ends(last, by=_by_mean, reported=reported)}"


def architectures(variants: Sequence[str], baseline: str) -> str:
    if list(variants) == [baseline]:
        return f"{baseline}, drawn to scale"
    drawn = variants[0] if len(variants) == 1 else numbers.counted(len(variants), "variant")
    return f"{drawn}, drawn to scale; what differs from {baseline} is blue and bold"


def robustness(results: Mapping[str, Any]) -> str:
    found = {
        name: each["sums"][Group.MEAN] for name, each in results["robustness"]["variants"].items()
    }
    if not found:
        return "No variant has all its seeds"
    sets = numbers.counted(len(set_names(Group.MEAN)), "corrupted test set")
    return f"Mean error on {sets}: {_ends(found, by=_by_mean, reported=_mean)}"


def samples(results: Mapping[str, Any]) -> str:
    found, sizes = results["samples"]["variants"], results["samples"]["sizes"]
    fewest = {name: each["errors"][str(sizes[0])] for name, each in found.items()}
    images = numbers.counted(sizes[0], "training image")
    return f"Test error after {images}: {_ends(fewest, by=_by_mean, reported=_mean)}"


def ideas(ideas: Mapping[str, Mapping[str, Any]]) -> str:
    """What each adds to the first measure."""
    first = next(iter(next(iter(ideas.values()))))
    reported = [
        f"{idea} {numbers.change_with_interval(each[first]['mean'], None)}"
        for idea, each in ideas.items()
    ]
    return f"Points added to the {first}: {numbers.listed(reported)}"


def costs(fronts: Mapping[str, Sequence[str]]) -> str:
    reported = [f"{numbers.listed(front)} by {cost}" for cost, front in fronts.items()]
    return f"Beaten by none in both error and cost: {'; '.join(reported)}"


def stages(results: Mapping[str, Any]) -> str:
    """How far the baseline's stages come."""
    baseline = results["study"]["baseline"]
    found = [*results["variants"][baseline]["hierarchy"]["stages"].items()]
    ends = [
        f"{_mean(each['trained'])} at {stage.upper()}" for stage, each in (found[0], found[-1])
    ]
    return f"What a line can tell in {baseline}: error {' and '.join(dict.fromkeys(ends))}"


def kernels(pairs: Mapping[str, Mapping[str, Any]]) -> str:
    """In which variants the places look the same."""
    found = {name: [*pair.values()] for name, pair in pairs.items() if len(pair) > 1}
    same = [name for name, (one, other) in found.items() if (one == other).all()]
    others = [name for name in found if name not in same]
    reported = [
        f"{word} in {numbers.listed(names)}"
        for word, names in (("the same", same), ("others", others))
        if names
    ]
    return (
        f"Kernels at two places: {', '.join(reported)}"
        if reported
        else "What the first units read"
    )


def maps(results: Mapping[str, Any]) -> str:
    """In which variants the maps of C1 move with a digit."""
    found = {
        name: variant["hierarchy"]["shift_errors"]["c1"]["mean"]
        for name, variant in results["variants"].items()
        if "c1" in variant["hierarchy"]["shift_errors"]
    }
    moved = [name for name, error in found.items() if error is not None and error < MOVED]
    others = [name for name in found if name not in moved]
    reported = [
        f"{numbers.listed(names)}{word}"
        for word, names in ((": the maps move with the digit", moved), (": they change", others))
        if names
    ]
    return "; ".join(reported) if reported else "The maps of C1"


def mistakes(results: Mapping[str, Any]) -> str:
    known, images = results["mistakes"]["figure_8"], results["mistakes"]["shared"]
    reported = f"{numbers.counted(len(images), 'digit')} that every variant misreads"
    if not known:
        return reported
    return f"{reported}, {len(known['shared'])} of them in the paper's figure 8"


def confusions(pairs: Sequence[Mapping[str, Any]]) -> str:
    most = max(pairs, key=lambda pair: pair["times"])
    return (
        f"The most frequent mistake: {most['label']} read as {most['answer']} by "
        f"{most['variant']}, {most['estimate']}"
    )


def tuning(results: Mapping[str, Any]) -> str:
    last = {name: each["tuning"]["trials"][-1] for name, each in results["variants"].items()}
    trials = numbers.counted(max(trial["trial"] for trial in last.values()) + 1, "trial")
    places = numbers.resolved(results["study"]["validation_images"])

    def reported(trial: Mapping[str, Any]) -> str:
        return f"{numbers.percent(trial['best'], places)} %"

    ends = _ends(last, by=lambda trial: trial["best"], reported=reported)
    return f"Best validation error after {trials}: {ends}"


def _ends(
    found: Mapping[str, Mapping[str, Any]],
    *,
    by: Callable[[Mapping[str, Any]], float],
    reported: Callable[[Mapping[str, Any]], str],
) -> str:
    """The variants with the lowest and the highest value: "0.92 % (a) to 1.90 % (b)"."""
    lowest, *_, highest = 2 * sorted(found, key=lambda name: by(found[name]))
    return " to ".join(
        dict.fromkeys(f"{reported(found[name])} ({name})" for name in (lowest, highest))
    )


def _by_mean(found: Mapping[str, Any]) -> float:
    return found["mean"]


def _mean(error: Mapping[str, Any]) -> str:
    return f"{numbers.percent(error['mean'], numbers.decimals(error['ci95']))} %"
