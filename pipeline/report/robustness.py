"""The report's section on corrupted test sets: errors, and prediction consistency."""

from collections.abc import Mapping
from typing import Any

from pipeline.analysis.paper import LENET5, is_network
from pipeline.analysis.robustness import IMAGES
from pipeline.corruptions.corruption import Group
from pipeline.corruptions.registry import REGISTRY, by_family, find_corruption, set_names
from pipeline.report import numbers
from pipeline.report.tables import Table

# What section III.E says of LeNet-5, and the family and strengths that come nearest.
PAPER_STATEMENTS = (
    ("size varying by a factor of up to about 2", "smaller", (0.5, 0.3)),
    ("size varying by a factor of up to about 2", "larger", (0.5,)),
    ("vertical shifts of up to half a digit's height", "half height", (4, 6)),
    ("rotation by up to 30 degrees", "rotation", (30,)),
    ("a tenth of all pixels inverted", "inverted pixels", (0.1,)),
)


def introduction(results: Mapping[str, Any]) -> str:
    study = results["study"]
    return (
        "No network was trained on corrupted digits. Each is evaluated on "
        f"{numbers.counted(len(REGISTRY), 'corrupted test set')} of all "
        f"{numbers.count(study['test_images'])} test images: a set has one corruption at one "
        "strength, with the same images for all networks; the MLPs see the central 28x28 pixels. "
        f"{len(set_names(Group.MNIST_C))} sets follow the recipe of MNIST-C (Mu and Gilmer 2019); "
        "they are not its published files. All of this is exploratory: except for the essay's "
        "claims, no verdict rests on it."
    )


def exceptions(results: Mapping[str, Any]) -> str:
    """Under which corruptions a variant has lower error than the baseline; empty if under none."""
    found = []
    for name, variant in results["robustness"]["variants"].items():
        differences = variant["differences"] or {}
        lower = [
            family
            for family in by_family(Group.MEAN)
            if differences and (differences[family]["ci95"] or (0, 0))[1] < 0
        ]
        if lower:
            found.append(f"`{name}` ({numbers.listed(lower)})")
    if not found:
        return ""
    return (
        f"Lower error than `{results['study']['baseline']}` under some corruptions, where the "
        "interval of the difference in area excludes zero, not corrected for the number of "
        "comparisons; the area includes the error without corruption: "
        f"{numbers.listed(found)}."
    )


def sum_table(results: Mapping[str, Any]) -> Table:
    """A row a variant: means over sets, against the baseline, and prediction consistency."""
    baseline = results["study"]["baseline"]
    return Table(
        caption=f"Errors on corrupted test sets, with 95 % intervals over seeds and images. The "
        f"{Group.MEAN} is the mean over {len(set_names(Group.MEAN))} sets; the difference is to "
        f"{baseline}'s. Relative corruption error: what the corruptions add to the error, divided "
        f"by what they add to {baseline}'s. Consistent: the prediction stays the same when the "
        "digit shifts by one pixel, mean over the four directions. Consistent and correct: it is "
        "also correct. Intervals of the last three are over seeds alone.",
        columns=(
            *("Variant", "Mean corruption error, %", "Difference, pp", "MNIST-C, %"),
            *("Relative corruption error", "Consistent, %", "Consistent and correct, %"),
            "n (seeds × images)",
        ),
        numeric=(False, *[True] * 7),
        rows=tuple(
            _sums(name, found, results["variants"][name]["consistency"])
            for name, found in results["robustness"]["variants"].items()
        ),
    )


def area_table(results: Mapping[str, Any]) -> Table:
    """A row a family of corruptions, a column a variant."""
    found = results["robustness"]["variants"]
    return Table(
        caption="Area under each curve: the mean error over the range of strengths, in %, with "
        f"95 % intervals over seeds and images{_n(results)}. Half height: digits shrunk to half "
        "their size, shifted by up to their whole height.",
        columns=("Corruption", *found),
        numeric=(False, *[True] * len(found)),
        rows=tuple(
            (name, *(numbers.share(each["sums"][name]) for each in found.values()))
            for name in results["robustness"]["curves"]
        ),
    )


def set_table(results: Mapping[str, Any]) -> Table:
    """A row a set, a column a variant."""
    found = results["robustness"]["variants"]
    sets = {IMAGES: "none", **{name: each.description for name, each in REGISTRY.items()}}
    return Table(
        caption="Error on every set, in %, with 95 % intervals over seeds and "
        f"images{_n(results)}.",
        columns=("Set", "Corruption", *found),
        numeric=(False, False, *[True] * len(found)),
        rows=tuple(
            (name, description, *(numbers.share(each["sets"][name]) for each in found.values()))
            for name, description in sets.items()
        ),
    )


def paper_table(results: Mapping[str, Any]) -> Table | None:
    """A row a set that section III.E speaks of; None where the baseline is not LeNet-5."""
    baseline = results["study"]["baseline"]
    found = results["robustness"]["variants"].get(baseline)
    if found is None or not is_network(LENET5, results["variants"][baseline]["network"]):
        return None
    return Table(
        caption="What section III.E states that the paper's LeNet-5 tolerates, and the error of "
        "ours. The paper gives no error rates. Its network of the noise pictures (figure 13) was "
        "trained with such noise; ours was not. The shifted digits were first shrunk to half "
        "their size, so that they stay in the frame, and were shifted in all four directions; "
        f"{find_corruption('smaller', 0.5).name} has them before the shift.",
        columns=("The paper says", "Set", f"Error of {baseline}, %", "n (seeds × images)"),
        numeric=(False, False, True, True),
        rows=tuple(
            (
                statement,
                name,
                numbers.share(found["sets"][name]),
                numbers.sample(found["sets"][name]),
            )
            for statement, family, strengths in PAPER_STATEMENTS
            for name in (find_corruption(family, strength).name for strength in strengths)
        ),
    )


def _sums(name: str, found: Mapping[str, Any], consistency: Mapping[str, Any]) -> tuple[str, ...]:
    difference = found["differences"] and found["differences"][Group.MEAN]
    return (
        name,
        numbers.share(found["sums"][Group.MEAN]),
        numbers.change_with_interval(difference["mean"], difference["ci95"])
        if difference
        else numbers.NONE,
        numbers.share(found["sums"][Group.MNIST_C]),
        numbers.value(found["relative"], 2),
        *(numbers.share(consistency[word]) for word in ("consistent", "consistent_and_correct")),
        numbers.sample(found["sums"][Group.MEAN]),
    )


def _n(results: Mapping[str, Any]) -> str:
    """As in "; n = 10 × 10,000"."""
    for each in results["robustness"]["variants"].values():
        return f"; n = {numbers.sample(each['sums'][Group.MEAN])}"
    return ""
