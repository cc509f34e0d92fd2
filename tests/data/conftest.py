"""A web server that tests fill with files, sound or broken."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest


class Handler(BaseHTTPRequestHandler):
    """Serves the server's files by path; cuts a body short while its `breaks` count down."""

    @property
    def web(self) -> "Server":
        assert isinstance(self.server, Server)
        return self.server

    def do_HEAD(self) -> None:
        self._head()

    def do_GET(self) -> None:
        self.web.requests.append(self.path)
        if (content := self._head()) is None:
            return
        if self.web.breaks.get(self.path, 0) > 0:
            self.web.breaks[self.path] -= 1
            content = content[: len(content) // 2]
            self.close_connection = True
        self.wfile.write(content)

    def _head(self) -> bytes | None:
        content = self.web.files.get(self.path)
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        return content

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.breaks: dict[str, int] = {}
        self.requests: list[str] = []


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """`address`, `files` by path, `breaks`: how many answers to cut short, `requests`: GETs."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        yield SimpleNamespace(
            address=address, files=server.files, breaks=server.breaks, requests=server.requests
        )
        server.shutdown()
        thread.join()
