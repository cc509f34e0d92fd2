"""Four ways to train each variant of the standard study, side by side. Uses the real MNIST.

`make bench` on a machine with nothing else to do. Every way has a process of its own; they take
turns, an epoch each. Prints a table, and writes it to benchmarks/results.json and to
docs/performance.md.
"""

import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict
from statistics import geometric_mean, median
from typing import Any

import torch
import typer

from benchmarks.floor import Rates, floor_seconds, measured_rates
from benchmarks.race import REPOSITORY, Contestant, Course, course, publish, race
from pipeline.training.cluster import ALLOCATOR
from pipeline.training.provenance import cpu_environment

RESULTS = REPOSITORY / "benchmarks/results.json"
METHODS = ("conventional", "bare", "ours", "fused")
Row = dict[str, Any]


def main(
    images: int = typer.Option(20_000, help="In an epoch."),
    heats: int = typer.Option(3, help="Each with new processes."),
    members: int = typer.Option(4, help="Networks fused on a CPU."),
    gpu_members: int = typer.Option(64, help="Networks fused on a GPU."),
) -> None:
    torch.set_num_threads(1)
    devices = {"cpu": members} | ({"cuda": gpu_members} if torch.cuda.is_available() else {})
    rows, machine = list[Row](), _machine(images)
    with course(images, heats) as races:
        for device, count in devices.items():
            rates = measured_rates(torch.device(device))
            machine["rates"][device] = asdict(rates)
            for variant in races.study.networks:
                rows += compared(races, variant, device, count, rates)
                print(f"{device} {variant} is measured", file=sys.stderr)
    results = {"machine": machine, "rows": rows}
    publish(RESULTS, results, "bench", table(results))


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
            "device": device,
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
        "| device | variant | bare loop, images/s | conventional | ours | ours / conventional "
        "| fused | floor |",
        "|:--|:--|--:|--:|--:|--:|--:|--:|",
    ]
    cells = {(row["device"], row["variant"], row["method"]): row for row in results["rows"]}
    for device, variant in dict.fromkeys((d, v) for d, v, _ in cells):
        found = {method: cells[device, variant, method] for method in (*METHODS, "floor")}
        ratios = {method: f"{row['ratio_to_bare']:.2f}" for method, row in found.items()}
        lines.append(
            f"| {device} | {variant} | {found['bare']['images_per_s']:,.0f} "
            f"| {ratios['conventional']} | **{ratios['ours']}** "
            f"| {found['ours']['ratio_to_conventional']:.2f} "
            f"| {ratios['fused']} ({found['fused']['members']}) | {ratios['floor']} |"
        )
    return "\n".join(lines) + "\n\n" + _summary(results["rows"], results["machine"])


def _summary(rows: Sequence[Row], machine: Row) -> str:
    words: list[str] = []
    for device in machine["rates"]:
        ours = [row for row in rows if row["device"] == device and row["method"] == "ours"]
        mean = geometric_mean([row["ratio_to_conventional"] for row in ours])
        words.append(
            f"Geometric mean over the variants, ours against the conventional recipe on "
            f"{machine['devices'][device]}: {mean:.2f}."
        )
    return "\n\n".join(words)


def _machine(images: int) -> Row:
    devices = {"cpu": cpu_environment().device}
    if torch.cuda.is_available():
        devices["cuda"] = torch.cuda.get_device_name()
    return {
        "devices": devices,
        "cores": os.cpu_count(),
        "threads": 1,
        "system": platform.system(),
        "torch": torch.__version__,
        "images": images,
        "rates": {},
    }


if __name__ == "__main__":
    typer.run(main)
