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
from weakref import WeakSet

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
        self._known: WeakSet[socket.socket] = WeakSet()
        self._shut: WeakSet[socket.socket] = WeakSet()
        """Sockets that nobody wants to read from any more."""

    def _concerns(self, sock: socket.socket) -> bool:
        if sock in self._known:
            return True  # it may have no peer any more, and has its bytes
        try:
            concerned = not hasattr(SERVER, "running") and sock.getpeername()[1:2] == (self.port,)
        except OSError:
            return False
        if concerned:
            self._known.add(sock)
        return concerned

    def _pass(self, sock: socket.socket) -> None:
        patience = sock.gettimeout()
        self.elapsed_s += min(GAP_S, patience * _PATIENCE) if patience else GAP_S
        for thread in threading.enumerate():
            if isinstance(thread, threading.Timer) and thread.interval <= self.elapsed_s:
                # A watchdog, which would have come by now.
                thread.cancel()
                thread.function(*thread.args, **thread.kwargs)

    def _ended(self, sock: socket.socket) -> bool:
        """Let the time of a byte pass. Returns True when nobody waits for it: it has not come yet.

        The bytes lie in the system's buffer already, from which a socket that was shut down reads on.
        """
        if sock not in self._shut:
            self._pass(sock)
        return sock in self._shut

    @contextmanager
    def slowly(self) -> Iterator[None]:
        """Let everybody in this process read such an answer a byte at a time, the clocks running on."""
        receive, receive_into = socket.socket.recv, socket.socket.recv_into
        shut_down = socket.socket.shutdown

        def slow(sock: socket.socket, size: int, *flags: int) -> bytes:
            if not self._concerns(sock):
                return receive(sock, size, *flags)
            return b"" if self._ended(sock) else receive(sock, 1)

        def slow_into(sock: socket.socket, buffer: Any, *args: int) -> int:
            if not self._concerns(sock):
                return receive_into(sock, buffer, *args)
            return 0 if self._ended(sock) else receive_into(sock, buffer, 1)

        def shut(sock: socket.socket, how: int) -> None:
            if how != socket.SHUT_WR and self._concerns(sock):
                self._shut.add(sock)
            shut_down(sock, how)

        with ExitStack() as stack:
            stack.enter_context(swapped(socket.socket, "shutdown", shut))
            stack.enter_context(swapped(socket.socket, "recv", slow))
            stack.enter_context(swapped(socket.socket, "recv_into", slow_into))
            # Named there when it was imported.
            stack.enter_context(swapped(exchange, "monotonic", self._ahead(time.monotonic)))
            for name in _CLOCKS:
                stack.enter_context(swapped(time, name, self._ahead(getattr(time, name))))
            yield

    def _ahead(self, clock: Callable[[], float]) -> Callable[[], float]:
        return lambda: clock() + self.elapsed_s
