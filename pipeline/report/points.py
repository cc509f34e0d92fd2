"""What the figures with a line for each variant draw: rows of values in percent."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.analysis.curves import Curves, Points
from pipeline.report import numbers, rows


def curves(results: Mapping[str, Any], curves: Curves) -> rows.Rows:
    """A row for each variant and epoch, in training and in validation.

    No error at all has no place on a logarithmic axis: it is drawn at half an image.
    """
    study = results["study"]
    return [
        *_curve("training, all images", curves.training, floor=0.5 / study["training_images"]),
        *_curve(
            "validation, in tuning", curves.validation, floor=0.5 / study["validation_images"]
        ),
    ]


def trials(results: Mapping[str, Any], *, floor: float) -> rows.Rows:
    """A row for each variant and trial from the first that did not fail.

    Anything below `floor`, a fraction, is drawn there. `improved` says whether the trial was
    better than all before it.
    """
    places = numbers.resolved(results["study"]["validation_images"])
    return [
        {
            "variant": name,
            "trial": trial["trial"],
            "value": 100 * max(trial["best"], floor),
            "improved": before is None or trial["best"] < before,
            "settings": numbers.settings(trial["hyperparameters"]),
            "estimate": numbers.percent(trial["best"], places) + " %",
        }
        for name, variant in results["variants"].items()
        for before, trial in _after(variant["tuning"]["trials"])
        if trial["best"] is not None
    ]


def corrupted(results: Mapping[str, Any]) -> rows.Rows:
    """A row for each variant and strength along each curve, from none at all."""
    found = results["robustness"]
    return [
        {
            "curve": f"{curve} ({reported['unit']})",
            "variant": variant,
            "strength": strength,
            "set": name,
            "mean": 100 * each["sets"][name]["mean"],
            "estimate": numbers.share(each["sets"][name] | {"ci95": None}) + " %",
            **rows.interval(each["sets"][name]["ci95"]),
            "n": rows.size(each["sets"][name], "seed"),
        }
        for curve, reported in found["curves"].items()
        for variant, each in found["variants"].items()
        for name, strength in {reported["start"]: 0.0, **reported["sets"]}.items()
    ]


def samples(results: Mapping[str, Any]) -> rows.Rows:
    """A row for each variant and number of training images."""
    found = results["samples"]
    # As in the curves of training: no error at all is drawn at half an image.
    floor = 50 / results["study"]["test_images"]  # in percent
    return [
        {
            "variant": name,
            "images": size,
            "mean": max(floor, 100 * error["mean"]),
            "estimate": numbers.share(error | {"ci95": None}) + " %",
            **_above(floor, rows.interval(error["ci95"])),
            "n": rows.size(error, "seed"),
        }
        for name, each in found["variants"].items()
        for size in found["sizes"]
        for error in [each["errors"][str(size)]]
    ]


def stages(results: Mapping[str, Any]) -> rows.Rows:
    """A row for each variant and stage, trained and untrained."""
    floor = 50 / results["study"]["test_images"]
    return [
        {
            "variant": name,
            "stage": stage.upper(),
            "state": state,
            "mean": max(floor, 100 * found[state]["mean"]),
            "estimate": numbers.share(found[state] | {"ci95": None}) + " %",
            **_above(floor, rows.interval(found[state]["ci95"])),
            "n": rows.size(found[state], "seed"),
        }
        for state in ("trained", "untrained")
        for name, variant in results["variants"].items()
        for stage, found in variant["hierarchy"]["stages"].items()
        if found[state]["mean"] is not None
    ]


def _curve(kind: str, curves: Mapping[str, Points], *, floor: float) -> rows.Rows:
    return [
        {
            "kind": f"{kind}; {numbers.counted(point['n'], 'seed')}",
            "variant": name,
            "epoch": point["epoch"],
            **{key: 100 * max(point[key], floor) for key in ("mean", "low", "high")},
            "estimate": numbers.percent(point["mean"], 3) + " %",
            "range": numbers.span((point["low"], point["high"]), 3) + " %",
            "n": numbers.counted(point["n"], "seed"),
        }
        for name, points in curves.items()
        for point in points
    ]


def _above(floor: float, limits: Mapping[str, Any]) -> dict[str, Any]:
    """For a logarithmic axis."""
    if limits["low"] is None:
        return dict(limits)
    return {**limits, **{end: max(floor, limits[end]) for end in ("low", "high")}}


def _after(trials: Sequence[Mapping[str, Any]]) -> list[tuple[float | None, Mapping[str, Any]]]:
    """Each trial with the best error before it."""
    return list(zip([None, *(trial["best"] for trial in trials)], trials, strict=False))
