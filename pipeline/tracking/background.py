"""Work that nothing waits for: done in order by a thread; a failure is reported, never raised."""

import os
import queue
import re
import sqlite3
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pipeline.execution.files import write_atomic
from pipeline.interruption import PARENT

OUTSIDE = (OSError, sqlite3.OperationalError)  # the network, the disk, a database that is locked


class Background:
    """`name` is what the work is done on, `advice` what to do when it failed; both are shown."""

    def __init__(self, *, name: str, advice: str) -> None:
        self._name, self._advice = name, advice
        self._queue: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._asked = self._done = 0
        self._said = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._drain, name="background", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, work: Callable[[], object]) -> None:
        self._asked += 1
        self._queue.put(work)

    def finish(self, patience_s: float) -> None:
        """Wait for what was put, no longer than this, and report it if that was not enough.

        When network, disk or database fail twice in a row, the rest is dropped.
        """
        self._queue.put(None)
        self._closing.set()
        self._thread.join(patience_s)
        if self._thread.is_alive():
            self._say(f"too slow, {self._asked - self._done} of {self._asked} entries are missing")

    def _drain(self) -> None:
        failures = 0
        while (work := self._queue.get()) is not None:
            if self._closing.is_set() and failures > 1:
                return  # nobody is there, and now somebody waits
            try:
                work()
                self._done, failures = self._done + 1, 0
            except Exception as problem:
                found = cause(problem)
                failures = failures + 1 if isinstance(found, OUTSIDE) else 0
                self._say(f"{type(found).__name__}: {found}")

    def _say(self, problem: str) -> None:
        if not self._said and _is_news(without_password(f"{self._name} {self._advice}")):
            line = " ".join(without_password(f"{self._name}: {problem}").split())
            print(f"{line[:400]}. {self._advice}", file=sys.stderr)
        self._said = True


def _is_news(said: str) -> bool:
    """The stages of a study are processes: each message is reported by one of them alone."""
    if "ABLATION_ERROR_FILE" not in os.environ or PARENT not in os.environ:
        return True
    file, study = Path(os.environ["ABLATION_ERROR_FILE"]).with_name("said.txt"), os.environ[PARENT]
    with suppress(OSError):  # then it is reported again
        known = file.read_text(encoding="utf8").splitlines() if file.exists() else []
        if known[:1] != [study]:  # messages of an earlier study do not count
            known = [study]
        if said in known:
            return False
        write_atomic(file, "\n".join([*known, said]).encode())
    return True


def without_password(text: str) -> str:
    """The text with neither user nor password in its addresses."""
    return re.sub(r"//[^/@\s]*@", "//", text)


def cause(problem: BaseException) -> BaseException:
    """The error of network, disk or database, where there is one: libraries wrap it in pages."""
    chain = [problem]
    while deeper := chain[-1].__cause__ or chain[-1].__context__:
        chain.append(deeper)
    return next((link for link in reversed(chain) if isinstance(link, OUTSIDE)), problem)
