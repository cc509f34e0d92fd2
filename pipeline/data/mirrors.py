"""One file from a web server that mirrors MNIST."""

import sys
from io import BytesIO
from queue import Empty, SimpleQueue
from threading import Thread

from pooch import HTTPDownloader

from pipeline.execution.errors import UserError

ATTEMPTS = 3
SILENCE_S = 30.0  # how long a download may stand still


def download(address: str, *, probe_s: float) -> bytes:
    """The bytes at an http(s) address, asked for several times if the connection breaks.

    Shows a bar on a terminal.

    Raises:
        UserError: When the server does not offer the file within `probe_s` seconds.
        OSError: When every attempt broke off.
    """
    _probe(address, probe_s)
    for _ in range(ATTEMPTS - 1):
        try:
            return _attempt(address)
        except OSError as problem:
            print(f"MNIST: asking again for {address}: {_cause(problem)}", flush=True)
    return _attempt(address)


def _probe(address: str, probe_s: float) -> None:
    """In a thread: a request's time-out bounds neither name look-up nor the hosts of one name."""
    answers: SimpleQueue[bool | OSError] = SimpleQueue()

    def ask() -> None:
        try:
            downloader = HTTPDownloader(timeout=probe_s)
            answers.put(bool(downloader(address, None, None, check_only=True)))
        except OSError as problem:
            answers.put(problem)

    Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=probe_s)
    except Empty:
        raise UserError(f"`{address}` must answer within {probe_s} s, but got nothing.") from None
    if isinstance(answer, OSError):
        raise UserError(f"`{address}` must answer, but got {_cause(answer)}.") from answer
    if not answer:
        raise UserError(f"`{address}` must be there to download, but got a refusal.")


def _cause(problem: OSError) -> str:
    """Without the pools and retries that requests wraps around it."""
    return str(problem).rpartition("(Caused by ")[2].rpartition("): ")[2].removesuffix('"))')


def _attempt(address: str) -> bytes:
    content = BytesIO()
    downloader = HTTPDownloader(
        progressbar=sys.stderr.isatty(), chunk_size=2**16, timeout=SILENCE_S
    )
    downloader(address, content, None)
    return content.getvalue()
