"""Four ways to train each variant of the standard study, side by side. Uses the real MNIST.

`make bench` on a machine with nothing else to do. Every way has a process of its own; they take
turns, an epoch each. Prints a table, and writes it to benchmarks/results.json and to
docs/performance.md.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import geometric_mean, median
from typing import Any

import torch
import typer

from benchmarks.floor import Rates, floor_seconds, measured_rates
from pipeline.data.sources import place_mnist
from pipeline.study import Study, load_study
from pipeline.training.cluster import ALLOCATOR
from pipeline.training.provenance import cpu_environment

REPOSITORY = Path(__file__).parents[1]
RESULTS = REPOSITORY / "benchmarks/results.json"
PAGE = REPOSITORY / "docs/performance.md"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
METHODS = ("conventional", "bare", "ours", "fused")
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Course:
    """What every contestant trains on, and how often."""

    study: Study
    folder: Path
    images: int
    repeats: int


def main(
    images: int = typer.Option(30_000, help="In an epoch."),
    repeats: int = typer.Option(3, help="Epochs measured of each, after one to warm up."),
    members: int = typer.Option(4, help="Networks fused on a CPU."),
    gpu_members: int = typer.Option(64, help="Networks fused on a GPU."),
) -> None:
    study = load_study(REPOSITORY / "params.yaml")
    torch.set_num_threads(1)
    devices = {"cpu": members} | ({"cuda": gpu_members} if torch.cuda.is_available() else {})
    rows, machine = list[Row](), _machine(images)
    with tempfile.TemporaryDirectory() as name:
        place_mnist(Path(name), source="mnist", validation_images=10_000)
        course = Course(study=study, folder=Path(name) / "train", images=images, repeats=repeats)
        for device, count in devices.items():
            rates = measured_rates(torch.device(device))
            machine["rates"][device] = asdict(rates)
            for variant in study.networks:
                rows += compared(course, variant, device, count, rates)
                print(f"{device} {variant} is measured", file=sys.stderr)
    results = {"machine": machine, "rows": rows}
    RESULTS.write_text(f"{json.dumps(results, indent=1)}\n", encoding="utf8")
    PAGE.write_text(included(PAGE.read_text(encoding="utf8"), results), encoding="utf8")
    print(table(results))


def compared(course: Course, variant: str, device: str, members: int, rates: Rates) -> list[Row]:
    """A row for each method, of the median epoch, and one for the floor."""
    counts = {method: members if method == "fused" else 1 for method in METHODS}
    seconds = _raced(course, variant, device, counts)
    speeds = {m: counts[m] * course.images / median(spent) for m, spent in seconds.items()}
    floor = floor_seconds(
        course.study.networks[variant],
        rates,
        images=course.images,
        batch_size=course.study.training.batch_size,
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
        for method, speed in (speeds | {"floor": course.images / floor}).items()
    ]


def _raced(
    course: Course, variant: str, device: str, counts: dict[str, int]
) -> dict[str, list[float]]:
    """Seconds of each method's epochs; the methods take turns, and the first epoch warms up."""
    seconds: dict[str, list[float]] = {method: [] for method in counts}
    with ExitStack() as open_:
        running = {
            method: open_.enter_context(_contestant(course, method, variant, device, members))
            for method, members in counts.items()
        }
        for process in running.values():
            _word(process)
        for _ in range(course.repeats + 1):
            for method, process in running.items():
                assert process.stdin
                process.stdin.write("\n")
                process.stdin.flush()
                seconds[method].append(float(_word(process)))
        for process in running.values():
            process.kill()
    return {method: spent[1:] for method, spent in seconds.items()}


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


def included(page: str, results: Row) -> str:
    """The page with what stands between its two marks replaced by the table."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table(results)}\n\n{END}{after}"


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


def _contestant(
    course: Course, method: str, variant: str, device: str, members: int
) -> "subprocess.Popen[str]":
    epochs = course.repeats + 1
    words = (method, variant, device, course.images, members, epochs, course.folder)
    plain = {name: value for name, value in os.environ.items() if name not in ALLOCATOR}
    # Ours has the settings that its workers have; the others run as anybody would run them.
    settings = ALLOCATOR if method in ("ours", "fused") else {}
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.contestant", *map(str, words)],
        cwd=REPOSITORY,
        env=plain | settings | {"OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _word(process: "subprocess.Popen[str]") -> str:
    """What a contestant says next. Raises where it ended instead."""
    assert process.stdout
    word = process.stdout.readline().strip()
    if not word:
        raise RuntimeError(f"a contestant ended early: {process.args}")
    return word


if __name__ == "__main__":
    typer.run(main)
