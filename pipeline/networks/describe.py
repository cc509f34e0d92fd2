"""The account of a network for people and for programs."""

from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.networks.accounting import account
from pipeline.networks.spec import NetworkSpec


def as_dict(
    variant: str, difference: Mapping[str, object], network: NetworkSpec
) -> dict[str, Any]:
    """Plain values: totals and layers."""
    sizes = account(network)
    return {
        "variant": variant,
        "difference": dict(difference),
        "parameters": sizes.parameters,
        "connections": sizes.connections,
        "macs": sizes.macs,
        "layers": [
            {
                "name": layer.name,
                "output_shape": list(layer.output_shape),
                "parameters": layer.parameters,
                "connections": layer.connections,
                "macs": layer.macs,
            }
            for layer in sizes.layers
        ],
    }


def as_text(described: Iterable[Mapping[str, Any]]) -> str:
    """A table for each variant."""
    return "\n\n".join("\n".join(_lines(variant)) for variant in described)


def _lines(variant: Mapping[str, Any]) -> list[str]:
    words = ", ".join(f"{field}: {word}" for field, word in variant["difference"].items())
    head = f"{variant['variant']}  ({words or 'the baseline'})"
    columns = f"  {'layer':<8}{'output':>12}{'parameters':>14}{'connections':>14}{'MACs':>14}"
    rows = [
        _row(layer["name"], "x".join(map(str, layer["output_shape"])), layer)
        for layer in variant["layers"]
    ]
    return [head, columns, *rows, _row("total", "", variant)]


def _row(name: str, shape: str, sizes: Mapping[str, Any]) -> str:
    numbers = "".join(f"{sizes[size]:>14,}" for size in ("parameters", "connections", "macs"))
    return f"  {name:<8}{shape:>12}{numbers}"
