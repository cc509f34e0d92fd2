"""Ways to train that take turns: each in a process of its own, an epoch each.

There are several heats, each with new processes: where memory came to lie makes one process up to
a quarter slower than the next that does the same.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from pipeline.data.sources import place_mnist
from pipeline.execution.local import ALLOCATOR
from pipeline.study import Study, load_study

REPOSITORY = Path(__file__).parents[1]
PAGE = REPOSITORY / "docs/performance.md"
EPOCHS = 3


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """How it trains, as how many networks at once, and the settings of its process."""

    method: str
    num_models: int = 1
    settings: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Course:
    """What every contestant trains on, and in how many heats."""

    study: Study
    folder: Path
    images: int
    heats: int


@contextmanager
def course(images: int, heats: int) -> Iterator[Course]:
    """Of the standard study and the real MNIST."""
    with TemporaryDirectory() as name:
        place_mnist(Path(name), source="mnist", validation_images=10_000)
        study = load_study(REPOSITORY / "params.yaml")
        yield Course(study=study, folder=Path(name) / "train", images=images, heats=heats)


def race(
    course: Course, variant: str, device: str, contestants: Mapping[str, Contestant]
) -> dict[str, list[float]]:
    """Seconds of an epoch of each contestant, one from each heat."""
    heats = [_heat(course, variant, device, contestants) for _ in range(course.heats)]
    return {name: [heat[name] for heat in heats] for name in contestants}


def _heat(
    course: Course, variant: str, device: str, contestants: Mapping[str, Contestant]
) -> dict[str, float]:
    """The first epoch warms up; of the others, the median."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    with ExitStack() as open_:
        running = {
            name: open_.enter_context(_started(course, contestant, variant, device))
            for name, contestant in contestants.items()
        }
        for process in running.values():
            _word(process)
        for _ in range(EPOCHS):
            for name, process in running.items():
                assert process.stdin
                process.stdin.write("\n")
                process.stdin.flush()
                seconds[name].append(float(_word(process)))
        for process in running.values():
            process.kill()
    return {name: median(spent[1:]) for name, spent in seconds.items()}


def publish(path: Path, results: object, name: str, table: str) -> None:
    """Results to their file, and their table to the page and to the reader."""
    path.write_text(f"{json.dumps(results, indent=1)}\n", encoding="utf8")
    PAGE.write_text(included(PAGE.read_text(encoding="utf8"), name, table), encoding="utf8")
    print(table)


def included(page: str, name: str, table: str) -> str:
    """The page with what stands between the two marks called `name` replaced by the table."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n\n{table}\n\n{end}{after}"


def _started(
    course: Course, contestant: Contestant, variant: str, device: str
) -> "subprocess.Popen[str]":
    words = (variant, device, course.images, contestant.num_models, EPOCHS, course.folder)
    plain = {name: value for name, value in os.environ.items() if name not in ALLOCATOR}
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.contestant", contestant.method, *map(str, words)],
        cwd=REPOSITORY,
        env={**plain, **contestant.settings, "OMP_NUM_THREADS": "1"},
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
