"""Where a plugin's requests go in a test: to `responses`, to a local server, or to the author's emulator.

Answers are broken here, at the vendor's end, so it does not matter which client a plugin uses.
"""

import re
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from http.client import BadStatusLine, RemoteDisconnected
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
import responses
import urllib3
from urllib3.connection import HTTPConnection
from urllib3.exceptions import IncompleteRead, MaxRetryError, NewConnectionError, ProtocolError

from ..table.cases import Case
from ..table.exchanges import Broken, Exchange, Lost, Reply, Script, Seen
from .breaking import REDIRECTED, Breakage, broken, is_refused, no_breakage
from .clients import seen_by
from .serving import Answer, Late, Told, forwarding, serving
from .third_party import third_party_context
from .trickling import Trickle

MOCKED_URL = "https://vendor.invalid"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


class PluginBug(RuntimeError):
    """Stands for any mistake in a plugin's code."""


def stumble(*_: object, **__: object) -> None:
    """Fail as a plugin does that has a mistake in it."""
    raise PluginBug("a bug of the plugin")


class Emulator(Protocol):
    """The author's stand-in for the vendor: a context manager, entered for every row.

    It may also have `faults`, a list of sentences about requests the real vendor would not understand, and
    `delivered`, the number of every message it took. One that does not speak HTTP says how it breaks its
    answers with `break_answer(how)`, called before a row with a `Broken` or `Lost`, and calls the kit's
    `before_answer` between taking a message and answering, for the kill -9 campaign.
    """

    @property
    def url(self) -> str:
        """Where it listens; put wherever the settings say `{url}`."""


class Wire:
    """One open wire: `url` for the settings, `script` with what went over it (None for an emulator)."""

    def __init__(
        self,
        url: str,
        script: Script | None = None,
        emulator: Any = None,
        breakage: Breakage = no_breakage,
    ) -> None:
        self.url = url
        self.script = script
        self.emulator = emulator
        self.requests = 0
        self.seen: list[Seen] = []
        self.told: list[tuple[Seen, Told]] = []
        """Each request that was answered, and its answer."""
        self.late = Late()
        """Where an answer was lost for good; other clients than Python's wait for it as long as they like."""
        self.trickle = Trickle()
        """How an answer comes byte by byte, on a wire whose answers do."""
        self.bug = threading.Event()
        """Set when the plugin is to stumble over what it reads next."""
        self._breakage = breakage
        self._counting = threading.Lock()
        self._followed = False

    def take(self, seen: Seen, answer: Answer) -> Told:
        """Take a request. Returns its answer, broken if it is the turn of this one."""
        with self._counting:
            self.requests += 1
            count = self.requests
            self.seen.append(seen)
        if seen.path == REDIRECTED:
            self._followed = True
            return Reply(404, text="nobody may follow a redirect")
        fate = self._breakage(count)
        if fate is Lost.REFUSED:
            return Lost.REFUSED
        told = broken(answer(seen), fate, seen)
        if told is Broken.BUG:
            self.bug.set()
        with self._counting:
            self.told.append((seen, told))
        return told

    def faults(self, *, unused: bool = True) -> list[str]:
        """Collect requests without a row and, unless told otherwise, rows without a request."""
        if self.script is None:
            return [*self.followed, *getattr(self.emulator, "faults", ())]
        return self.followed + self.script.faults + (self.script.unused if unused else [])

    @property
    def followed(self) -> list[str]:
        """The sentence that a redirect was followed, if one was."""
        return ["a redirect was followed: the request goes to an address nobody checked"][: self._followed]


@contextmanager
def mocked(
    exchanges: Sequence[Exchange], breakage: Breakage = no_breakage, *, script: Script | None = None
) -> Iterator[Wire]:
    """Answer everything sent through `requests` by the table, or by a script of your own."""
    script, playing = script or Script(list(exchanges)), threading.Lock()
    wire = Wire(MOCKED_URL, script, breakage=breakage)

    def play(seen: Seen) -> Reply | Lost:
        with playing:
            return script.answer(seen)

    def answer(prepared: requests.PreparedRequest) -> tuple[int, dict[str, str], Any]:
        reply = wire.take(seen_by(prepared), play)
        if isinstance(reply, Reply):
            return reply.status, {"Content-Type": reply.content_type} | dict(reply.headers), reply.body
        return 0, {}, PluginBug("a bug of the plugin") if reply is Broken.BUG else lost(reply)

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for method in _METHODS:
            mock.add_callback(method, re.compile(".*"), answer, content_type=None)
        yield wire


def lost(how: Lost | Broken) -> requests.RequestException:
    """Return what `requests` raises for a lost answer."""
    if how is Lost.TIMEOUT:
        return requests.ReadTimeout()
    if how is Lost.RESET:
        return requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104)))
    if how in (Broken.CUT, Broken.CUT_CHUNK):
        return requests.exceptions.ChunkedEncodingError(ProtocolError("Broken", IncompleteRead(10, 10)))
    if how is Broken.CLOSED:
        gone = RemoteDisconnected("Remote end closed connection without response")
        return requests.ConnectionError(ProtocolError("Connection aborted.", gone))
    if how is Broken.GARBLED:
        return requests.ConnectionError(ProtocolError("Connection aborted.", BadStatusLine("?")))
    pool = urllib3.HTTPConnectionPool("vendor.invalid")
    refused = NewConnectionError(HTTPConnection("vendor.invalid"), "refused")
    return requests.ConnectionError(MaxRetryError(pool, "/", refused))


@contextmanager
def served(exchanges: Sequence[Exchange], breakage: Breakage = no_breakage) -> Iterator[Wire]:
    """Answer by the table from a real HTTP server; lost answers are lost on the wire."""
    script, playing = Script(list(exchanges)), threading.Lock()
    if is_refused(breakage) or any(row.reply is Lost.REFUSED for row in exchanges):
        # Nothing listens here, so the requests of the table cannot come.
        yield Wire(closed_url(), Script([]))
        return
    wire = Wire("", script, breakage=breakage)

    def play(seen: Seen) -> Reply | Lost:
        with playing:
            return script.answer(seen)

    with serving(lambda seen: wire.take(seen, play), wire.late) as url, wire.late.hurrying():
        wire.url = url
        yield wire


@contextmanager
def answered(answer: Answer) -> Iterator[Wire]:
    """Answer every request by a function, from a real HTTP server."""
    wire = Wire("")
    with serving(lambda seen: wire.take(seen, answer), wire.late) as url, wire.late.hurrying():
        wire.url = url
        yield wire


@contextmanager
def behind(
    row: Case, emulator: Callable[[], AbstractContextManager[Any]] | None, *, tls: bool
) -> Iterator[Wire]:
    """Serve the row's table, or the emulator behind: as a third party with `tls`, else byte by byte."""
    with ExitStack() as stack:
        answer: Answer
        if emulator is None or row.exchanges:
            script = Script(list(row.exchanges))
            wire, answer = Wire("", script), script.answer
        else:
            running = stack.enter_context(emulator())
            if row.given is not None:
                row.given(running)
            wire, answer = Wire("", None, running), forwarding(running.url)
        context = third_party_context() if tls else None
        url = stack.enter_context(serving(lambda seen: wire.take(seen, answer), wire.late, tls=context))
        if not tls:
            wire.trickle.port = urlsplit(url).port or 0
            stack.enter_context(wire.trickle.slowly())
        wire.url = url
        yield wire


def closed_url() -> str:
    """Return an address at which nothing listens, as long as this process runs.

    The port is kept: let go, it may be another process's server a moment later, which is then asked with the
    secrets of somebody else's test.
    """
    return f"http://127.0.0.1:{_kept_port().getsockname()[1]}"


@cache
def _kept_port() -> socket.socket:
    kept = socket.socket()
    kept.bind(("127.0.0.1", 0))
    return kept


@contextmanager
def emulated(emulator: Callable[[], AbstractContextManager[Any]]) -> Iterator[Wire]:
    """Start the author's own emulator, fresh for every case."""
    with emulator() as running:
        yield Wire(running.url, None, running)


@contextmanager
def gated(
    emulator: Callable[[], AbstractContextManager[Any]], breakage: Breakage = no_breakage
) -> Iterator[Wire]:
    """Start the author's HTTP emulator with a gate in front that counts, keeps and breaks."""
    with emulator() as running:
        wire = Wire("", None, running, breakage)
        if is_refused(breakage):
            wire.url = closed_url()
            yield wire
            return
        forward = forwarding(running.url)
        with (
            serving(lambda seen: wire.take(seen, forward), wire.late) as url,
            wire.late.hurrying(),
        ):
            wire.url = url
            yield wire


def speaks_http(emulator: object) -> bool:
    """Return True when an emulator's address is one of HTTP."""
    return str(getattr(emulator, "url", "")).startswith(("http://", "https://"))
