"""A small study, killed at random moments, must come to what it comes to undisturbed.

`python -m tests.faults --kills 20 --seed 1998` prints a line for each kill. The process killed is
DVC's own, a stage or a worker. After a dead worker the same run must succeed, else the next one.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import psutil
import typer
import yaml

from pipeline.evaluation.test_set_log import LOG
from pipeline.study import merged, read_yaml
from tests.test_interruption import processes
from tests.test_pipeline import copy_repository

Victim = Literal["dvc", "stage", "worker"]
VICTIMS: tuple[Victim, ...] = ("dvc", "stage", "worker")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
WORKERS = 2
# The whole chain for one variant, in tasks of about a second: many kills find some under way.
DIFFERENCE = {
    "name": "faults",
    "search": {"trials": 4, "epochs": 15},
    "training": {"epochs": 20, "batch_size": 10},
    "evaluation": {"planned": []},
}
PATIENCE_S = 1800  # a run that takes longer hangs
# While it imports torch, a process cannot notice that its parent is gone.
LEAVING_S = 60
OUTPUTS = ("sweeps/*/*", "models/*/*", "predictions/*", "reports/results.json")
LINE = "{:<8}{:<9}{:>8}{:>10}{:>15}   {}"


@dataclass(frozen=True, kw_only=True)
class Kill:
    victim: Victim
    number: signal.Signals
    moment: float
    """As a share of the undisturbed run."""
    pause_s: float
    """When there is no such process at that moment: look again every so often."""


@dataclass(frozen=True, kw_only=True)
class Undisturbed:
    """`plain` holds the study before its first run; the rest is what it comes to."""

    plain: Path
    outputs: Mapping[str, bytes]
    tasks: frozenset[str]
    wall_s: float


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a kill; `finished` are the tasks that had a result by then."""

    after_s: float
    finished: int
    again: int
    """How many of the finished tasks were computed again."""
    faults: list[str]


def kills(count: int, seed: int) -> list[Kill]:
    """Of three in a row each has another victim; nine have every victim with every signal."""
    draws = np.random.default_rng(seed)
    found: list[Kill] = []
    while len(found) < count:
        numbers = {victim: draws.permutation(SIGNALS) for victim in VICTIMS}
        found += [
            Kill(
                victim=victim,
                number=signal.Signals(numbers[victim][turn]),
                moment=float(draws.uniform(0, 1)),
                pause_s=float(draws.uniform(0.2, 3)),
            )
            for turn in range(len(SIGNALS))
            for victim in VICTIMS
        ]
    return found[:count]


def undisturbed_run(folder: Path) -> Undisturbed:
    """Makes the study in a new `folder`, and runs a copy of it there."""
    plain = _small_study(folder / "plain")
    copy = shutil.copytree(plain, folder / "undisturbed")
    start = time.monotonic()
    with _running(copy) as run:
        code = run.wait()
    assert code == 0, f"see {copy / 'log.txt'}"
    return Undisturbed(
        plain=plain,
        outputs=_outputs(copy),
        tasks=frozenset(_finished(copy)),
        wall_s=time.monotonic() - start,
    )


def disturb(kill: Kill, undisturbed: Undisturbed, folder: Path) -> Outcome:
    """Run the study in a new `folder`, kill once, and let it come to its end."""
    shutil.copytree(undisturbed.plain, folder)
    with _running(folder) as run:
        time.sleep(kill.moment * undisturbed.wall_s)
        hit = _strike(kill, run, folder)
        code = run.wait(PATIENCE_S)
        left = _left(folder)
    if hit is None:  # there was nobody left to kill
        shutil.rmtree(folder)
        return disturb(replace(kill, moment=kill.moment / 2), undisturbed, folder)
    after_s, before = hit
    if kill.victim != "worker":
        before = _finished(folder)
        with _running(folder) as run:
            code = run.wait(PATIENCE_S)
            left += _left(folder)
    after = _finished(folder)
    again = sum(after.get(key) != written for key, written in before.items())
    faults = [
        *(f"left behind: {command}" for command in left),
        *([f"exit code {code}: {_last_words(folder)}"] if code else []),
        *([f"{again} finished tasks computed again"] if again else []),
        *(f"not the same: {key}" for key in sorted(undisturbed.tasks ^ after.keys())),
        *(f"not the same: {name}" for name in _differing(undisturbed.outputs, _outputs(folder))),
    ]
    return Outcome(after_s=after_s, finished=len(before), again=again, faults=faults)


def _small_study(folder: Path) -> Path:
    copy_repository(folder)
    tiny = read_yaml(folder / "studies/tiny.yaml")
    study = merged(merged(read_yaml(folder / "params.yaml"), tiny), DIFFERENCE)
    for section in ("variants", "notes"):
        study[section] = {"lenet5": study[section]["lenet5"]}
    (folder / "params.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
    (folder / ".dvc/config").write_text("[core]\n    analytics = false\n    no_scm = true\n")
    return folder


@contextmanager
def _running(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`make repro`'s own process, the first of a process group as on a terminal."""
    place = {"ABLATION_CACHE": str(folder / "cache"), "ABLATION_WORKERS": str(WORKERS)}
    with (folder / "log.txt").open("ab") as log:
        run = subprocess.Popen(
            [sys.executable, "-m", "pipeline", "study"],
            cwd=folder,
            env=os.environ | place,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield run
    finally:
        for each in processes(folder):
            each.kill()
        run.wait()


def _strike(
    kill: Kill, run: subprocess.Popen[bytes], folder: Path
) -> tuple[float, dict[str, int]] | None:
    """Kill as soon as there is a victim: seconds of the run, and what was finished by then."""
    started = psutil.Process(run.pid).create_time()
    while run.poll() is None:
        try:
            if victims := _processes_of(kill.victim, run.pid):
                finished = _finished(folder)
                if kill.victim == "dvc" and kill.number == signal.SIGINT:
                    os.killpg(run.pid, kill.number)  # as Ctrl-C on a terminal
                else:
                    victims[0].send_signal(kill.number)
                return time.time() - started, finished
        except psutil.NoSuchProcess:
            continue
        time.sleep(kill.pause_s)
    return None


def _processes_of(victim: Victim, dvc: int) -> list[psutil.Process]:
    if victim == "dvc":
        return [psutil.Process(dvc)]
    stages = psutil.Process(dvc).children()
    if victim == "stage":
        return stages
    helpers = [helper for stage in stages for helper in stage.children()]
    servers = [helper for helper in helpers if "forkserver" in " ".join(helper.cmdline())]
    return [worker for server in servers for worker in server.children()]


def _left(folder: Path) -> list[str]:
    """The commands of processes that outlive their run."""
    psutil.wait_procs(processes(folder), timeout=LEAVING_S)
    return [" ".join(each.cmdline()) for each in processes(folder)]


def _finished(folder: Path) -> dict[str, int]:
    """The keys of tasks that have a result, and when it was written: nanoseconds."""
    results = (folder / "cache/results").glob("??/[!.]*")
    return {path.name: path.stat().st_mtime_ns for path in results}


def _last_words(folder: Path) -> str:
    return "\n".join((folder / "log.txt").read_text().splitlines()[-20:])


def _outputs(folder: Path) -> dict[str, bytes]:
    """What must repeat, by path; rows of the log come in any order, and with their day."""
    files = [file for pattern in OUTPUTS for file in folder.glob(pattern)]
    found = {str(file.relative_to(folder)): file.read_bytes() for file in files}
    if (log := folder / LOG).exists():
        rows = [row.rpartition(b",")[0] for row in log.read_bytes().splitlines()]
        found[str(LOG)] = b"\n".join(sorted(rows))
    return found


def _differing(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> list[str]:
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def main(kills_: int = typer.Option(20, "--kills"), seed: int = 1998) -> None:
    """Exit code 1, and the folders are kept, when a kill did harm."""
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    undisturbed = undisturbed_run(folder)
    tasks = len(undisturbed.tasks)
    print(f"Undisturbed: {tasks} tasks in {undisturbed.wall_s:.0f} s, {WORKERS} workers.")
    heads = ("victim", "signal", "after s", "finished", "computed again", "outputs")
    print(LINE.format(*heads), flush=True)
    failed = 0
    for number, kill in enumerate(kills(kills_, seed)):
        place = folder / str(number)
        outcome = disturb(kill, undisturbed, place)
        words = (kill.victim, kill.number.name, f"{outcome.after_s:.1f}")
        counts = (f"{outcome.finished}/{tasks}", outcome.again)
        print(LINE.format(*words, *counts, "; ".join(outcome.faults) or "identical"), flush=True)
        failed += bool(outcome.faults)
        if not outcome.faults:
            shutil.rmtree(place)
    if failed:
        print(f"error: {failed} of {kills_} kills did harm, see {folder}", file=sys.stderr)
        raise typer.Exit(1)
    shutil.rmtree(folder)


if __name__ == "__main__":
    typer.run(main)
