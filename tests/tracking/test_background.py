import threading
import time
from pathlib import Path

import pytest

from pipeline.tracking.background import Background, without_password


def started() -> Background:
    work = Background(name="the tracker at http://me:secret@host", advice="Go on.")
    work.start()
    return work


def test_work_is_done_in_the_order_it_was_put():
    work, done = started(), []
    for number in range(100):
        work.put(lambda number=number: done.append(number))
    work.finish(patience_s=10)
    assert done == list(range(100))


def test_putting_work_does_not_wait_for_it(capsys: pytest.CaptureFixture[str]):
    work, gate = started(), threading.Event()
    work.put(gate.wait)
    work.put(lambda: None)
    gate.set()  # reached only because `put` returned
    work.finish(patience_s=10)
    assert capsys.readouterr().err == ""


def test_many_failures_are_said_once_in_one_line_without_the_password(
    capsys: pytest.CaptureFixture[str],
):
    work, done = started(), []

    def fail():
        raise ValueError("two\nlines")

    for _ in range(5):
        work.put(fail)
    work.put(lambda: done.append("after"))
    work.finish(patience_s=10)
    said = capsys.readouterr().err
    assert said == "the tracker at http://host: ValueError: two lines. Go on.\n"
    assert done == ["after"]


def test_the_innermost_network_error_is_the_one_that_is_said(capsys: pytest.CaptureFixture[str]):
    def fail():
        try:
            raise ConnectionRefusedError(111, "Connection refused")
        except ConnectionRefusedError as problem:
            raise RuntimeError("page after page") from problem

    work = started()
    work.put(fail)
    work.finish(patience_s=10)
    said = capsys.readouterr().err
    assert "http://host: ConnectionRefusedError: [Errno 111] Connection refused." in said


def test_waiting_ends_when_patience_does_and_says_how_much_is_missing(
    capsys: pytest.CaptureFixture[str],
):
    work, gate = started(), threading.Event()
    work.put(lambda: None)
    for _ in range(3):
        work.put(gate.wait)
    begun = time.monotonic()
    work.finish(patience_s=0.2)
    assert time.monotonic() - begun < 10  # without patience it would never end
    assert "too slow, 3 of 4 entries are missing" in capsys.readouterr().err
    gate.set()


def test_a_closing_stage_gives_up_after_two_network_failures_in_a_row():
    work, gate, tried = started(), threading.Event(), []

    def fail(number: int):
        gate.wait()
        tried.append(number)
        raise TimeoutError

    for number in range(10):
        work.put(lambda number=number: fail(number))
    threading.Timer(0.1, gate.set).start()  # by then, finish() is waiting
    work.finish(patience_s=10)
    assert tried == [0, 1]


def test_a_tracker_that_comes_back_gets_what_follows():
    work, tried, begun = started(), [], threading.Event()

    def fail():
        tried.append("failed")
        raise TimeoutError

    for _ in range(4):
        work.put(fail)
    work.put(lambda: tried.append("written"))
    work.put(begun.set)
    assert begun.wait(60)  # nobody waits for the end yet: everything is tried
    work.finish(patience_s=10)
    assert tried == ["failed"] * 4 + ["written"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://me:secret@host:5000/x", "http://host:5000/x"),
        ("http://host/a@b and https://token@h", "http://host/a@b and https://h"),
        ("sqlite:////home/a@b/mlflow.db", "sqlite:////home/a@b/mlflow.db"),
    ],
)
def test_addresses_are_shown_without_their_password(text: str, shown: str):
    assert without_password(text) == shown


def test_stages_of_one_study_say_it_once_and_the_next_study_says_it_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def fail():
        raise ConnectionRefusedError

    monkeypatch.setenv("ABLATION_ERROR_FILE", str(tmp_path / "last_error.txt"))
    for study, lines in (("7", 1), ("7", 0), ("8", 1), ("8", 0)):
        monkeypatch.setenv("ABLATION_PARENT", study)
        work = started()
        work.put(fail)
        work.finish(patience_s=10)
        assert capsys.readouterr().err.count("\n") == lines
    assert "secret" not in (tmp_path / "said.txt").read_text(encoding="utf8")
