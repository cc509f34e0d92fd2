"""What stands over and under the figures; a title states facts, and only those in the results."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.report import numbers

DIFFERENCES = (
    "Change in test error, in percentage points: right of zero is worse. Point: mean over paired "
    "seeds and images. Line: 95 % interval. Grey band: the margin, inside which a difference is "
    "too small to matter."
)
ERRORS = (
    "Large point and line: mean test error with its 95 % interval over seeds and images. Small "
    "grey points: the networks of single seeds. To compare variants use the figure of changes: "
    "pairing makes it sharper than two intervals side by side."
)
CURVES = (
    "Training error by epoch, mean over seeds, with a band from the best to the worst seed; "
    "logarithmic axis, where no error at all is drawn at half an image. It is measured during the "
    "epoch, while the weights change. All training images were trained on, so there is no "
    "validation curve."
)
ARCHITECTURES = (
    "Layers to scale, as in figure 2 of the paper. Stacked squares are feature maps, {side} "
    "pixels a unit; bars are layers of units, a pixel for {units} and one at least. Lines lead "
    "from what one unit reads of the layer before. Blue with a thick outline and a bold name: "
    "wiring, squashing, shapes or counts are not those of the same layer of {baseline}. Dashed: a "
    "layer of {baseline} that is absent."
)

ROBUSTNESS = (
    "Error by strength of a disturbance, with 95 % intervals over seeds and images; the first "
    "point of a panel is the error without it. No network was trained on disturbed digits."
)
SAMPLES = (
    "Test error by number of training images, with 95 % intervals over seeds and images; both "
    "axes are logarithmic, and no error at all is drawn at half an image. The last points are "
    "the final networks. Few images were seen more often than many: see the text."
)
TUNING = (
    "Best validation error so far, by trial of each variant's sweep; one seed a trial; "
    "logarithmic axis, where no error at all is drawn at half an image. A mark stands where a "
    "trial was better than all before it. Trial 0 has the defaults, the others the points of one "
    "design, the same for all variants. A trial is short: the best of them were trained again."
)


def differences(results: Mapping[str, Any]) -> str:
    verdicts = Counter(each["verdict"] for each in results["comparisons"])
    if not verdicts:
        return "Nothing to compare: the study has one variant"
    told = [f"{number} {verdict}" for verdict, number in verdicts.items()]
    total = numbers.counted(sum(verdicts.values()), "comparison")
    return f"Change in test error, {total}: {numbers.listed(told)}"


def errors(results: Mapping[str, Any]) -> str:
    found = {name: variant["test_error"] for name, variant in results["variants"].items()}
    lowest, *_, highest = 2 * sorted(found, key=lambda name: found[name]["mean"])
    if lowest == highest:
        return f"Test error of {lowest}: {_mean(found[lowest])}"
    return (
        f"Mean test error runs from {_mean(found[lowest])} ({lowest}) to "
        f"{_mean(found[highest])} ({highest})"
    )


def curves(curves: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    last = {name: points[-1] for name, points in curves.items() if points}
    if not last:
        return "No training error was recorded"
    lowest, *_, highest = 2 * sorted(last, key=lambda name: last[name]["mean"])
    epochs = numbers.counted(max(point["epoch"] for point in last.values()), "epoch")
    ends = [f"{numbers.percent(last[name]['mean'], 2)} % ({name})" for name in (lowest, highest)]
    return f"Training error after {epochs}: {' to '.join(dict.fromkeys(ends))}"


def architectures(variants: Sequence[str], baseline: str) -> str:
    if list(variants) == [baseline]:
        return f"{baseline}, drawn to scale"
    drawn = variants[0] if len(variants) == 1 else numbers.counted(len(variants), "variant")
    return f"{drawn}, drawn to scale; what differs from {baseline} is blue and bold"


def robustness(results: Mapping[str, Any]) -> str:
    found = {
        name: each["sums"]["28 sets"] for name, each in results["robustness"]["variants"].items()
    }
    if not found:
        return "No variant has all its seeds"
    lowest, *_, highest = 2 * sorted(found, key=lambda name: found[name]["mean"])
    ends = [f"{_mean(found[name])} ({name})" for name in (lowest, highest)]
    return f"Mean error on 28 disturbed sets: {' to '.join(dict.fromkeys(ends))}"


def samples(results: Mapping[str, Any]) -> str:
    found, sizes = results["samples"]["variants"], results["samples"]["sizes"]
    fewest = {name: each["errors"][str(sizes[0])] for name, each in found.items()}
    lowest, *_, highest = 2 * sorted(fewest, key=lambda name: fewest[name]["mean"])
    ends = [f"{_mean(fewest[name])} ({name})" for name in (lowest, highest)]
    images = numbers.counted(sizes[0], "training image")
    return f"Test error after {images}: {' to '.join(dict.fromkeys(ends))}"


def tuning(results: Mapping[str, Any]) -> str:
    last = {name: each["tuning"]["trials"][-1] for name, each in results["variants"].items()}
    found = {name: trial["best"] for name, trial in last.items()}
    lowest, *_, highest = 2 * sorted(found, key=lambda name: found[name])
    trials = numbers.counted(max(trial["trial"] for trial in last.values()) + 1, "trial")
    places = numbers.resolved(results["study"]["validation_images"])
    ends = [f"{numbers.percent(found[name], places)} % ({name})" for name in (lowest, highest)]
    return f"Best validation error after {trials}: {' to '.join(dict.fromkeys(ends))}"


def _mean(error: Mapping[str, Any]) -> str:
    return f"{numbers.percent(error['mean'], numbers.decimals(error['ci95']))} %"
