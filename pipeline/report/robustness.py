"""What the report says of disturbed digits: how much more is misread, and how steadily."""

from collections.abc import Mapping
from typing import Any

from pipeline.analysis.paper import LENET5, is_network
from pipeline.analysis.robustness import CURVES
from pipeline.report import numbers
from pipeline.report.tables import Table

# What section III.E says that LeNet-5 bears, and the sets that come nearest.
SAID = (
    ("size varying by a factor of up to about 2", ("scale_0.5", "scale_0.7", "scale_1.5")),
    ("vertical shifts of up to half a digit's height", ("half_height_4", "half_height_6")),
    ("rotation by up to 30 degrees", ("rotate_30",)),
    ("a tenth of all pixels inverted", ("invert_0.1",)),
)


def introduction(results: Mapping[str, Any]) -> str:
    study = results["study"]
    sets = next(iter(results["robustness"]["variants"].values()), {"sets": {}})["sets"]
    return (
        f"No network has seen a disturbed digit before. Each was shown {max(0, len(sets) - 1)} "
        f"sets of all {numbers.count(study['test_images'])} test images, every set disturbed in "
        "one way at one strength, the same for all networks; the perceptrons see the middle 28x28 "
        "pixels of each frame. MNIST-C stands for the fifteen corruptions of Mu and Gilmer "
        "(2019), made anew after their recipe, not their files. All of this is exploratory: but "
        "for the essay's claims there are no verdicts on it."
    )


def exceptions(results: Mapping[str, Any]) -> str:
    """Which disturbances a variant bears better than the baseline; empty where none does."""
    told = []
    for name, found in results["robustness"]["variants"].items():
        changes = found["changes"] or {}
        better = [
            curve for curve in CURVES if changes and (changes[curve]["ci95"] or (0, 0))[1] < 0
        ]
        if better:
            told.append(f"`{name}` (on {numbers.listed(better)})")
    if not told:
        return ""
    return (
        f"Some disturbances are borne better than by `{results['study']['baseline']}`, where an "
        "interval leaves out zero, uncorrected for their number, and clean digits count a little: "
        f"by {numbers.listed(told)}."
    )


def sum_table(results: Mapping[str, Any]) -> Table:
    """A row a variant: means over sets, against the baseline, and what one pixel changes."""
    baseline = results["study"]["baseline"]
    return Table(
        caption="Mean error on disturbed digits, with 95 % intervals over seeds and images. "
        f"Change: against {baseline}, on the 28 sets. Multiple: what the 28 sets add to the "
        f"error, as a multiple of what they add to {baseline}'s. Steady: the answer stays when "
        "the digit moves by one pixel, mean over the four directions; right: and it is right. "
        "Intervals of the last three are over seeds alone.",
        columns=(
            *("Variant", "28 sets, %", "Change, points", "MNIST-C, %", "Multiple"),
            *("Steady, %", "Steady and right, %", "n (seeds × images)"),
        ),
        numeric=(False, *[True] * 7),
        rows=tuple(
            _sums(name, found, results["variants"][name]["consistency"])
            for name, found in results["robustness"]["variants"].items()
        ),
    )


def area_table(results: Mapping[str, Any]) -> Table:
    """A row a kind of disturbance, a column a variant."""
    found = results["robustness"]["variants"]
    return Table(
        caption="Area under each curve: the mean error over the range of strengths, in %, with "
        f"95 % intervals over seeds and images{_n(results)}. Half height: digits of half the "
        "size, shifted by up to their whole height.",
        columns=("Disturbance", *found),
        numeric=(False, *[True] * len(found)),
        rows=tuple(
            (name, *(numbers.share(each["sums"][name]) for each in found.values()))
            for name in (*CURVES, "half height")
        ),
    )


def set_table(results: Mapping[str, Any]) -> Table:
    """A row a set, a column a variant."""
    found = results["robustness"]["variants"]
    sets = next(iter(found.values()), {"sets": {}})["sets"]
    return Table(
        caption="Error on every set, in %, with 95 % intervals over seeds and "
        f"images{_n(results)}.",
        columns=("Set", *found),
        numeric=(False, *[True] * len(found)),
        rows=tuple(
            (name, *(numbers.share(e["sets"][name]) for e in found.values())) for name in sets
        ),
    )


def said_table(results: Mapping[str, Any]) -> Table | None:
    """A row a set that section III.E speaks of; None where the baseline is not LeNet-5."""
    baseline = results["study"]["baseline"]
    found = results["robustness"]["variants"].get(baseline)
    if found is None or not is_network(LENET5, results["variants"][baseline]["network"]):
        return None
    return Table(
        caption="What section III.E says that the paper's LeNet-5 bears, and the error of ours. "
        "The paper tells no error rates. Its network of the noise pictures (figure 13) was "
        "trained with such noise; ours has never seen any. The shifted digits were shrunk to half "
        "their size first, lest they leave the frame, and went in all four directions: scale_0.5 "
        "has them where they were.",
        columns=("The paper says", "Set", f"Error of {baseline}, %", "n (seeds × images)"),
        numeric=(False, False, True, True),
        rows=tuple(
            (said, name, numbers.share(found["sets"][name]), numbers.sample(found["sets"][name]))
            for said, names in SAID
            for name in names
        ),
    )


def _sums(name: str, found: Mapping[str, Any], consistency: Mapping[str, Any]) -> tuple[str, ...]:
    change = found["changes"] and found["changes"]["28 sets"]
    return (
        name,
        numbers.share(found["sums"]["28 sets"]),
        numbers.change_with_interval(change["mean"], change["ci95"]) if change else numbers.NONE,
        numbers.share(found["sums"]["MNIST-C"]),
        numbers.value(found["relative"], 2),
        *(numbers.share(consistency[word]) for word in ("same", "same_and_right")),
        numbers.sample(found["sums"]["28 sets"]),
    )


def _n(results: Mapping[str, Any]) -> str:
    """As in "; n = 10 × 10,000"."""
    for each in results["robustness"]["variants"].values():
        return f"; n = {numbers.sample(each['sums']['28 sets'])}"
    return ""
