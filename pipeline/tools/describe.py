"""Print every variant of params.yaml and studies/: its difference, its layers and their sizes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from pipeline.execution.errors import UserError
from pipeline.networks.describe import as_dict, as_text
from pipeline.networks.sizes import ModelSummary
from pipeline.networks.summary import summarize
from pipeline.study import known_networks, load_study


def main(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    drawing: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write an SVG of all variants.")
    ] = None,
) -> None:
    if drawing and not drawing.parent.is_dir():
        raise UserError(
            f"`--drawing` must be in a folder that exists, but there is no `{drawing.parent}`."
        )
    summaries, differences = _known()
    described = [as_dict(name, differences[name], sizes) for name, sizes in summaries.items()]
    print(json.dumps(described, indent=2) if as_json else as_text(summaries, differences))
    if drawing:
        drawing.write_text(family(), encoding="utf8")


def family() -> str:
    """The architecture of every known variant as one SVG."""
    from pipeline.report.charts import architectures

    summaries, differences = _known()
    baseline = load_study().baseline
    return architectures(summaries, baseline=baseline, differences=differences).svg()


def _known() -> tuple[dict[str, ModelSummary], dict[str, Mapping[str, object]]]:
    """The model summary and the difference of every known variant, by name."""
    known = known_networks()
    summaries = {name: summarize(network) for name, (_, network) in known.items()}
    return summaries, {name: difference for name, (difference, _) in known.items()}
