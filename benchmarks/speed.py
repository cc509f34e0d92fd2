"""Ways to train each variant of the standard study, side by side. Uses the real MNIST.

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

# The native kernels use AVX2 and no more, so that their results do not depend on the CPU. To be
# compared, the others are held to the same instructions; `bare_any` uses all that the CPU has.
AVX2 = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}
METHODS = {
    "cpu": {
        "conventional": AVX2,
        "bare": AVX2,
        "bare_any": {},
        "plain": AVX2 | ALLOCATOR | {"ABLATION_NATIVE": "0"},
        "ours": ALLOCATOR,
    },
    "cuda": {"conventional": {}, "bare": {}, "ours": ALLOCATOR, "stacked": ALLOCATOR},
}
STACK = 64
Row = dict[str, Any]


def main(
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = (
        "cuda" if torch.cuda.is_available() else "cpu"
    ),
    images: Annotated[int, typer.Option(help="In an epoch.")] = 20_000,
    heats: Annotated[int, typer.Option(help="Each with new processes.")] = 3,
    stack: Annotated[int, typer.Option(help="Networks trained as one on a GPU.")] = STACK,
) -> None:
    torch.set_num_threads(1)
    rates, rows = measured_rates(torch.device(device)), list[Row]()
    with course(images, heats) as races:
        for variant in races.study.networks:
            rows += compared(races, variant, device, stack, rates)
            print(f"{variant} is measured", file=sys.stderr)
    machine = _machine(device) | {"images": images, "heats": heats, "rates": asdict(rates)}
    results = {"machine": machine, "rows": rows}
    publish(results_file(device), results, f"bench-{device}", table(results))


def results_file(device: str) -> Path:
    return REPOSITORY / f"benchmarks/speed-{device}.json"


def compared(races: Course, variant: str, device: str, stack: int, rates: Rates) -> list[Row]:
    """A row for each method, of the median heat, and one for the floor."""
    contestants = {
        method: Contestant(
            method=method, num_models=stack if method == "stacked" else 1, settings=settings
        )
        for method, settings in METHODS[device].items()
    }
    seconds = race(races, variant, device, contestants)
    speeds = {
        method: contestants[method].num_models * races.images / median(spent)
        for method, spent in seconds.items()
    }
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
            "num_models": contestants[method].num_models if method in contestants else 1,
            "images_per_s": speed,
            "ratio_to_bare": speed / speeds["bare"],
            "ratio_to_conventional": speed / speeds["conventional"],
        }
        for method, speed in (speeds | {"floor": races.images / floor}).items()
    ]


def table(results: Row) -> str:
    """Markdown: images a second by the bare loop, and how many times as many by the others."""
    rows = {(row["variant"], row["method"]): row for row in results["rows"]}
    others = [method for method in dict.fromkeys(method for _, method in rows) if method != "bare"]
    lines = [
        f"| variant | bare loop, images/s | {' | '.join(map(_title, others))} "
        "| ours / conventional |",
        f"|:--|--:|{'--:|' * len(others)}--:|",
    ]
    for variant in dict.fromkeys(variant for variant, _ in rows):
        ratios = [f"{rows[variant, method]['ratio_to_bare']:,.2f}" for method in others]
        lines.append(
            f"| {variant} | {rows[variant, 'bare']['images_per_s']:,.0f} | {' | '.join(ratios)} "
            f"| {rows[variant, 'ours']['ratio_to_conventional']:.2f} |"
        )
    return "\n".join(lines) + "\n\n" + _summary(results)


def _title(method: str) -> str:
    return {"bare_any": "bare, all instructions", "plain": "ours, no compiler"}.get(method, method)


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
