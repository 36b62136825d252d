"""A web process ends when nothing is in flight, whoever keeps connections open."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

APP = """\
import threading

def app(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        start_response("200 OK", [("Content-Length", "6")])
        yield b"s"
        threading.Event().wait(1)
        yield b"lowly"
    else:
        start_response("200 OK", [("Content-Length", "2")])
        yield b"ok"
"""
SOON_S = 25
"""Below the 30 seconds that gunicorn itself would wait for an idle connection."""


class Web:
    """One gunicorn with one thread worker."""

    def __init__(self, folder: Path, listening: socket.socket) -> None:
        command = [sys.executable, "-m", "gunicorn", "-k", "bridge.web.threads.PromptWorker"]
        command += ["--keep-alive", "75", "--graceful-timeout", "30", "--no-control-socket"]
        command += ["--bind", f"fd://{listening.fileno()}", "--threads", "4", "app:app"]
        self.address = listening.getsockname()
        self.process = subprocess.Popen(command, cwd=folder, pass_fds=[listening.fileno()])

    def connect(self, path: str, until: bytes) -> socket.socket:
        """A connection that asked for `path` and read `until`."""
        client = socket.create_connection(self.address, timeout=30)
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        read_until(client, until)
        return client


def read_until(client: socket.socket, end: bytes) -> None:
    """Read to the end of an answer; an early end of the connection fails."""
    got = b""
    while not got.endswith(end):
        piece = client.recv(4096)
        assert piece, got
        got += piece


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    (tmp_path / "app.py").write_text(APP)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        web = Web(tmp_path, listening)
        with web.connect("/", b"ok"):
            yield web
        web.process.kill()
        web.process.wait()


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [("/", b"ok", b""), ("/slow", b"\r\n\r\ns", b"lowly")],
    ids=["idle", "in flight"],
)
def test_ending_waits_for_requests_and_for_nothing_else(
    web: Web, path: str, before: bytes, after: bytes
) -> None:
    with web.connect(path, before) as client:
        web.process.send_signal(signal.SIGTERM)
        read_until(client, after)
        assert web.process.wait(SOON_S) == 0
