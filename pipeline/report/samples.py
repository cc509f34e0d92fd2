"""What the report says of networks trained on fewer images, where a study has any."""

from collections.abc import Mapping
from typing import Any

from pipeline.analysis.samples import AREA
from pipeline.report import numbers
from pipeline.report.contributions import idea_table
from pipeline.report.tables import Table


def introduction(results: Mapping[str, Any]) -> str:
    """Who was trained on what, and for how long; empty where the study has none."""
    found, study = results["samples"], results["study"]
    if not found:
        return ""
    fewer = [numbers.count(size) for size in found["sizes"][:-1]]
    return (
        f"How many digits does a network need? {_those(found['variants'])} also trained on "
        f"{numbers.listed(fewer)} of the {numbers.count(study['training_images'])} images, with "
        "the seeds and the settings of the final trainings. A seed puts all images in one order, "
        "whatever the variant, and takes the first, so that more images are the fewer and others. "
        "Fewer were seen more often, in proportion, but for at most ten times as many epochs: few "
        "images are not to mean few steps. The settings were tuned on many images; what would be "
        "best for few is not asked. All of this is exploratory, without verdicts."
    )


def sample_table(results: Mapping[str, Any]) -> Table | None:
    """A row a variant, a column a number of training images; None where the study has none."""
    found, baseline = results["samples"], results["study"]["baseline"]
    if not found:
        return None
    sizes = found["sizes"]
    return Table(
        caption="Test error by number of training images, in %, with 95 % intervals over seeds "
        "and images. Area: the mean error along the logarithm of that number, in which every "
        f"doubling counts the same. Change of the area: against {baseline}, paired by seed.",
        columns=(
            *("Variant", *(numbers.count(size) for size in sizes)),
            *("Area, %", "Change of the area, points", "n (seeds × images)"),
        ),
        numeric=(False, *[True] * (len(sizes) + 3)),
        rows=tuple(_row(name, each) for name, each in found["variants"].items()),
    )


def contributions_of_ideas(results: Mapping[str, Any]) -> Table | None:
    """A row an idea, where the study has all networks for any."""
    ideas = results["samples"] and results["samples"]["attribution"]["ideas"]
    if not ideas:
        return None
    return idea_table(
        ideas,
        headings=["To the area"],
        caption="What each idea adds to the area under the error by number of training images, in "
        "points, with 95 % intervals over seeds and images, as under “What each idea is worth”: "
        "below zero a network misreads less with it than without.",
    )


def _row(name: str, found: Mapping[str, Any]) -> tuple[str, ...]:
    errors, change = found["errors"], found["changes"] and found["changes"][AREA]
    return (
        name,
        *(numbers.share(error) for error in errors.values()),
        numbers.change_with_interval(change["mean"], change["ci95"]) if change else numbers.NONE,
        numbers.sample(errors[AREA]),
    )


def _those(variants: Mapping[str, Any]) -> str:
    names = numbers.listed([f"`{name}`" for name in variants])
    return f"{names} {'was' if len(variants) == 1 else 'were'}"
