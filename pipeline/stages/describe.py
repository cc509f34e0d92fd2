"""Print every variant of params.yaml and studies/: what it differs in, and its size."""

import json
from pathlib import Path
from typing import Annotated

import typer

from pipeline.networks.accounting import account
from pipeline.networks.describe import as_dict, as_text
from pipeline.study import known_networks, load_study


def main(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    drawing: Annotated[Path | None, typer.Option(help="Write an SVG of all variants.")] = None,
) -> None:
    described = [
        as_dict(variant, difference, network)
        for variant, (difference, network) in known_networks().items()
    ]
    print(json.dumps(described, indent=2) if as_json else as_text(described))
    if drawing:
        drawing.write_text(family(), encoding="utf8")


def family() -> str:
    """The architecture of every known variant as one SVG."""
    from pipeline.report.charts import architectures

    known = known_networks()
    return architectures(
        {variant: account(network) for variant, (_, network) in known.items()},
        baseline=load_study().baseline,
        differences={variant: difference for variant, (difference, _) in known.items()},
    ).svg()
