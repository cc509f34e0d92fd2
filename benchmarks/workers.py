"""How much faster two workers are than one, and what coordination costs. Uses the real MNIST.

`make bench-workers` on a machine with nothing else to do; it writes to temporary folders alone.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import typer
import yaml

from pipeline.data.mnist import load_digits
from pipeline.data.sources import place_mnist
from pipeline.execution.pool import open_pool
from pipeline.execution.provenance import cpu_environment
from pipeline.execution.runner import Runner
from pipeline.native.build import kernels_name
from pipeline.program import program
from pipeline.study import load_study, merged, read_yaml
from pipeline.training.plan import Plan, final_plan

REPOSITORY = Path(__file__).parents[1]
HELD_BACK = 10_000
# Eleven tasks of one variant, every phase of a sweep, 24 epochs.
SWEEP: dict[str, Any] = {
    "name": "benchmark",
    "search": {
        "trials": 6,
        "epochs": 2,
        "finalists": 3,
        "finalist_seeds": [101],
        "audit_seeds": [104],
    },
    "training": {"epochs": 2, "batch_size": 128},
}


def main(
    tasks: int = typer.Option(6, help="In a batch, of one epoch each."),
    repeats: int = typer.Option(3, help="Of each measurement."),
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        place_mnist(folder / "data", source="mnist", validation_images=HELD_BACK)
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the start\n")
        speed_up(folder, tasks, repeats)
        coordination(folder, repeats)


def speed_up(folder: Path, tasks: int, repeats: int) -> None:
    """A batch of equal tasks, by one worker and by two in turn; starting them is not counted."""
    plan = _plan(folder, tasks)
    print(f"{tasks} equal tasks   1 worker, s   2 workers, s   ratio")
    ratios: list[float] = []
    for repeat in range(repeats):
        seconds = [_batch(plan, folder / f"cache-{repeat}-{number}", number) for number in (1, 2)]
        ratios.append(seconds[0] / seconds[1])
        print(f"{repeat + 1:>13}{seconds[0]:>14.1f}{seconds[1]:>15.1f}{ratios[-1]:>8.2f}")
    print(f"median ratio {median(ratios):.2f}; wanted: at least 1.8\n")


def coordination(folder: Path, repeats: int) -> None:
    """What a sweep takes beyond the training of its tasks, per cent of that training."""
    columns = ("workers", "training, s", "idle, s", "end, s", "idle and end", "start, s", "all")
    print("sweep" + "".join(f"{column:>14}" for column in columns))
    for repeat in range(repeats):
        for number in (1, 2):
            timing = _sweep(folder / f"sweep-{repeat}-{number}", folder / "data", number)
            training, idle, start, end = _account(timing)
            shares = ((idle + end) / training, (idle + end + start) / training)
            print(
                f"{repeat + 1:>5}{number:>14}{training:>14.1f}{idle:>14.2f}{end:>14.2f}"
                f"{shares[0]:>14.2%}{start:>14.1f}{shares[1]:>14.2%}"
            )
    print(
        "Idle: seconds of workers that had no task while one was waiting. End: after the last\n"
        "task, with importance, outputs, export and tracking. Wanted, idle and end: below 2 % of\n"
        "training. Start: Python, the workers and their imports, once a stage."
    )


def _plan(folder: Path, tasks: int) -> Plan:
    study = load_study(REPOSITORY / "params.yaml")
    return final_plan(
        load_digits(folder / "data/train"),
        study.networks["lenet5"],
        study.defaults["lenet5"],
        seeds=range(tasks),
        epochs=1,
        batch_size=study.training.batch_size,
        environment=cpu_environment(kernels=kernels_name()),
    )


def _batch(plan: Plan, cache: Path, number: int) -> float:
    """Seconds for the tasks of the plan, by workers that have just trained a short task each."""
    os.environ |= {"ABLATION_CACHE": str(cache), "ABLATION_WORKERS": str(number)}
    whole = plan.digits.subsets[plan.tasks[0].train_on]
    digits = replace(plan.digits, subsets={**plan.digits.subsets, "short": whole[:1000]})
    first = [replace(task, train_on="short") for task in plan.tasks[:number]]
    with Runner(open_pool(program()), digits, most=len(plan.tasks)) as runner:
        runner.complete(first, observers=[])
        start = time.perf_counter()
        runner.complete(plan.tasks, observers=[])
        return time.perf_counter() - start


def _sweep(folder: Path, data: Path, number: int) -> dict[str, Any]:
    """The timing of a sweep stage with everything it does: cache, Optuna, tracking, outputs.

    With it: when its process began and was gone, in Unix seconds.
    """
    folder.mkdir()
    (folder / "data").symlink_to(data)
    study = merged(read_yaml(REPOSITORY / "params.yaml"), SWEEP)
    (folder / "params.yaml").write_text(yaml.safe_dump(study), encoding="utf8")
    place = {"ABLATION_CACHE": str(folder / "cache"), "ABLATION_WORKERS": str(number)}
    begun = time.time()
    subprocess.run(
        [sys.executable, "-m", "pipeline", "sweep", "lenet5"],
        cwd=folder,
        env={**os.environ, **place, "PYTHONPATH": str(REPOSITORY)},
        stderr=subprocess.DEVNULL,  # its progress
        check=True,
    )
    timing = json.loads((folder / "timings/sweep-lenet5.json").read_text(encoding="utf8"))
    return timing | {"begun": begun, "gone": time.time()}


def _account(timing: dict[str, Any]) -> tuple[float, float, float, float]:
    """Seconds of training, of workers idle while a task waited, before it all and after it."""
    spans = [(run["started"], run["ended"]) for run in timing["runs"]]
    training = sum(end - start for start, end in spans)
    search = SWEEP["search"]
    finalists = search["trials"] + search["finalists"] * len(search["finalist_seeds"])
    phases = [spans[: search["trials"]], spans[search["trials"] : finalists], spans[finalists:]]
    idle, begun = 0.0, min(start for start, _ in spans)
    for phase in phases:
        idle += _idle(phase, begun, timing["workers"])
        begun = max(end for _, end in phase)
    start, end = min(s for s, _ in spans) - timing["begun"], timing["gone"] - begun
    return training, idle, start, end


def _idle(spans: list[tuple[float, float]], begun: float, workers: int) -> float:
    """Seconds of workers without a task, while there were tasks that nobody had yet."""
    marks = sorted({begun, *(start for start, _ in spans), *(end for _, end in spans)})
    total = 0.0
    for at, until in pairwise(marks):
        waiting = sum(start > at for start, _ in spans)
        running = sum(start <= at < end for start, end in spans)
        total += max(0, min(workers - running, waiting)) * (until - at)
    return total


if __name__ == "__main__":
    typer.run(main)
