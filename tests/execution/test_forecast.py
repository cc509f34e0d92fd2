from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest

from pipeline.execution.cache import write_result
from pipeline.execution.events import Finished
from pipeline.execution.forecast import Forecast, duration
from pipeline.execution.identity import Program
from pipeline.execution.pool import Pool
from pipeline.execution.progress import Display
from pipeline.execution.provenance import cpu_environment
from pipeline.execution.slots import Slot
from pipeline.execution.task import Context, Result, Task, stacked

IMAGES = 55_000


@dataclass(frozen=True, kw_only=True)
class Walk(Task):
    number: int
    length: int = 2

    unit: ClassVar[str] = "paces"

    @property
    def steps(self) -> int:
        return self.length

    def run(self, context: Context) -> Result:
        raise NotImplementedError


class Run(Walk):
    """Another kind of task."""


@pytest.fixture
def pool() -> Pool:
    """Two cores."""
    return Pool(
        program=Program(modules=()),
        environment=cpu_environment(),
        alike=True,
        num_slots=2,
        slots=[Slot(visible="", device="a CPU")] * 2,
        scheduler=None,
    )


@pytest.fixture
def forecast(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> Forecast:
    monkeypatch.delenv("ABLATION_WORKERS", raising=False)
    return Forecast(subject="lenet5", pool=pool)


def walks(count: int, *, length: int = 2) -> list[Task]:
    environment = cpu_environment()
    return [Walk(environment=environment, number=n, length=length) for n in range(count)]


def result(seconds: float, *, failure: str | None = None) -> Result:
    timing = {"started": 1000.0, "ended": 1000.0 + seconds, "epochs": []}
    return Result(arrays={}, record={"failure": failure, "timing": timing})


def show(
    forecast: Forecast, tasks: Sequence[Task], results: Sequence[Result], *, cached: bool = False
) -> None:
    """What a display of them does."""
    with Display("walk", tasks, images=IMAGES, forecast=forecast) as display:
        for index, each in enumerate(results):
            display(Finished(index=index, result=each, cached=cached))


def remember(forecast: Forecast, *seconds: float, tasks: Sequence[Task] = ()) -> None:
    tasks = tasks or walks(len(seconds))
    forecast.remember(zip(tasks, seconds, strict=True), images=IMAGES)


def test_without_a_known_rate_there_are_the_counts_alone(forecast: Forecast) -> None:
    tasks = walks(10)
    write_result(tasks[3].key, result(1))
    write_result(tasks[7].key, result(1))
    assert forecast.line(tasks, images=IMAGES) == "10 tasks, 2 from the cache; 2 workers."


def test_what_is_not_cached_takes_as_long_as_before(forecast: Forecast) -> None:
    remember(forecast, 50, 70)  # 30 s a step
    tasks = walks(10, length=2)
    assert forecast.line(tasks, images=IMAGES) == "10 tasks; about 5 min on 2 workers."
    write_result(tasks[0].key, result(1))
    write_result(tasks[9].key, result(1))
    assert forecast.line(tasks, images=IMAGES) == (
        "10 tasks, 2 from the cache; about 4 min on 2 workers."
    )
    longer = walks(10, length=20)
    assert forecast.line(longer, images=IMAGES) == "10 tasks; about 50 min on 2 workers."


def test_where_all_is_cached_nothing_is_forecast(forecast: Forecast) -> None:
    tasks = walks(2)
    for task in tasks:
        write_result(task.key, result(1))
    assert forecast.line(tasks, images=IMAGES) == ""


@pytest.mark.parametrize(
    ("workers", "tasks", "line"),
    [
        ("1", 3, "3 tasks; about 3 min on 1 worker."),
        ("2", 3, "3 tasks; about 2 min on 2 workers."),  # while one works, the other waits
        ("3", 3, "3 tasks; about 60 s on 3 workers."),
        ("8", 1, "1 task; about 60 s on 1 worker."),
    ],
)
def test_time_depends_on_the_number_of_workers(
    forecast: Forecast, monkeypatch: pytest.MonkeyPatch, workers: str, tasks: int, line: str
) -> None:
    remember(forecast, 60)
    monkeypatch.setenv("ABLATION_WORKERS", workers)
    assert forecast.line(walks(tasks), images=IMAGES) == line


def test_a_stack_takes_its_time_once_and_is_computed_whole(forecast: Forecast) -> None:
    stacks = stacked(walks(8), 4)
    remember(forecast, *[60] * 8, tasks=stacks)
    assert forecast.line(stacks, images=IMAGES) == "8 tasks; about 60 s on 2 workers."
    for task in stacks[1:]:
        write_result(task.key, result(60))
    assert forecast.line(stacks, images=IMAGES) == (
        "8 tasks, 4 from the cache; about 60 s on 1 worker."
    )


def test_a_rate_serves_for_about_as_many_images(forecast: Forecast) -> None:
    remember(forecast, 55)
    assert forecast.line(walks(1), images=60_000) == "1 task; about 60 s on 1 worker."
    assert forecast.line(walks(1), images=2_000) == "1 task; 1 worker."


def test_another_subject_kind_or_device_has_a_rate_of_its_own(forecast: Forecast) -> None:
    remember(forecast, 60)
    unknown = "1 task; 1 worker."
    environment = cpu_environment()
    assert replace(forecast, subject="mlp").line(walks(1), images=IMAGES) == unknown
    assert forecast.line([Run(environment=environment, number=0)], images=IMAGES) == unknown
    elsewhere = replace(environment, device="another CPU")
    assert forecast.line([Walk(environment=elsewhere, number=0)], images=IMAGES) == unknown


def test_the_latest_rate_is_the_one_that_counts(forecast: Forecast) -> None:
    remember(forecast, 600)
    remember(forecast, 60)
    assert forecast.line(walks(1), images=IMAGES) == "1 task; about 60 s on 1 worker."


def test_a_display_learns_from_what_it_sees_computed(
    forecast: Forecast, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = walks(2)
    show(forecast, tasks, [result(60), result(60)])
    first, *_ = capsys.readouterr().err.splitlines()
    assert first == "walk: 2 tasks; 2 workers."
    show(forecast, tasks, [])
    assert capsys.readouterr().err == "walk: 2 tasks; about 60 s on 2 workers.\n"


def test_neither_what_is_cached_nor_what_failed_gives_a_rate(forecast: Forecast) -> None:
    tasks = walks(2)
    show(forecast, tasks, [result(60), result(60)], cached=True)
    show(forecast, tasks, [result(5, failure="diverged"), result(0, failure="diverged")])
    assert forecast.line(tasks, images=IMAGES) == "2 tasks; 2 workers."


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", "1.5", "{}", '{"seconds_per_epoch": 1.5}', "\xff"),
        *(f'{{"seconds_per_image": {value}}}' for value in ("NaN", "Infinity", "-1.0", '"1"')),
    ],
)
def test_a_damaged_file_is_as_good_as_none(forecast: Forecast, cache: Path, content: str) -> None:
    remember(forecast, 60)
    (file,) = (cache / "rates").iterdir()
    file.write_text(content, encoding="latin-1")
    assert forecast.line(walks(1), images=IMAGES) == "1 task; 1 worker."
    remember(forecast, 60)
    assert forecast.line(walks(1), images=IMAGES) == "1 task; about 60 s on 1 worker."


def test_where_nothing_can_be_written_only_the_time_is_missing(
    forecast: Forecast, cache: Path
) -> None:
    cache.mkdir()
    (cache / "rates").write_text("no folder")
    remember(forecast, 60)
    assert forecast.line(walks(1), images=IMAGES) == "1 task; 1 worker."


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.01, "1 s"),
        (42.4, "42 s"),
        (89, "89 s"),
        (95, "2 min"),
        (240, "4 min"),
        (3000, "50 min"),
        (5400, "1.5 h"),
        (86_400, "24.0 h"),
    ],
)
def test_durations_are_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text
