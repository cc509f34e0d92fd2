"""What the report says of the stages: how far each has come, and whether it moves with a digit."""

from collections.abc import Mapping
from typing import Any

from pipeline.report import numbers
from pipeline.report.tables import Table

MAPS = ("c1", "s2", "c3", "s4")


def introduction(results: Mapping[str, Any]) -> str:
    first = next(iter(results["variants"].values()))["hierarchy"]["input"]
    return (
        "How far has each stage come? A linear classifier (a ridge regression, in closed form) "
        "reads the digit off its activations, once as the network is and once as it began, before "
        "any training: what wiring alone is worth. It was fitted to training images, and its "
        "ridge chosen on others, all of which the networks were trained on. On the image itself "
        f"it misreads {numbers.percent(first['mean'], 2)} % of "
        f"{numbers.count(first['n_images'])} test images.{_both_ways(results)}"
    )


def _both_ways(results: Mapping[str, Any]) -> str:
    """Why a later stage gains more: it reads better trained, or worse untrained, or both."""
    baseline = results["study"]["baseline"]
    stages = results["variants"][baseline]["hierarchy"]["stages"]
    if not {"s2", "c5"} <= stages.keys():
        return ""
    trained, untrained = (
        numbers.percent(stages["c5"][state]["mean"] - stages["s2"][state]["mean"], 2, signed=True)
        for state in ("trained", "untrained")
    )
    return (
        f" A later stage can gain more in two ways. From S2 to C5 of `{baseline}` the error moves "
        f"by {trained} points in the trained networks and by {untrained} in the untrained ones."
    )


def stage_table(results: Mapping[str, Any]) -> Table:
    """A row a stage of a variant."""
    return Table(
        caption="Error of a linear classifier on a stage's activations, with 95 % intervals over "
        "seeds and images. Gain: what training takes off.",
        columns=(
            *("Variant", "Stage", "Trained, %", "Untrained, %", "Gain, points"),
            "n (seeds × images)",
        ),
        numeric=(False, False, True, True, True, True),
        rows=tuple(
            (
                *(name, stage.upper()),
                *(numbers.share(found[state]) for state in ("trained", "untrained")),
                numbers.change_with_interval(found["gain"]["mean"], found["gain"]["ci95"]),
                numbers.sample(found["trained"]),
            )
            for name, variant in results["variants"].items()
            for stage, found in variant["hierarchy"]["stages"].items()
        ),
    )


def shift_table(results: Mapping[str, Any]) -> Table | None:
    """A row a variant with layers of maps; None where none has any."""
    found = {
        name: variant["hierarchy"]["shift_errors"]
        for name, variant in results["variants"].items()
        if variant["hierarchy"]["shift_errors"]
    }
    if not found:
        return None
    return Table(
        caption="Is a feature found wherever it appears? The digit was moved by one unit of the "
        "layer: how far the layer's maps are then from its maps moved by one unit, in the maps' "
        "standard deviation. 0: found again; about 1.4: two maps that have nothing in common. "
        "Means over the networks, with 95 % intervals over seeds alone.",
        columns=("Variant", *(layer.upper() for layer in MAPS), "n (seeds)"),
        numeric=(False, *[True] * (len(MAPS) + 1)),
        rows=tuple(
            (
                name,
                *(numbers.value(shifts.get(layer), 2) for layer in MAPS),
                numbers.count(next(iter(shifts.values()))["n_seeds"]),
            )
            for name, shifts in found.items()
        ),
    )
