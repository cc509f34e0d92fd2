"""What the figures draw: rows of values in percent and of layers, with their tooltips' words."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from pipeline.networks.describe import COUNTS
from pipeline.networks.sizes import Layer
from pipeline.report import numbers

Rows = list[dict[str, Any]]

# Field of a row -> what the tooltip calls it, in this order.
TOOLTIPS = {
    "variant": "variant",
    "comparison": "comparison",
    "epoch": "epoch",
    "trial": "trial",
    "set": "set",
    "stage": "stage",
    "state": "state",
    "images": "training images",
    "settings": "settings",
    "estimate": "estimate",
    "interval": "95 % interval",
    "range": "range over seeds",
    "n": "n",
    "verdict": "verdict",
    "amount": "cost",
    "idea": "idea",
    "measure": "measure",
    "read": "shown",
    "label": "digit",
    "answer": "read as",
    "layer": "layer",
    "form": "form",
    "activation": "activation function",
    "shape": "output shape",
    "receptive_field": "receptive field",
    "parameters": "parameters",
    "connections": "connections",
    "macs": "MACs",
    "activations": "activations",
    "differs": "differs in",
}
BREAK = " · "  # between the lines of a label
LABELS = 3  # lines under the drawing of a layer


def differences(results: Mapping[str, Any]) -> Rows:
    """A row for each comparison that has a difference."""
    known = [each for each in results["comparisons"] if each["difference"] is not None]
    return [_difference(results["variants"], comparison) for comparison in known]


def errors(results: Mapping[str, Any]) -> Rows:
    """A row for each variant."""
    return [
        {
            "variant": name,
            "value": 100 * variant["test_error"]["mean"],
            **interval(variant["test_error"]["ci95"]),
            "estimate": numbers.error_with_interval(variant["test_error"]["mean"], None) + " %",
            "n": size(variant["test_error"], "seed"),
        }
        for name, variant in results["variants"].items()
    ]


def seeds(results: Mapping[str, Any]) -> Rows:
    """A row for each trained network."""
    return [
        {"variant": name, "value": 100 * share}
        for name, variant in results["variants"].items()
        for share in variant["test_error"]["per_seed"]
    ]


def layer(variant: str, layer: Layer, baseline: Layer | None) -> dict[str, Any]:
    """The summary of a layer, and in which of its columns the baseline's has something else."""
    return {
        "variant": variant,
        "layer": layer.name.capitalize(),
        "form": layer.form,
        "activation": numbers.plain(layer.activation),
        "shape": shape(layer),
        "receptive_field": f"{layer.receptive_field}x{layer.receptive_field} pixels",
        **{size: numbers.count(getattr(layer, size)) for size in COUNTS},
        "activations": numbers.counted(layer.activation_bytes, "byte"),
        "differs": _differing(layer, baseline),
    }


def labels(layer: Layer, *, absent: bool) -> list[str]:
    """What stands under the drawing of a layer."""
    name = layer.name.capitalize()
    if absent:
        return [name, "absent"]
    # The input has none, so that its column can say what the numbers of the others are.
    parameters = "parameters:" if layer.name == "input" else numbers.count(layer.parameters)
    return [name, shape(layer), parameters]


def shape(layer: Layer) -> str:
    """As the paper writes it: "6@28x28" for maps, "32x32" for one, "84" for units."""
    number, *sides = layer.output_shape
    if not sides:
        return numbers.count(number)
    size = "x".join(map(str, sides))
    return size if number == 1 else f"{number}@{size}"


def _differing(layer: Layer, baseline: Layer | None) -> str:
    if baseline is None:
        return "all: the baseline has no such layer"
    names = [field.name for field in fields(layer) if field.compare]
    found = [name for name in names if getattr(layer, name) != getattr(baseline, name)]
    return ", ".join(TOOLTIPS.get(name, name.replace("_", " ")) for name in found) or numbers.NONE


def _difference(variants: Mapping[str, Any], comparison: Mapping[str, Any]) -> dict[str, Any]:
    compared = f"{comparison['variant']} vs {comparison['baseline']}"
    return {
        "variant": comparison["variant"],
        "comparison": compared,
        "judged": f"{compared}{BREAK}{comparison['verdict']}",
        "value": 100 * comparison["difference"],
        **interval(comparison["ci95"]),
        "estimate": numbers.change_with_interval(comparison["difference"], None) + " points",
        "n": size(variants[comparison["variant"]]["test_error"], "paired seed"),
        "verdict": comparison["verdict"],
    }


def bounded(drawn: Rows) -> bool:
    """Whether any row has an interval to draw."""
    return any(row["low"] is not None for row in drawn)


def interval(ci95: Sequence[float] | None) -> dict[str, Any]:
    """`low` and `high` in percent, and the `interval` in words."""
    if ci95 is None:
        return {"low": None, "high": None, "interval": "none"}
    text = numbers.span(ci95, numbers.decimals(ci95))
    return {"low": 100 * ci95[0], "high": 100 * ci95[1], "interval": text}


def sizes(drawn: Rows) -> str:
    """A sentence on the samples behind the rows, or nothing where they have none."""
    found = dict.fromkeys(row["n"] for row in drawn if "n" in row)
    return f" n = {' or '.join(found)}." if found else ""


def size(error: Mapping[str, Any], noun: str) -> str:
    """Of the sample, as in "10 seeds × 10,000 images"."""
    images = numbers.counted(error["n_images"], "image")
    return f"{numbers.counted(error['n_seeds'], noun)} × {images}"
