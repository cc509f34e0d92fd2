"""How the numbers were obtained and why so: prose, with the study's own figures in it.

Prose has `code`, *stress* and [links](to) in it and nothing else of Markdown.
"""

from collections.abc import Mapping
from typing import Any

from pipeline.analysis.power import POWER
from pipeline.analysis.significance import smallest_p
from pipeline.report import numbers
from pipeline.search.space import IMPROVEMENT

STANDARD = "standard"


def methods(results: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(what, how and why) of every choice that the results rest on."""
    return [
        *_networks(results),
        *_judging(results),
        *_deciding(results),
        *_power(results["study"]),
    ]


def command(results: Mapping[str, Any]) -> str:
    """What makes this study again."""
    name = results["study"]["name"]
    return "make repro" if name == STANDARD else f"make {name}"


def scope(results: Mapping[str, Any]) -> str:
    """Which study this is and how large."""
    study = results["study"]
    parts = (
        numbers.counted(len(study["seeds"]), "seed"),
        numbers.counted(study["epochs"], "epoch"),
        numbers.counted(study["training_images"], "training image"),
        numbers.counted(study["test_images"], "test image"),
    )
    baseline = study["baseline"]
    return f"Study `{study['name']}`: {', '.join(parts)}; the baseline is `{baseline}`."


def foreign(results: Mapping[str, Any]) -> str:
    """A warning if the images are not MNIST's; empty if they are."""
    source = results["study"]["source"]
    if source == "mnist":
        return ""
    return f"These are not MNIST results: the images come from the source `{source}`."


def link(results: Mapping[str, Any], path: str) -> str:
    """To a file of the repository; only the standard study's report lies where the link holds."""
    return f"[`{path}`](../{path})" if results["study"]["name"] == STANDARD else f"`{path}`"


def _networks(results: Mapping[str, Any]) -> list[tuple[str, str]]:
    study = results["study"]
    return [
        (
            "Variants",
            f"A variant is the baseline `{study['baseline']}` except for the words under “differs "
            "in”. A reference model is a plain perceptron, which lacks every mechanism of the "
            "convolutional layers at once: it is a yardstick, not an ablation. Parameters are the "
            "numbers that training sets; connections are counted as the paper counts them, biases "
            "included; MACs are multiply-accumulates, one each time a weight is used. Where the "
            f"networks differ from the paper's is said in {link(results, 'README.md')}.",
        ),
        (
            "Training",
            f"Every network was trained for {numbers.counted(study['epochs'], 'epoch')} on all "
            f"{numbers.count(study['training_images'])} training images, in batches of "
            f"{study['batch_size']}. The number of epochs was fixed beforehand and nothing was "
            "selected afterwards, so no images were held back and there is no validation curve. "
            "The training error is measured during each epoch, while the weights still change.",
        ),
        (
            "Hyperparameters",
            "A sweep of each variant's own chose them, alike for all: see the section on tuning. "
            f"For that alone {numbers.count(study['validation_images'])} training images were "
            "held back, by a split that is stratified and fixed by a seed. The final trainings "
            "use all training images, the settings that won, and seeds that no sweep has used; "
            "nothing is selected after tuning.",
        ),
    ]


def _judging(results: Mapping[str, Any]) -> list[tuple[str, str]]:
    study = results["study"]
    judges = "`evaluate` and `samples` open" if results["samples"] else "`evaluate` opens"
    return [
        (
            "Test error",
            f"The share of the {numbers.count(study['test_images'])} test images that a network "
            "misreads, averaged over its seeds. An image is read right only if the score of its "
            "label lies above all others: a tie is wrong, and so is a score that is not a number. "
            f"Only {judges} the test images, to judge what is already decided; the test-set log "
            f"{link(results, 'reports/test_set_evaluations.csv')} lists each time it did so.",
        ),
        (
            "Pairing",
            f"Variant and baseline share {numbers.counted(len(study['seeds']), 'seed')}. A seed "
            "fixes the order of the images and the initial values of every layer that two "
            "variants have in common, so luck they share cancels in the difference."
            + _correlations(results),
        ),
        (
            "Interval",
            "Seeds and images are both samples: the 95 % interval says where the true figure may "
            "lie, over new seeds and new images of the same kind (Obuchowski and Rockette's "
            "analysis of several readers and cases, with Hillis' degrees of freedom; the seeds "
            "are the readers). An interval over seeds alone would be too narrow, since it takes "
            "these images for all there are.",
        ),
    ]


def _correlations(results: Mapping[str, Any]) -> str:
    found = [each["seed_correlation"] for each in results["comparisons"]]
    known = [value for value in found if value is not None]
    if not known:
        return ""
    low, high = (f"{value:.2f}".replace("-", numbers.MINUS) for value in (min(known), max(known)))
    if low == high:
        return f" The correlation over seeds was {low}."
    return f" The correlation over seeds was {low} to {high}: the higher, the more it helped."


def _deciding(results: Mapping[str, Any]) -> list[tuple[str, str]]:
    study = results["study"]
    num_seeds, families = len(study["seeds"]), study["families"]
    margin = numbers.plain(100 * study["margin"])
    least = numbers.p_value(min(1.0, smallest_p(num_seeds)))
    return [
        (
            "Tests",
            "“These images” flips the signs of the seeds' differences in all the ways there are; "
            f"with {numbers.counted(num_seeds, 'seed')} its p cannot be smaller than {least}. "
            "“New images” is the test that belongs to the interval. The first alone would take "
            "luck with these images for a difference; so both must agree.",
        ),
        (
            "Several comparisons",
            "The more one compares, the more is found by luck. Holm's correction keeps the chance "
            "of any false find within a family at 5 % or less. The planned family was declared "
            f"before the test images were opened and has {families['planned']}; every other "
            f"comparison with the baseline is secondary: {families['secondary']} here.",
        ),
        (
            "Verdict",
            "In this order. *Not testable*: a seed is missing, nothing varies, or there are too "
            "few seeds for the family. *Worse* or *better*: both corrected p are below 0.05; *by "
            "less than the margin* if the 90 % interval lies inside it. *Still improving* stands "
            "in their place where the one that would lose had not learned enough: twice the "
            f"epochs took more than {numbers.points(IMPROVEMENT)} off its validation error. "
            f"*Practically equal*: the 90 % interval lies inside ±{margin} points, a margin set "
            "beforehand in `params.yaml`. *Not distinguished*: none of these; the half-width of "
            "the 95 % interval stands beside it, for “not distinguished” is not “equal”.",
        ),
    ]


def _power(study: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Nothing where there are too few seeds: the gaps say so."""
    smallest, limit = study["smallest_difference"], study["smallest_difference_limit"]
    if smallest is None:
        return []
    expected = study["planning"]
    return [
        (
            "Power",
            "From planning values in `params.yaml` alone, which come from trial trainings and not "
            "from this study's results: of two variants that misread about "
            f"{numbers.plain(100 * expected['error'])} %, a difference of "
            f"{numbers.percent(smallest, 2)} points is found with a probability of "
            f"{POWER}, by “new images” at the first step of Holm's correction over the planned "
            "family. With ever more seeds it would be "
            f"{numbers.percent(limit, 2)} points: the rest is up to the number of images.",
        )
    ]
