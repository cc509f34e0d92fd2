"""Print every variant of params.yaml and studies/: what it differs in, and its size."""

import json
from typing import Annotated

import typer

from pipeline.networks.describe import as_dict, as_text
from pipeline.study import known_networks


def main(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    described = [
        as_dict(variant, difference, network)
        for variant, (difference, network) in known_networks().items()
    ]
    print(json.dumps(described, indent=2) if as_json else as_text(described))
