"""A vendor whose answer comes byte by byte: a client whose time-out counts between two bytes never ends.

Nobody waits for it. Each byte that is read of such an answer lets the clocks of the process run on, so five
minutes pass in a moment.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from bridge.plugin import exchange

from .serving import SERVER
from .swapping import swapped

GAP_S = 5.0
"""Seconds between two bytes; fewer for a client that would give up before."""
_PATIENCE = 0.8
_CLOCKS = ("monotonic", "time", "perf_counter")


class Trickle:
    """Answers that trickle, of the server at `port` of this host, and how long they have taken."""

    def __init__(self) -> None:
        self.elapsed_s = 0.0
        self.port = 0

    def _concerns(self, sock: socket.socket) -> bool:
        try:
            return not hasattr(SERVER, "running") and sock.getpeername()[1:2] == (self.port,)
        except OSError:
            return False

    def _pass(self, sock: socket.socket) -> None:
        patience = sock.gettimeout()
        self.elapsed_s += min(GAP_S, patience * _PATIENCE) if patience else GAP_S
        for thread in threading.enumerate():
            if isinstance(thread, threading.Timer) and thread.interval <= self.elapsed_s:
                # A watchdog, which would have come by now.
                thread.cancel()
                thread.function(*thread.args, **thread.kwargs)

    @contextmanager
    def slowly(self) -> Iterator[None]:
        """Let everybody in this process read such an answer a byte at a time, the clocks running on."""
        receive, receive_into = socket.socket.recv, socket.socket.recv_into

        def slow(sock: socket.socket, size: int, *flags: int) -> bytes:
            if not self._concerns(sock):
                return receive(sock, size, *flags)
            self._pass(sock)
            return receive(sock, 1)

        def slow_into(sock: socket.socket, buffer: Any, *args: int) -> int:
            if not self._concerns(sock):
                return receive_into(sock, buffer, *args)
            self._pass(sock)
            return receive_into(sock, buffer, 1)

        with ExitStack() as stack:
            stack.enter_context(swapped(socket.socket, "recv", slow))
            stack.enter_context(swapped(socket.socket, "recv_into", slow_into))
            # Named there when it was imported.
            stack.enter_context(swapped(exchange, "monotonic", self._ahead(time.monotonic)))
            for name in _CLOCKS:
                stack.enter_context(swapped(time, name, self._ahead(getattr(time, name))))
            yield

    def _ahead(self, clock: Callable[[], float]) -> Callable[[], float]:
        return lambda: clock() + self.elapsed_s
