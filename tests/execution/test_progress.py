import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipeline.data.mnist import Digits
from pipeline.evaluation.plan import evaluations as evaluations_of
from pipeline.evaluation.tasks.clean import EvaluationTask
from pipeline.execution.events import Finished, Progressed
from pipeline.execution.progress import Display
from pipeline.execution.provenance import cpu_environment
from pipeline.execution.task import Result, Task
from pipeline.networks.spec import NetworkSpec
from pipeline.training.models import TrainedNetwork
from pipeline.training.plan import Plan

RESULT = Result(arrays={}, record={})


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def tasks(make_plan: Callable[..., Plan]) -> list[Task]:
    """Two trainings of three epochs."""
    return list(make_plan(seeds=(0, 1), epochs=3).tasks)


@pytest.fixture
def evaluations(lenet5: NetworkSpec, digits: Digits) -> list[Task]:
    """Of one network."""
    weights = {"c1.bias": np.zeros(6, dtype=np.float32)}
    models = [TrainedNetwork(network=lenet5, init="paper", seed=0, run_key="", weights=weights)]
    return list(evaluations_of(EvaluationTask, models, digits, environment=cpu_environment()))


def epoch(task: Task, number: int) -> Progressed:
    return Progressed(key=task.key, step=number, row={"epoch": number}, at=0.0)


def finished(index: int, *, cached: bool = False) -> Finished:
    return Finished(index=index, result=RESULT, cached=cached)


def shown(display: Display, *events: Progressed | Finished) -> None:
    with display:
        for event in events:
            display(event)


def test_away_from_a_terminal_each_finished_task_is_one_plain_line(
    tasks: list[Task], capsys: pytest.CaptureFixture[str]
) -> None:
    display = Display("train lenet5", tasks, images=500)
    shown(display, finished(1), *[epoch(tasks[0], n) for n in (1, 2, 3)], finished(0))
    out, err = capsys.readouterr()
    assert out == ""
    assert "\x1b" not in err
    first, second = err.splitlines()
    assert first == "train lenet5: 1/2 tasks"
    assert re.fullmatch(r"train lenet5: 2/2 tasks, [\d,]+ images/s", second)


def test_what_comes_from_the_cache_is_one_line_in_all(
    tasks: list[Task], capsys: pytest.CaptureFixture[str]
) -> None:
    display = Display("train lenet5", tasks, images=500)
    shown(display, finished(0, cached=True), finished(1, cached=True))
    assert capsys.readouterr().err == "train lenet5: 2/2 tasks (2 from the cache)\n"


def test_on_a_terminal_a_bar_counts_epochs(
    tasks: list[Task], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    display = Display("train lenet5", tasks, images=500)
    shown(display, epoch(tasks[0], 1), finished(1, cached=True))
    text = re.sub(r"\x1b\[[\d;?]*\w", "", capsys.readouterr().err)
    assert "4/6 epochs" in text
    assert "1/2 tasks (1 from the cache)" in text


def test_a_narrow_terminal_takes_from_the_bar_and_not_from_the_words(
    tasks: list[Task], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    display = Display("train no_weight_sharing", tasks, images=500)
    display.started -= 0.1  # some thousand images a second
    shown(display, epoch(tasks[0], 1))
    assert "…" not in capsys.readouterr().err


def completed(display: Display) -> Any:
    return display.bars.tasks[0].completed


def test_bar_is_full_when_every_task_is_finished(tasks: list[Task]) -> None:
    display = Display("train lenet5", tasks, images=500)
    # A training that fails ends early; one from the cache tells of no epoch.
    shown(display, epoch(tasks[0], 1), finished(0), finished(1, cached=True))
    assert completed(display) == display.bars.tasks[0].total == 6
    assert display.replayed == 1


def test_task_that_starts_again_does_not_count_its_epochs_twice(tasks: list[Task]) -> None:
    display = Display("train lenet5", tasks, images=500)
    # Its worker died after two epochs, and another began again.
    shown(display, *[epoch(tasks[0], n) for n in (1, 2, 1, 2, 3)])
    assert completed(display) == 3


def test_rate_counts_the_digits_of_every_epoch_that_was_trained(
    tasks: list[Task], capsys: pytest.CaptureFixture[str]
) -> None:
    display = Display("train lenet5", tasks, images=500)
    display.started -= 10  # ten seconds ago
    shown(display, *[epoch(tasks[0], n) for n in (1, 2, 3)], finished(0))
    (line,) = capsys.readouterr().err.splitlines()
    rate = float(line.rpartition(", ")[2].removesuffix(" images/s").replace(",", ""))
    # 3 epochs of 500 digits in a little over 10 seconds
    assert 100 <= rate <= 150


def test_evaluations_count_as_one_step_and_show_no_rate(
    evaluations: list[Task], capsys: pytest.CaptureFixture[str]
) -> None:
    display = Display("evaluate lenet5", evaluations, images=500)
    shown(display, finished(0))
    assert completed(display) == display.bars.tasks[0].total == 1
    assert capsys.readouterr().err == "evaluate lenet5: 1/1 tasks\n"


def test_on_a_terminal_a_bar_of_evaluations_counts_tasks(
    evaluations: list[Task], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    shown(Display("evaluate lenet5", evaluations, images=500), finished(0))
    assert "1/1 tasks" in re.sub(r"\x1b\[[\d;?]*\w", "", capsys.readouterr().err)


def test_an_error_leaves_the_display_as_it_came(tasks: list[Task]) -> None:
    with (
        pytest.raises(OSError, match="disk full"),
        Display("train lenet5", tasks, images=500),
    ):
        raise OSError("disk full")
