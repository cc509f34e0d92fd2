import socket
from types import SimpleNamespace

import pytest

from pipeline.data.mirrors import ATTEMPTS, download
from pipeline.execution.errors import UserError


def test_download_gives_the_bytes_as_they_lie_on_the_server(web: SimpleNamespace) -> None:
    web.files["/file.gz"] = bytes(range(256)) * 1000
    assert download(f"{web.address}/file.gz", probe_s=5) == web.files["/file.gz"]


def test_broken_connection_is_tried_again(web: SimpleNamespace) -> None:
    web.files["/file"] = b"0123456789"
    web.breaks["/file"] = ATTEMPTS - 1
    assert download(f"{web.address}/file", probe_s=5) == b"0123456789"
    assert web.requests == ["/file"] * ATTEMPTS


def test_connection_that_breaks_every_time_is_given_up(web: SimpleNamespace) -> None:
    web.files["/file"] = b"0123456789"
    web.breaks["/file"] = ATTEMPTS
    with pytest.raises(OSError, match="5 bytes read, 5 more expected"):
        download(f"{web.address}/file", probe_s=5)


def test_missing_file_is_not_asked_for(web: SimpleNamespace) -> None:
    with pytest.raises(UserError, match=r"`http://.*/absent` must be there to download"):
        download(f"{web.address}/absent", probe_s=5)
    assert web.requests == []


def test_closed_port_is_reported_at_once(web: SimpleNamespace) -> None:
    del web  # it keeps requests from a proxy
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/file"
        with pytest.raises(UserError, match=r"must answer, but got .*refused"):
            download(address, probe_s=5)


def test_silent_server_is_left_after_the_probe(web: SimpleNamespace) -> None:
    del web
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/file"
        with pytest.raises(UserError, match="must answer"):
            download(address, probe_s=0.2)
