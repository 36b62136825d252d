"""Bronze, about what proves something: look-ups, the order of results, and questions that send nothing."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bridge.clock import moment, seconds
from bridge.plugin import Outcome, SubmitResult

from ..play.breaking import Breaks
from ..play.doubling import crowd_of
from ..play.row import play
from ..table.cases import Query, Reconcile, Send
from ..table.exchanges import Exchange, Reply, Seen
from ..table.rows import first_successes
from .climbing import rule
from .money import Money
from .ordering import order_faults
from .references import fields_of
from .vendor_table import told

_ORDERED = 3
"""Messages whose order is looked at."""
_AGO = timedelta(hours=3)
"""How long ago the call was that is looked up: longer than any time-out, shorter than any deadline."""
_FROM = re.compile(r"(?:^|[_.-])(?:from|since|after)(?:[_-]?(?:time|date|at|ts))?$|start|begin", re.I)
_TO = re.compile(r"(?:^|[_.-])(?:to|until|till|before|end)(?:[_-]?(?:time|date|at|ts))?$", re.I)
_COUNTS = re.compile(r"total|count|size$|pages$", re.I)
_MORE = re.compile(r"more|truncated", re.I)
_NEXT = re.compile(r"next|cursor|continu", re.I)


class Proofs(Money):
    """Rules of the lowest rung about what may be believed."""

    @rule("bronze")
    def test_a_look_up_covers_the_moment_of_the_call(self, reconcile_row: Reconcile) -> None:
        """What is looked for was sent hours ago: a window that begins later proves nothing."""
        if not self.emulates_http() or not reconcile_row.exchanges:
            return
        called = datetime.now(UTC).replace(microsecond=0) - _AGO
        exchanges = [Exchange(each.method, each.url, each.reply) for each in reconcile_row.exchanges]
        batch = replace(reconcile_row.batch, called_at=called)
        row = replace(reconcile_row, batch=batch, exchanges=exchanges)
        with self.wire([row], Breaks(None)) as wire, self.stage(wire, row) as stage:
            play(stage, wire, row, as_bridge=True)
        faults = [fault for seen in wire.seen for fault in _beside(seen, called)]
        assert not faults, told(faults)

    @rule("bronze")
    def test_a_part_of_a_look_up_proves_no_absence(self, reconcile_row: Reconcile) -> None:
        """An answer that says there is more proves of nobody that the vendor has not got the message."""
        if not self.emulates_http() or Outcome.NOT_SENT not in reconcile_row.outcomes:
            return
        partly = _Partly()
        played = self.play(reconcile_row, breakage=Breaks(partly), as_bridge=True)
        absent = [each for each in played.results if each.outcome is Outcome.NOT_SENT]
        assert not partly.applied or not absent, (
            f"{reconcile_row.id!r}, when the answer says that there is more ({', '.join(partly.applied)}): "
            "who is not on this page was called not sent, and would be sent again"
        )

    @rule("bronze")
    def test_results_stand_in_the_order_of_the_messages(self, remote_send: Send) -> None:
        """Each message gets its own result, in whatever order the numbers come."""
        if not self.emulates_http():
            self.not_proven("the order of results: the emulator does not speak HTTP")
            return
        proven = self._in_order_downwards(remote_send)
        faults, why = order_faults(self, remote_send)
        assert not faults, told(faults)
        if why and not proven:
            self.not_proven(f"the order of results: {why}")

    def _in_order_downwards(self, row: Send) -> bool:
        """Send some messages down from the greatest number. Returns True when the ids hold the numbers."""
        with self._taking(row) as found:
            if found is None or type(self).emulator is not None:
                return False
            wire, taken = found
            with self.stage(wire, row) as stage:
                count = min(_ORDERED, stage.vendor.limits.for_call(row.batch.uniform))
                batch = crowd_of(row, count).batch
                # Whoever sorts them sends them in another order.
                messages = tuple(sorted(batch.messages, key=lambda each: each.phone.digits, reverse=True))
                downwards = Send("downwards", batch=replace(batch, messages=messages))
                results: Sequence[SubmitResult] = play(stage, wire, downwards, as_bridge=True).results
            numbers = [str(each) for each in taken()]
        ids = [str(each.vendor_id) for each in results]
        if not numbers or not all(any(number in each for number in numbers) for each in ids):
            return False
        strange = [m for m, each in zip(messages, ids, strict=True) if m.phone.national not in each]
        assert not strange, (
            f"{len(strange)} of {len(messages)} messages got another's result: whatever order they are sent "
            "in, the results stand in that of the batch, or a receipt is given to somebody else's message"
        )
        return True

    @rule("bronze")
    def test_nothing_but_a_send_sends(self) -> None:
        """A check, a review or a poll makes no request that looks like a send: nobody pays for a question."""
        firsts = first_successes(self.cases)
        sends = [row for row in firsts.values() if isinstance(row, Send) and not isinstance(row, Reconcile)]
        if not self.emulates_http() or any(row.operation in self.local for row in sends):
            return
        sent = {_shape(seen) for row in sends for seen in self._seen(row)[-1:]}
        for row in firsts.values():
            if isinstance(row, Query) and row.operation not in self.local:
                alike = [seen for seen in self._seen(row) if _shape(seen) in sent]
                assert not alike, (
                    f"{row.operation} makes the request of a send ({alike[0].path}): ask, do not send"
                )

    def _seen(self, row: Send | Query) -> Sequence[Seen]:
        return self.play(row, breakage=Breaks(None), as_bridge=True).wire.seen


def _shape(seen: Seen) -> tuple[str, str, frozenset[str]]:
    """Return where a request goes and the names of what it holds."""
    names = frozenset(
        re.sub(r"\.[0-9]+", "", name) for name, _ in fields_of(seen) if name.startswith("body.")
    )
    return seen.method, seen.path, names if names else frozenset([seen.url])


class _Partly:
    """The fate of an answer that says there is more than it holds, where it has a word for that."""

    def __init__(self) -> None:
        self.applied: list[str] = []

    def __call__(self, reply: Reply) -> Reply:
        """Return the answer as one page of many."""
        try:
            answer = json.loads(reply.body)
        except ValueError:
            return reply
        return replace(reply, json=self._more(answer), text=None)

    def _more(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {name: self._of(str(name), each) for name, each in value.items()}

    def _of(self, name: str, value: Any) -> Any:
        if isinstance(value, bool) and _MORE.search(name):
            changed: Any = True
        elif type(value) is int and _COUNTS.search(name):
            changed = value + 1000
        elif (value is None or isinstance(value, str)) and _NEXT.search(name):
            changed = "kit-next"
        else:
            return self._more(value)
        self.applied.append(name)
        return changed


def _beside(seen: Seen, called: datetime) -> Iterator[str]:
    """Find a beginning after the call, or an end before it, in what a look-up asks for."""
    for name, text in fields_of(seen):
        last = name.rpartition(".")[2]
        for moments in filter(None, (_moments(text),)):
            if _FROM.search(last) and min(moments) > called:
                yield f"{name} begins after the call that is looked up: begin before `batch.called_at`"
            elif _TO.search(last) and max(moments) < called:
                yield f"{name} ends before the call that is looked up: end after `batch.called_at`"


def _moments(text: str) -> list[datetime]:
    """Return the moments that a text may stand for."""
    with suppress(ValueError, OverflowError):
        if re.fullmatch(r"1[0-9]{9}", text):
            return [moment(seconds(int(text)))]
        if re.fullmatch(r"1[0-9]{12}", text):
            return [moment(int(text))]
        read = datetime.fromisoformat(text)
        if read.tzinfo is not None:
            return [read]
        if len(text) > len("2026-11-01"):
            # Somebody's own time: nobody's is more than half a day from UTC by much.
            return [read.replace(tzinfo=UTC) + timedelta(hours=hours) for hours in (-14, 0, 12)]
    return []
