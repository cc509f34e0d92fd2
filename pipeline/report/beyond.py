"""What the report says beyond the error: certainty, ensembles, which digits are misread."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.analysis.mistakes import FIGURE_8
from pipeline.report import numbers
from pipeline.report.tables import Table


def certainty_table(results: Mapping[str, Any]) -> Table:
    """A row a variant: whom it would turn away, and how far its claims are from facts."""
    return Table(
        caption="Mean over the networks, with a 95 % interval over seeds alone: on these images. "
        "To reject: how many images, those whose two best scores are nearest, must be turned away "
        "until 0.5 % of the others are misread. Calibration error and Brier score are of the "
        "softmax of the scores. No verdict rests on these.",
        columns=(
            *("Variant", "To reject for 0.5 % error, %", "Calibration error, points"),
            *("Brier score", "n (seeds)"),
        ),
        numeric=(False, True, True, True, True),
        rows=tuple(
            (
                name,
                numbers.share(variant["certainty"]["rejected"]),
                numbers.share(variant["certainty"]["ece"]),
                numbers.value(variant["certainty"]["brier"], 4),
                numbers.count(variant["certainty"]["brier"]["n_seeds"]),
            )
            for name, variant in results["variants"].items()
        ),
    )


def ensemble_table(results: Mapping[str, Any]) -> Table | None:
    """A row a comparison, of what the networks of each side say together; None without any."""
    found = results["ensembles"]
    if not found["comparisons"]:
        return None
    return Table(
        caption="The networks of a variant as one, by the mean of their scores. Only it: images "
        "that this ensemble misreads and the other does not. p: McNemar's exact test of those, "
        "not corrected; it knows nothing of other networks, and no verdict rests on it.",
        columns=(
            *("Variant", "Compared with", "Ensemble of", "Its error, %", "The other's, %"),
            *("Only it", "Only the other", "p, McNemar", "n (images)"),
        ),
        numeric=(False, False, *(True,) * 7),
        rows=tuple(_ensembles(each, found["variants"]) for each in found["comparisons"]),
    )


def confusion_table(results: Mapping[str, Any]) -> Table:
    """A row a variant: what it takes for what, most often."""
    figure_8 = f"Of the {len(FIGURE_8)} of figure 8"
    real = results["mistakes"]["figure_8"]
    return Table(
        caption="The three most frequent mistakes, in times a network"
        + (
            ", and how many of the digits that the paper's network misread (figure 8) a network "
            "misreads, too, with a 95 % interval over seeds."
            if real
            else "."
        ),
        columns=("Variant", "Read as", *([figure_8] if real else [])),
        numeric=(False, False, *([True] if real else [])),
        rows=tuple(
            (
                name,
                _most_often(variant),
                *([numbers.value(variant["figure_8"], 1)] if real else []),
            )
            for name, variant in results["variants"].items()
        ),
    )


def shared(results: Mapping[str, Any]) -> str:
    """Which digits defeat every variant."""
    mistakes = results["mistakes"]
    images, known = mistakes["shared"], mistakes["figure_8"]
    text = (
        f"{numbers.counted(len(images), 'image')} of "
        f"{numbers.count(results['study']['test_images'])} "
        f"{'is' if len(images) == 1 else 'are'} misread by more than half of the networks of "
        "every variant"
    )
    if not known:
        return f"{text}."
    return f"{text}; the paper's figure 8 shows {known['shared']} of them."


def _ensembles(each: Mapping[str, Any], ensembles: Mapping[str, Any]) -> tuple[str, ...]:
    sides = ensembles[each["variant"]], ensembles[each["baseline"]]
    sizes = dict.fromkeys(numbers.count(side["n_networks"]) for side in sides)
    places = numbers.resolved(sides[0]["n_images"])
    return (
        *(each["variant"], each["baseline"], " and ".join(sizes)),
        *(
            numbers.NONE if side["error"] is None else numbers.percent(side["error"], places)
            for side in sides
        ),
        *(
            numbers.NONE if each[only] is None else numbers.count(each[only])
            for only in ("only_variant", "only_baseline")
        ),
        numbers.p_value(each["p_value"]),
        numbers.count(sides[0]["n_images"]),
    )


def _most_often(variant: Mapping[str, Any]) -> str:
    counts = np.array(variant["confusions"])
    networks = counts.sum() / variant["test_error"]["n_images"]
    np.fill_diagonal(counts, 0)
    order = np.argsort(-counts, axis=None, kind="stable")[:3]
    pairs = [divmod(int(place), 10) for place in order if counts.flat[place]]
    told = [f"{a} as {b} ({counts[a, b] / networks:.1f})" for a, b in pairs]
    return ", ".join(told) or numbers.NONE
