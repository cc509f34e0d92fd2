"""What the report says beyond the error: certainty and ensembles."""

from collections.abc import Mapping
from typing import Any

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
