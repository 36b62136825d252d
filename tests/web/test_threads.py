"""A web process lets go of connections: when it ends, when a request does not come, when a body is left."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

APP = """\
import threading

from bridge.web import threads

threads.HEADERS_S = threads.BODY_S = 1.0

def app(environ, start_response):
    if environ["PATH_INFO"] == "/read":
        try:
            said = b"%d read" % len(environ["wsgi.input"].read())
        except Exception as error:
            said = type(error).__name__.encode()
        start_response("200 OK", [("Content-Length", str(len(said)))])
        yield said
    elif environ["PATH_INFO"] == "/slow":
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
        """Return a connection that asked for `path` and read `until`."""
        client = socket.create_connection(self.address, timeout=30)
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        read_until(client, until)
        return client


def read_until(client: socket.socket, end: bytes) -> bytes:
    """Read to the end of an answer; an early end of the connection fails."""
    got = b""
    while not got.endswith(end):
        piece = client.recv(4096)
        assert piece, got
        got += piece
    return got


@contextmanager
def running(folder: Path) -> Iterator[Web]:
    (folder / "app.py").write_text(APP)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        web = Web(folder, listening)
        with web.connect("/", b"ok"):
            yield web
        web.process.kill()
        web.process.wait()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """Yield a process that the test may end."""
    with running(tmp_path) as web:
        yield web


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """Yield a process that outlives the test."""
    with running(tmp_path_factory.mktemp("web")) as web:
        yield web


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


def exchanged(web: Web, pieces: list[bytes], first: bytes) -> bytes:
    """Return all that comes back until the connection is closed; NEXT is sent after the first answer."""
    got = b""
    with socket.create_connection(web.address, timeout=20) as client:
        for piece in pieces:
            if piece is NEXT:
                got += read_until(client, first)
            client.sendall(piece)
        while piece := client.recv(65_536):
            got += piece
    return got


def post(path: str, *fields: str) -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: x", *fields, "", ""]).encode()


LENGTH = "Content-Length: {}".format
CHUNKED = "Transfer-Encoding: chunked"
NEXT = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
# What is sent, and the answers in order: status, body and what is said of the connection.
KEPT, CLOSED = "keep-alive", "close"
BODIES: dict[str, tuple[list[bytes], list[tuple[bytes, str]]]] = {
    "no body": ([post("/"), NEXT], [(b"ok", KEPT), (b"ok", CLOSED)]),
    "a body that is read": ([post("/read", LENGTH(5)), b"12345", NEXT], [(b"5 read", KEPT), (b"ok", CLOSED)]),
    "chunks that are read": (
        [post("/read", CHUNKED), b"5\r\n12345\r\n0\r\n\r\n", NEXT],
        [(b"5 read", KEPT), (b"ok", CLOSED)],
    ),
    "left, small": ([post("/", LENGTH(5)), b"12345", NEXT], [(b"ok", KEPT), (b"ok", CLOSED)]),
    "left, 200 kB": ([post("/", LENGTH(200_000)), b"x" * 200_000, NEXT], [(b"ok", KEPT), (b"ok", CLOSED)]),
    "left, 200 kB in a chunk": (
        [post("/", CHUNKED), b"30d40\r\n" + b"x" * 200_000 + b"\r\n0\r\n\r\n", NEXT],
        [(b"ok", KEPT), (b"ok", CLOSED)],
    ),
    "left, announced as 2 MB": ([post("/", LENGTH(2_000_000)), b"x" * 1000], [(b"ok", CLOSED)]),
    "left, never sent": ([post("/", LENGTH(5))], [(b"ok", CLOSED)]),
    "left, no chunk": ([post("/", CHUNKED), b"what?\r\n"], [(b"ok", CLOSED)]),
    "read, no chunk": ([post("/read", CHUNKED), b"what?\r\n"], [(b"ClientDisconnected", CLOSED)]),
    "read, never sent": ([post("/read", LENGTH(5)), b"123"], [(b"3 read", CLOSED)]),
    "read, chunks never end": ([post("/read", CHUNKED), b"5\r\n123"], [(b"ClientDisconnected", CLOSED)]),
    "the header never ends": ([b"POST / HTTP/1.1\r\nHost: x\r\n"], []),
    "the request never begins": ([b"PO"], []),
}


@pytest.mark.parametrize(("sent", "expected"), BODIES.values(), ids=BODIES)
def test_an_answer_says_what_becomes_of_the_connection(
    shared: Web, sent: list[bytes], expected: list[tuple[bytes, str]]
) -> None:
    """And nobody waits for ever: what does not come in time is not waited for."""
    got = exchanged(shared, sent, expected[0][0] if expected else b"")
    answers = [one.partition(b"\r\n\r\n") for one in got.split(b"HTTP/1.1 200 OK")[1:]]
    assert [
        (body, "close" if b"Connection: close" in head else "keep-alive") for head, _, body in answers
    ] == expected


def test_a_peer_that_does_not_leave_holds_up_nobody(shared: Web) -> None:
    """gunicorn itself would wait two seconds for each in its only main loop."""
    clients = [socket.create_connection(shared.address, timeout=60) for _ in range(8)]
    for client in clients:
        client.sendall(NEXT)
    started = time.monotonic()
    for client in clients:
        read_until(client, b"ok")
    with shared.connect("/", b"ok"):
        assert time.monotonic() - started < 14
    for client in clients:
        client.close()


HOOK = b"/hooks/promo/a-hook-token?phone=13800138000"
GET = b"GET " + HOOK + b" HTTP/1.1\r\nHost: x\r\n"
# What is sent, and the status of the answer.
NO_HTTP: dict[str, tuple[bytes, int]] = {
    "an expectation": (post("/read", LENGTH(5), "Expect: foo") + b"12345", 417),
    "no request line": (b"FOO\r\n\r\n", 400),
    "blanks in the address": (b"GET " + HOOK + b" and more HTTP/1.1\r\n\r\n", 400),
    "no method": (b"g\x01t / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "another version": (b"GET / HTTP/9.1\r\nHost: x\r\n\r\n", 400),
    "HTTP/2 unasked": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "a long address": (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    "many headers": (GET + b"".join(b"A%d: b\r\n" % number for number in range(200)) + b"\r\n", 431),
    "a long header": (GET + b"A: " + b"b" * 9_000 + b"\r\n\r\n", 431),
    "a header's name with a blank": (GET + b"A b: c\r\n\r\n", 400),
    "a header with a NUL": (GET + b"A: b\0c\r\n\r\n", 400),
    "a folded header": (GET + b"A: b\r\n c\r\n\r\n", 400),
    "a coding that nobody knows": (post("/read", "Transfer-Encoding: foo"), 501),
    "no length": (post("/read", LENGTH("x")), 400),
    "two lengths": (post("/read", LENGTH(3), LENGTH(4)) + b"1234", 400),
    "a length and chunks": (post("/read", LENGTH(3), CHUNKED) + b"0\r\n\r\n", 400),
}


@pytest.mark.parametrize(("sent", "status"), NO_HTTP.values(), ids=NO_HTTP)
def test_what_is_no_http_is_refused_in_the_envelope(shared: Web, sent: bytes, status: int) -> None:
    """Nothing of the request is repeated to its sender, and the connection ends with notice."""
    head, _, body = exchanged(shared, [sent], b"}").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"Connection: close" in head
    assert b"Content-Type: application/json" in head
    answer = json.loads(body)
    assert answer.keys() == {"platformName", "code", "message", "requestId"}
    assert answer["code"] == str(status)
