"""Four ways to train each variant of the standard study, side by side. Uses the real MNIST.

`make bench` on a machine with nothing else to do: on its GPU, or on its CPU where there is none.
Every way has a process of its own; they take turns, an epoch each. Prints a table, and writes it
to docs/performance.md and its numbers to benchmarks/speed-DEVICE.json.
"""

import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path
from statistics import geometric_mean, median
from typing import Annotated, Any

import torch
import typer

from benchmarks.floor import Rates, floor_seconds, measured_rates
from benchmarks.race import REPOSITORY, Contestant, Course, course, publish, race
from pipeline.execution.local import ALLOCATOR
from pipeline.execution.provenance import cpu_environment

METHODS = ("conventional", "bare", "ours", "fused")
FUSED = {"cpu": 4, "cuda": 64}
Row = dict[str, Any]


def main(
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = (
        "cuda" if torch.cuda.is_available() else "cpu"
    ),
    images: Annotated[int, typer.Option(help="In an epoch.")] = 20_000,
    heats: Annotated[int, typer.Option(help="Each with new processes.")] = 3,
    members: Annotated[int | None, typer.Option(help=f"Networks fused: {FUSED}.")] = None,
) -> None:
    torch.set_num_threads(1)
    rates, rows = measured_rates(torch.device(device)), list[Row]()
    with course(images, heats) as races:
        for variant in races.study.networks:
            rows += compared(races, variant, device, members or FUSED[device], rates)
            print(f"{variant} is measured", file=sys.stderr)
    machine = _machine(device) | {"images": images, "heats": heats, "rates": asdict(rates)}
    results = {"machine": machine, "rows": rows}
    publish(results_file(device), results, f"bench-{device}", table(results))


def results_file(device: str) -> Path:
    return REPOSITORY / f"benchmarks/speed-{device}.json"


def compared(races: Course, variant: str, device: str, members: int, rates: Rates) -> list[Row]:
    """A row for each method, of the median heat, and one for the floor."""
    counts = {method: members if method == "fused" else 1 for method in METHODS}
    # Ours has the settings that its workers have; the others run as anybody would run them.
    contestants = {
        method: Contestant(
            method=method,
            members=counts[method],
            settings=ALLOCATOR if method in ("ours", "fused") else {},
        )
        for method in METHODS
    }
    seconds = race(races, variant, device, contestants)
    speeds = {m: counts[m] * races.images / median(spent) for m, spent in seconds.items()}
    floor = floor_seconds(
        races.study.networks[variant],
        rates,
        images=races.images,
        batch_size=races.study.training.batch_size,
    )
    return [
        {
            "variant": variant,
            "method": method,
            "members": counts.get(method, 1),
            "images_per_s": speed,
            "ratio_to_bare": speed / speeds["bare"],
            "ratio_to_conventional": speed / speeds["conventional"],
        }
        for method, speed in (speeds | {"floor": races.images / floor}).items()
    ]


def table(results: Row) -> str:
    """Markdown: images a second by the bare loop, and how many times as many by the others."""
    lines = [
        "| variant | bare loop, images/s | conventional | ours | ours / conventional "
        "| fused | floor |",
        "|:--|--:|--:|--:|--:|--:|--:|",
    ]
    cells = {(row["variant"], row["method"]): row for row in results["rows"]}
    for variant in dict.fromkeys(variant for variant, _ in cells):
        found = {method: cells[variant, method] for method in (*METHODS, "floor")}
        ratios = {method: f"{row['ratio_to_bare']:,.2f}" for method, row in found.items()}
        lines.append(
            f"| {variant} | {found['bare']['images_per_s']:,.0f} "
            f"| {ratios['conventional']} | **{ratios['ours']}** "
            f"| {found['ours']['ratio_to_conventional']:.2f} "
            f"| {ratios['fused']} ({found['fused']['members']}) | {ratios['floor']} |"
        )
    return "\n".join(lines) + "\n\n" + _summary(results)


def _summary(results: Row) -> str:
    ours = [row["ratio_to_conventional"] for row in results["rows"] if row["method"] == "ours"]
    machine = results["machine"]
    return (
        f"On {machine['device']}, torch {machine['torch']}, median of heats: {machine['heats']}. "
        f"Geometric mean of ours / conventional: {geometric_mean(ours):.2f}."
    )


def _machine(device: str) -> Row:
    name = torch.cuda.get_device_name() if device == "cuda" else cpu_environment().device
    return {
        "device": name,
        "cores": os.cpu_count(),
        "threads": 1,
        "system": platform.system(),
        "torch": torch.__version__,
    }


if __name__ == "__main__":
    typer.run(main)
