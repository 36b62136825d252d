"""Reports on earlier calls of messages: of an unknown outcome then, they wait to be sent again or were.

One that still waits is taken back: the earlier call arrived, and the report is its. A failure takes back
only if no other earlier call of the message may have arrived. One that was called again keeps the later
call's outcome. The report is kept beside it, and ends it only if it says that the earlier call was delivered
while the later one has no end: delivered once is delivered.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

import structlog
from sqlalchemy import Connection, select

from ...plugin import DeliveryReceipt, MessageStatus, Phone
from ...plugin.status import ANSWERED, FAILED, FIRST_FINAL
from .. import moved
from ..blobs import decode
from ..database import tables
from ..database.bulk import Climb, find_messages
from ..moved import Moved
from ..refs import Place, from_message_ref, from_ref
from ..scope import Scope
from ..sendinfo import SendInfos
from . import contradictions
from .matching import Call, Finder, Located, batch_named, readings

log = structlog.get_logger("bridge.ledger")

_batch = tables.batch
_ARRIVED = ANSWERED - {MessageStatus.UNKNOWN}
"""What only a vendor can say that was called."""
_FAILED = _ARRIVED & FAILED


TakeBack = Callable[[Connection, Scope, SendInfos, Collection[Place]], set[Place]]
"""Puts messages that wait uncalled back to where they stood; see `bridge.ledger.sending.recalling`."""


Part = Callable[[Connection, Scope, Collection[int]], None]
"""Lets batches that wait after a call go on under other ids; see `bridge.ledger.sending.leaving`."""


class Earlier(NamedTuple):
    """A message as it stood when it was called before; `to`: where it stands now, `status`: its status there.

    `status` is None while it waits, or is being called. `refused`: its vendor had said it did not take it.
    """

    found: Located
    to: Place
    status: int | None = None
    refused: bool = False


class _Stood(NamedTuple):
    """A place that messages have left, the call that was made there, and the number."""

    moved: Moved
    call: Call
    raw: str

    @property
    def refused(self) -> bool:
        """True when the vendor had said that it did not take the message."""
        return self.moved.absent == moved.REFUSED

    @property
    def located(self) -> Located:
        """The message as it was then."""
        one, status = self.moved, int(MessageStatus.CALLING)
        return Located(one.batch_id, one.seq, self.raw, one.segments, status, self.call.info)


class EarlierCalls:
    """Finds the earlier calls that reports are about, when they name no message as it stands now."""

    def __init__(self, infos: SendInfos, finder: Finder, take_back: TakeBack, part: Part) -> None:
        self._infos = infos
        self._finder = finder
        self._take_back = take_back
        self._part = part

    def locate(
        self, connection: Connection, scope: Scope, receipts: Mapping[int, DeliveryReceipt]
    ) -> tuple[dict[int, Located], dict[int, Earlier]]:
        """Take messages that wait back to the earlier calls which reports show to have arrived.

        Returns those by the receipts' indices, and the earlier calls of messages that were called again.
        """
        stood = self._stood(connection, scope, receipts)
        if not stood:
            return {}, {}
        rows = find_messages(connection, {one.moved.to for one in stood.values()})
        now = {Place(row.batch_id, row.seq): row.status for row in rows}
        shown = self._shown(connection, stood, receipts, now)
        proofs = {index for index in stood if receipts[index].status in _ARRIVED} - shown
        waiting = {index: stood[index].moved for index in proofs if stood[index].moved.to not in now}
        back = self._take_back(connection, scope, self._infos, _believed(waiting, receipts))
        returned = {index: one.located for index, one in stood.items() if one.moved.place in back}
        called = {
            index: Earlier(one.located, one.moved.to, now.get(one.moved.to), one.refused)
            for index, one in stood.items()
            # A proof waits until the call that is being made just now is recorded.
            if index not in returned and (index not in proofs or one.moved.to in now)
        }
        log.info(
            "reports on earlier calls",
            channel=scope.channel,
            taken_back=len(back),
            called_again=len(called),
        )
        lies = [one.moved for one in stood.values() if one.refused]
        contradictions.tell(scope, [one.place for one in lies if one.place in back], called_again=False)
        return returned, called

    def _shown(
        self,
        connection: Connection,
        stood: Mapping[int, _Stood],
        receipts: Mapping[int, DeliveryReceipt],
        now: Collection[Place],
    ) -> set[int]:
        """Return the failures that end nothing.

        Another earlier call of the message may have arrived. Or the vendor said at once that it did not take
        it, and says no more now.
        """
        failed = {
            index: one.moved
            for index, one in stood.items()
            if receipts[index].status in _FAILED and one.moved.to not in now
        }
        doubts = moved.doubts(connection, {one.to_batch for one in failed.values()}) if failed else ()
        left = {(one.to, one.place) for one in doubts} - {(one.to, one.place) for one in failed.values()}
        doubted = {to for to, _ in left}
        return {index for index, one in failed.items() if one.to in doubted or one.absent == moved.REFUSED}

    def _stood(
        self, connection: Connection, scope: Scope, receipts: Mapping[int, DeliveryReceipt]
    ) -> dict[int, _Stood]:
        """Return which place that a message has left each report is about."""
        refs = {index: batch_id for index, one in receipts.items() if (batch_id := batch_named(one))}
        self._part_waiting(connection, scope, refs, receipts)
        left = moved.batches_left(connection, set(refs.values()))
        ids = {one.vendor_id for index, one in receipts.items() if refs.get(index) not in left}
        by_id = moved.named(connection, ids - {""})
        if not left and not by_id:
            return {}
        known = self._finder.calls(connection, scope, left)
        own = self._finder.calls(connection, scope, {row.batch_id for row in by_id}, own=True)
        numbers = _Numbers(connection, known | own)
        named: dict[str, list[Place]] = defaultdict(list)
        for row in by_id:
            if row.batch_id in own:
                named[row.vendor_id].append(row.place)
        wanted = {
            index: numbers.placed(one)
            if refs.get(index) in known
            else numbers.among(named[one.vendor_id], one)
            for index, one in receipts.items()
        }
        rows = moved.at(connection, {place for places in wanted.values() for place in places})
        found = {index: [rows[one] for one in places if one in rows] for index, places in wanted.items()}
        return {
            index: _Stood(one[0], numbers.calls[one[0].batch_id], numbers.raw(one[0].place))
            for index, one in found.items()
            if one
        }

    def _part_waiting(
        self,
        connection: Connection,
        scope: Scope,
        refs: Mapping[int, int],
        receipts: Mapping[int, DeliveryReceipt],
    ) -> None:
        """Let batches of which a vendor had said that it did not take them leave the places it reports on."""
        told = {batch_id for index, batch_id in refs.items() if receipts[index].status in _ARRIVED}
        if told:
            self._part(connection, scope, told)


def _believed(waiting: Mapping[int, Moved], receipts: Mapping[int, DeliveryReceipt]) -> set[Place]:
    """Return one place for each message: of the latest call that was delivered, else taken, else failed."""
    best: dict[Place, tuple[int, int, Place]] = {}
    for index, one in waiting.items():
        status = receipts[index].status
        rank = 2 if status is MessageStatus.DELIVERED else int(status not in _FAILED)
        best[one.to] = max(best.get(one.to, (-1, 0, one.place)), (rank, one.sent, one.place))
    return {place for _, _, place in best.values()}


class _Numbers:
    """The numbers of batches that messages have left, as they were when they were called."""

    def __init__(self, connection: Connection, calls: Mapping[int, Call]) -> None:
        self.calls = calls
        rows = select(_batch.c.id, _batch.c.recipients).where(_batch.c.id.in_(sorted(calls)))
        self._phones = {row.id: decode(row.recipients).phones for row in connection.execute(rows)}
        self._by_number: dict[int, dict[str, list[Place]]] = {}

    def raw(self, place: Place) -> str:
        """Return a message's number as Quick Audience wrote it."""
        return self._phones[place.batch_id][place.seq]

    def placed(self, receipt: DeliveryReceipt) -> Sequence[Place]:
        """Return the places that a report with our reference may be about."""
        place = from_message_ref(receipt.message_ref) if receipt.message_ref else None
        if place is not None:
            return [place]
        batch_id = from_ref(receipt.batch_ref)
        return self._having(batch_id, receipt.phone) if batch_id is not None and receipt.phone else ()

    def among(self, places: Sequence[Place], receipt: DeliveryReceipt) -> Sequence[Place]:
        """Return which of the places with a vendor's id a report is about: it may be that of a whole call."""
        if receipt.phone is None:
            return places if len(places) == 1 else ()
        same = {one for batch_id in self._phones for one in self._having(batch_id, receipt.phone)}
        return [place for place in places if place in same]

    def _having(self, batch_id: int, phone: Phone) -> Sequence[Place]:
        if batch_id not in self._by_number:
            kind = self.calls[batch_id].info.type
            found: dict[str, list[Place]] = defaultdict(list)
            for seq, raw in enumerate(self._phones[batch_id]):
                for reading in readings(raw, kind):
                    found[reading].append(Place(batch_id, seq))
            self._by_number[batch_id] = found
        held = self._by_number[batch_id]
        return [*held.get(phone.digits, ()), *held.get(phone.national, ())]


def ends_of(connection: Connection, scope: Scope, reports: Sequence[tuple[Earlier, Climb]]) -> list[Climb]:
    """Keep what was reported on earlier calls of messages that were called again.

    Returns what ends such a message: its earlier call was delivered, and the later one has no end.
    """
    moved.name(connection, [(one.found.place, climb.vendor_id) for one, climb in reports])
    final = [(one, climb) for one, climb in reports if climb.status >= FIRST_FINAL]
    fresh = contradictions.keep_beside(connection, scope, [climb for _, climb in final])
    lies = [one.to for one, climb in final if one.refused and climb in fresh and climb.status not in FAILED]
    contradictions.tell(scope, lies, called_again=True)
    return [
        climb._replace(batch_id=one.to.batch_id, seq=one.to.seq, vendor_id="")
        for one, climb in final
        if climb.status == MessageStatus.DELIVERED and one.status is not None
    ]
