"""Bronze, where a third party is at the other end: its certificate, an answer without end, its prose."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from bridge.plugin import Outcome

from ..play.breaking import Breaks
from ..play.row import play
from ..play.serving import Flood
from ..play.trickling import GAP_S
from ..play.watch import MOST_WAIT_S
from ..play.wires import Wire, answered, behind
from ..table.cases import Reconcile, Send
from ..table.exchanges import Reply
from ..table.rows import sends_in
from .bronze import Bronze
from .climbing import rule
from .vendor_table import told

MOST_EXCHANGE_S = 2 * MOST_WAIT_S
"""The longest that one call may go on: its time to connect and its time to read, added up."""
_PROSE = re.compile(r"mess|msg|desc|reason|error|text|detail|info|remark|title|note|^$", re.IGNORECASE)
_CODE = re.compile(r"[A-Z0-9_.:-]*|[\w-]+(?:\.[\w-]+)+")
_MOST_REFUSALS = 3
_FORMAT = " {0.x} {kit} %(kit)s %d"
"""What stumbles when a sentence is taken for a format, and tells of the plugin when it does not."""
_MOST_ANSWER = 64 << 20
"""Bytes of an answer: what the system buffers by itself is much less."""
_SLOW_S = 0.6
_FAILURES = (500, 502, 503, 504, 520)
_SELDOM = tuple(
    status for status in (*range(500, 531), 540, 555, 561, 572, 590, 598, 599) if status not in _FAILURES
)
"""Statuses of failure that few have seen; what one of them proves, the vendor must have documented."""


class Trust(Bronze):
    """Rules of the lowest rung about peers that are not what they should be."""

    @rule("bronze")
    def test_a_success_with_a_status_of_failure_is_unknown(self, remote_send: Send) -> None:
        """Status 5xx with the body of a success: nobody knows what became of the messages."""
        requests = self._requests(remote_send)
        if not requests:
            return
        for status in (*_FAILURES, *(each for each in _SELDOM if each not in self._documented())):
            fate = partial(with_status, status)
            played = self.play(remote_send, breakage=Breaks(fate, since=requests), as_bridge=True)
            outcomes = {result.outcome for result in played.results}
            allowed = {Outcome.UNKNOWN} if requests == 1 else {Outcome.UNKNOWN, Outcome.ACCEPTED}
            assert played.wire.requests == requests, f"the request was repeated blindly: status {status}"
            assert Outcome.UNKNOWN in outcomes and outcomes <= allowed, (
                f"status {status} with the body of a success gives {outcomes}: look at the status first, and "
                "take no status of failure for a proof that has no row of its own"
            )

    def _documented(self) -> set[int]:
        """Return the statuses that rows of sends show."""
        replies = [each.reply for row in sends_in(self.cases) for each in row.exchanges]
        return {reply.status for reply in replies if isinstance(reply, Reply)}

    @rule("bronze")
    def test_a_look_up_with_a_status_of_failure_settles_nothing(self, reconcile_row: Reconcile) -> None:
        """Status 5xx with the body of an answer: who is in it or not, nobody knows."""
        if reconcile_row.role != "success" or not self._requests(reconcile_row):
            return
        for status in _FAILURES:
            played = self.play(reconcile_row, breakage=Breaks(partial(with_status, status)), as_bridge=True)
            settled = {result.outcome for result in played.results} - {Outcome.UNKNOWN}
            assert not settled, f"a look-up answered with status {status} settles messages as {settled}"

    @rule("bronze")
    def test_nothing_is_sent_to_a_third_party(self, remote_send: Send) -> None:
        """A certificate that nobody vouches for ends the call before the request, whatever the client."""
        with self._behind(remote_send, tls=True) as wire:
            if wire is None:
                self.not_proven("certificates: the settings take no https address of the kit's own")
                return
            with self.stage(wire, remote_send) as stage:
                played = play(stage, wire, remote_send, as_bridge=True)
        assert not wire.requests, (
            "a request was sent over TLS to a server whose certificate nobody vouches for: verify it, "
            "or anybody on the way can read and answer in the vendor's name"
        )
        outcomes = {result.outcome for result in played.results}
        assert outcomes <= {Outcome.NOT_SENT, Outcome.UNKNOWN}, f"an unknown certificate gives {outcomes}"

    @rule("bronze")
    def test_an_answer_that_trickles_is_left(self, remote_send: Send) -> None:
        """A byte now and then keeps no call for ever: the exchange as a whole has an end."""
        with self._behind(remote_send, tls=False) as wire:
            if wire is None:
                self.not_proven("an answer that trickles: the table's addresses cannot be served")
                return
            with self.stage(wire, remote_send) as stage:
                play(stage, wire, remote_send, as_bridge=True)
        if wire.requests and not wire.trickle.elapsed_s:
            self.not_proven("an answer that trickles: the client reads it outside of Python")
        assert wire.trickle.elapsed_s <= MOST_EXCHANGE_S, (
            f"a vendor that sends a byte every {GAP_S:g} s kept the call for {wire.trickle.elapsed_s:.0f} s: "
            "a time-out counts from one byte to the next, so give the whole exchange an end "
            "(bridge.plugin.http.Session has one)"
        )

    @rule("bronze")
    def test_an_answer_without_end_is_left(self, remote_send: Send) -> None:
        """Nobody's memory is filled by a vendor, or by whoever stands between: an answer has a bound."""
        if not self.emulates_http() or not self._can_serve(remote_send, tls=False):
            self.not_proven("an answer without end: the table's addresses cannot be served")
            return
        flood = Flood()
        with answered(lambda _: flood) as wire, self.stage(wire, remote_send) as stage:
            play(stage, wire, remote_send, as_bridge=True)
        assert flood.sent <= _MOST_ANSWER, (
            f"of an answer without end {flood.sent >> 20} MiB were read: read so many bytes and no more "
            "(bridge.plugin.http.Session does)"
        )

    @rule("bronze")
    def test_a_slow_answer_is_waited_for(self, remote_send: Send) -> None:
        """A vendor that takes its time has one request: no second is sent beside it."""
        requests = self._requests(remote_send)
        if not requests or not self.over_http([remote_send]):
            self.not_proven("a slow answer: the table's addresses cannot be served")
            return
        played = self.play(remote_send, breakage=Breaks(_slowly, since=requests), as_bridge=True)
        assert played.wire.requests <= requests, (
            f"while the vendor took {_SLOW_S:g} s to answer, {requests} became {played.wire.requests}: "
            "leave repeats to the bridge"
        )

    @contextmanager
    def _behind(self, row: Send, *, tls: bool) -> Iterator[Wire | None]:
        """Open a real server of the kit for the row, or with the author's emulator behind it."""
        if not self.emulates_http() or not self._can_serve(row, tls=tls):
            yield None
            return
        with behind(row, type(self).emulator, tls=tls) as wire:
            yield wire

    def _can_serve(self, row: Send, *, tls: bool) -> bool:
        if not all(exchange.url.startswith("/") for exchange in row.exchanges):
            return False
        return "{url}" in repr(self.settings) and self.takes("https" if tls else "http")

    @rule("bronze")
    def test_a_vendors_sentence_is_masked(self, remote_send: Send) -> None:
        """What the vendor says of a refusal may quote the number: no reason does."""
        if not self.emulates_http():
            return
        refused = [row for row in sends_in(self.cases) if row.role == "refusal" and not row.lost]
        for row in refused[:_MOST_REFUSALS]:
            if row.operation != remote_send.operation:
                continue
            played = self.play(row, breakage=Breaks(_Quoting(row)), as_bridge=True)
            plain = self.play(row, breakage=Breaks(_Quoting(row, "")), as_bridge=True)
            usual = [result.outcome for result in plain.results]
            assert [result.outcome for result in played.results] == usual, (
                f"{row.id!r}, when the vendor's sentence holds braces and per cents, means something else: "
                "what comes from outside is never a format"
            )
            shown = [fault for fault in played.conduct if " shows " in fault]
            assert not shown, told(
                [
                    f"{row.id!r}, when the vendor's sentence quotes the number (mask_sentence hides it):",
                    *shown,
                ]
            )


class _Quoting:
    """The fate of a refusal whose prose quotes what was sent, as vendors do."""

    def __init__(self, row: Send, behind: str = _FORMAT) -> None:
        message = row.batch.messages[0]
        self._quoted = f" (to {message.phone.e164} or {message.phone.national}){behind}"

    def __call__(self, reply: Reply) -> Reply:
        """Return the answer with longer sentences."""
        try:
            answer = json.loads(reply.body)
        except ValueError:
            return replace(reply, text=f"{reply.text or ''}{self._quoted}") if reply.text else reply
        return replace(reply, json=self._longer("", answer), text=None)

    def _longer(self, name: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._longer(str(key), each) for key, each in value.items()}
        if isinstance(value, list):
            return [self._longer(name, each) for each in value]
        if not isinstance(value, str):
            return value
        prose = " " in value or (_PROSE.search(name) and not _CODE.fullmatch(value))
        return f"{value}{self._quoted}" if prose else value


def _slowly(reply: Reply) -> Reply:
    """Return the answer after a while; the server's thread waits, not the plugin's clock."""
    time.sleep(_SLOW_S)
    return reply


def with_status(status: int, reply: Reply) -> Reply:
    """Return the answer with another status."""
    return replace(reply, status=status)
