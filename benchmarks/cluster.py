"""What a cluster costs: tasks without work, and the coordinator of many workers.

`make bench-cluster`, for minutes; it writes to temporary folders and to `benchmarks/cluster.json`.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer

from benchmarks.idle import IdleTask
from benchmarks.race import REPOSITORY, included
from pipeline.data.mnist import load_digits
from pipeline.data.sources import place_mnist
from pipeline.execution.pool import SCHEDULER, open_pool
from pipeline.execution.runner import Runner
from pipeline.program import program

RESULTS = REPOSITORY / "benchmarks/cluster.json"
PAGE = REPOSITORY / "docs/cluster.md"
ADDRESS = "tcp://127.0.0.1:8791"


@dataclass(frozen=True, kw_only=True)
class Load:
    """So many tasks, by so many workers; each sleeps for a while and tells of its epochs."""

    name: str
    tasks: int
    workers: int
    seconds: float
    epochs: int
    joined: bool
    repeats: int = 3


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Of a coordinator, from its first task to its last; memory is its largest until then."""

    wall_s: float
    cpu_s: float
    memory_mb: float


LOADS = (
    Load(name="no work", tasks=1000, workers=2, seconds=0, epochs=0, joined=False),
    Load(name="no work, joined", tasks=1000, workers=2, seconds=0, epochs=0, joined=True),
    Load(name="64 workers", tasks=1280, workers=64, seconds=2, epochs=10, joined=False, repeats=1),
    Load(
        name="64 workers, joined",
        tasks=1280,
        workers=64,
        seconds=2,
        epochs=10,
        joined=True,
        repeats=1,
    ),
)


def main(load: str = typer.Option("", help="Measure this one in this process.")) -> None:
    if load:
        print(json.dumps(asdict(measured(Load(**json.loads(load))))))
        return
    with TemporaryDirectory() as name:
        place_mnist(Path(name) / "data", source="mnist", validation_images=10_000)
        rows = [asdict(load) | _typical(load, Path(name)) for load in LOADS]
    RESULTS.write_text(f"{json.dumps(rows, indent=1)}\n", encoding="utf8")
    page = PAGE.read_text(encoding="utf8")
    PAGE.write_text(included(page, "costs", table(rows)), encoding="utf8")
    print(table(rows))


def table(rows: list[dict[str, Any]]) -> str:
    lines = [
        "| coordinator of | tasks | ms a task | processor, cores | memory, MB |",
        "|:--|--:|--:|--:|--:|",
    ]
    for row in rows:
        own = row["wall_s"] - row["seconds"] * row["tasks"] / row["workers"]
        where = "on machines that it joined" if row["joined"] else "on this machine"
        doing = f"tasks of {row['seconds']:g} s" if row["seconds"] else "tasks of no work"
        lines.append(
            f"| {row['workers']} workers {where}, {doing} | {row['tasks']:,} "
            f"| {1000 * own / row['tasks']:.1f} | {row['cpu_s'] / row['wall_s']:.2f} "
            f"| {row['memory_mb']:.0f} |"
        )
    return "\n".join(lines)


def measured(load: Load) -> Cost:
    """As the coordinator, in this process; the workers are there before the clock starts."""
    pool = open_pool(program())
    tasks = [
        IdleTask(
            number=number,
            seconds=load.seconds,
            epochs=load.epochs,
            environment=pool.environment,
        )
        for number in range(load.tasks + load.workers)
    ]
    digits = load_digits(Path("data/train"))
    with Runner(pool, digits, most=load.tasks) as runner:
        runner.complete(tasks[load.tasks :], observers=[])
        wall, cpu = time.perf_counter(), time.process_time()
        runner.complete(tasks[: load.tasks], observers=[])
        return Cost(
            wall_s=time.perf_counter() - wall,
            cpu_s=time.process_time() - cpu,
            memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        )


def _typical(load: Load, folder: Path) -> dict[str, float]:
    """Of the repeats, the one whose wall time is the median."""
    costs = [_apart(load, folder / f"{load.name} {n}", folder) for n in range(load.repeats)]
    return sorted(costs, key=lambda cost: cost["wall_s"])[load.repeats // 2]


def _apart(load: Load, cache: Path, folder: Path) -> dict[str, float]:
    """In a process of its own, with an empty cache, beside workers if it is to join some."""
    env = {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY),
        "ABLATION_CACHE": str(cache),
        "ABLATION_WORKERS": str(load.workers),
    }
    with _cluster(folder, env) if load.joined else nullcontext():
        if load.joined:
            env[SCHEDULER] = ADDRESS
        said = subprocess.run(
            [sys.executable, "-m", "benchmarks.cluster", "--load", json.dumps(asdict(load))],
            cwd=folder,
            env=env,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return json.loads(said.stdout)


@contextmanager
def _cluster(folder: Path, env: dict[str, str]) -> Iterator[None]:
    """A scheduler and workers, as somebody would start them on other machines."""
    host, _, port = ADDRESS.removeprefix("tcp://").partition(":")
    program = str(Path(sys.executable).parent / "dask")
    scheduler = [program, "scheduler", "--host", host, "--port", port, "--no-dashboard"]
    worker = [sys.executable, "-m", "pipeline", "worker", ADDRESS]
    with (folder / "log.txt").open("wb") as log:
        running = [
            subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log)
            for command in (scheduler, worker)
        ]
        try:
            while b"workers for" not in (folder / "log.txt").read_bytes():
                assert running[1].poll() is None, (folder / "log.txt").read_text()
                time.sleep(0.2)
            yield
        finally:
            for process in reversed(running):
                process.terminate()
                process.wait()


if __name__ == "__main__":
    typer.run(main)
