"""The other end of a connection: a server that does one thing to each caller, over a real socket."""

import itertools
import re
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

Behaviour = Callable[[socket.socket], None]

DRIP_S = 0.05
LONGEST_DRIPS = 400  # what takes as long as all of them was not left
SOON_S = LONGEST_DRIPS * DRIP_S * 0.8
"""A caller that was back by then did not wait for the peer, however busy the machine is."""


_PEER = threading.local()


class Peer:
    """Listens on loopback; each connection is handed to `behaviour`, then closed."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.connections = 0
        self.left = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        _PEER.over = self._over
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            connection.settimeout(10)
            with suppress(OSError), connection:
                self._behaviour(connection)
            self.left.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


def read_request(connection: socket.socket) -> bytes:
    """Return one whole request: a peer that closes with bytes unread would reset the connection."""
    with connection.makefile("rb") as stream:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = stream.readline()
            if not line:
                raise ConnectionError("the caller left")
            head += line
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        return head + stream.read(int(length[1]) if length else 0)


def answering(*pieces: bytes) -> Behaviour:
    """Read a request, then send these bytes one after another."""

    def behave(connection: socket.socket) -> None:
        read_request(connection)
        for piece in pieces:
            connection.sendall(piece)

    return behave


def reply(status: str, body: bytes = b"", *headers: str) -> Behaviour:
    """Read a request and give one proper answer."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return answering("\r\n".join([*head, "", ""]).encode() + body)


def silent(connection: socket.socket) -> None:
    """Read a request and wait until the caller gives up."""
    read_request(connection)
    connection.recv(1)


def stalling(connection: socket.socket) -> None:
    """Answer half, then wait until the caller gives up."""
    answering(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")(connection)
    connection.recv(1)


def resetting(connection: socket.socket) -> None:
    """Read a request and reset the connection."""
    read_request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def pause(seconds: float) -> bool:
    """Keep the caller waiting: the pace of a peer is what it is there for. Returns True once it may end."""
    over: threading.Event = getattr(_PEER, "over", threading.Event())
    return over.wait(seconds)


def dripping(*pieces: bytes, first: Callable[[socket.socket], object] = read_request) -> Behaviour:
    """Read a request, then send the last of these bytes one by one for as long as anybody reads them."""

    def behave(connection: socket.socket) -> None:
        first(connection)
        for piece in pieces[:-1]:
            connection.sendall(piece)
        drip(connection, pieces[-1])

    return behave


def drip(connection: socket.socket, piece: bytes) -> None:
    """Send the piece byte by byte, again and again, each long before any read would time out."""
    connection.settimeout(DRIP_S)
    for byte in itertools.islice(itertools.cycle(piece), LONGEST_DRIPS):
        connection.sendall(bytes([byte]))
        if pause(DRIP_S):
            return


def closed_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
