"""Long messages that a vendor reports on segment by segment: delivered when every segment is.

A vendor either gives each segment an id of its own, or numbers its reports. Either way the message ends once:
failed with the first segment that failed, delivered with the last one delivered.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, select, tuple_, update

from ...plugin import DeliveryReceipt, MessageStatus
from .. import moved, tally
from ..database import tables
from ..database.bulk import clean
from ..database.dialects import upsert
from ..refs import Place

MOST = 255
"""The most segments a message may have: its header counts them in one byte (3GPP TS 23.040, 9.2.3.24.1)."""

_batch, _message, _segment = tables.batch, tables.message, tables.segment

LOCATED = (
    *(_message.c[name] for name in ("batch_id", "seq", "phone", "segments", "status")),
    *(_batch.c[name] for name in ("send_id", "account", "identity", "state")),
)
"""What is asked of a message that a report is about, and of its batch."""


class Segment(NamedTuple):
    """One segment of a message, numbered from 1."""

    batch_id: int
    seq: int
    number: int
    vendor_id: str
    delivered: int = 0

    @classmethod
    def named(cls, batch_id: int, seq: int, vendor_ids: Sequence[str]) -> "list[Segment]":
        """Return the segments of a message, in order, by the vendor's ids."""
        return [cls(batch_id, seq, at, clean(one, 128)) for at, one in enumerate(vendor_ids[:MOST], 1)]


def keep(connection: Connection, segments: Sequence[Segment]) -> None:
    """Store segments not stored yet; the message has as many of them as the vendor says."""
    if not segments:
        return
    insert = upsert(connection, _segment).on_conflict_do_nothing()
    connection.execute(insert, [one._asdict() for one in segments])
    numbers = totals(segments)
    moved.lengthen(connection, numbers)
    of = tuple_(_message.c.batch_id, _message.c.seq).in_(sorted(numbers))
    columns = [_message.c[name] for name in tally.CHANGED]
    held = select(*columns).where(of).order_by(_message.c.batch_id, _message.c.seq).with_for_update()
    longer = [
        (row, number)
        for row in connection.execute(held)
        if (number := numbers[Place(row.batch_id, row.seq)]) > row.segments
    ]
    tally.lengthened(connection, longer)
    for row, number in longer:
        of = (_message.c.batch_id == row.batch_id) & (_message.c.seq == row.seq)
        connection.execute(update(_message).where(of).values(segments=number))


def totals(segments: Iterable[Segment]) -> dict[Place, int]:
    """Return how many segments the vendor says each message has."""
    return {Place(one.batch_id, one.seq): one.number for one in segments}


def find(connection: Connection, vendor_ids: Collection[str]) -> Sequence[Row[Any]]:
    """Return messages with such a segment: its vendor_id, and LOCATED."""
    same = (_message.c.batch_id == _segment.c.batch_id) & (_message.c.seq == _segment.c.seq)
    query = (
        select(_segment.c.vendor_id, *LOCATED)
        .join(_message, same)
        .join(_batch, _batch.c.id == _message.c.batch_id)
        .where(_segment.c.vendor_id.in_(vendor_ids))
    )
    return connection.execute(query.where(_segment.c.vendor_id != "")).all()


# Made once: it is asked with every page of receipts that holds long messages, and mostly finds nothing.
_OF_BATCHES = (
    select(_segment.c.batch_id, _segment.c.seq)
    .where(_segment.c.batch_id.in_(bindparam("batch_ids", expanding=True)), _segment.c.vendor_id != "")
    .distinct()
)


def having_ids(connection: Connection, batch_ids: Collection[int]) -> set[Place]:
    """Return the messages of these batches whose segments have ids of their own."""
    if not batch_ids:
        return set()
    rows = connection.execute(_OF_BATCHES, {"batch_ids": sorted(batch_ids)})
    return {Place(row.batch_id, row.seq) for row in rows}


def fit(receipt: DeliveryReceipt) -> DeliveryReceipt:
    """Return a report whose numbers make no sense is one on the whole message."""
    if 1 <= receipt.segment <= receipt.segments <= MOST and receipt.segments > 1:
        return receipt
    return receipt._replace(segment=0, segments=0)


def merge(
    connection: Connection, receipts: Sequence[DeliveryReceipt], places: Mapping[int, Place]
) -> list[DeliveryReceipt]:
    """Return the receipts as reports on whole messages: of one not wholly delivered, a report of progress.

    `places`: the message of those receipts, by index, that may be about one segment only.
    """
    merged = list(receipts)
    reports = {at: place for at, place in places.items() if receipts[at].status is MessageStatus.DELIVERED}
    if not reports:
        return merged
    held = _locked(connection, set(reports.values()))
    for at, place in reports.items():
        if not held[place].delivered_by(receipts[at]):
            merged[at] = receipts[at]._replace(status=MessageStatus.ACCEPTED)
    _save(connection, [one for whole in held.values() for one in whole.changed])
    return merged


class _Whole:
    """The segments of one message."""

    def __init__(self, place: Place, rows: Iterable[Segment]) -> None:
        self._place = place
        self._numbers = {row.vendor_id: row.number for row in rows if row.vendor_id}
        self._delivered = {row.number for row in rows if row.delivered}
        self.changed: list[Segment] = []

    def delivered_by(self, receipt: DeliveryReceipt) -> bool:
        """Return whether nothing of the message is missing once this report is applied."""
        number, total = self._numbers.get(receipt.vendor_id, 0), len(self._numbers)
        if not number:
            number, total = receipt.segment, receipt.segments
        if not number:
            return True
        if number not in self._delivered:
            self._delivered.add(number)
            known = receipt.vendor_id if receipt.vendor_id in self._numbers else ""
            self.changed.append(Segment(*self._place, number, known, 1))
        return len(self._delivered) >= total


def _locked(connection: Connection, places: Collection[Place]) -> dict[Place, _Whole]:
    """Return the segments of these messages, which nobody else changes until the transaction ends.

    Without the lock two reports stored at once would each miss the other, and the message would never end.
    """
    of = tuple_(_message.c.batch_id, _message.c.seq)
    rows = select(_message.c.seq).where(of.in_(places)).order_by(_message.c.batch_id, _message.c.seq)
    connection.execute(rows.with_for_update()).all()
    found: dict[Place, list[Segment]] = {place: [] for place in places}
    query = select(_segment).where(tuple_(_segment.c.batch_id, _segment.c.seq).in_(places))
    for row in connection.execute(query):
        found[Place(row.batch_id, row.seq)].append(Segment(**row._mapping))
    return {place: _Whole(place, segments) for place, segments in found.items()}


def _save(connection: Connection, segments: Sequence[Segment]) -> None:
    if not segments:
        return
    key = ["batch_id", "seq", "number"]
    insert = upsert(connection, _segment).on_conflict_do_update(index_elements=key, set_={"delivered": 1})
    connection.execute(insert, [one._asdict() for one in segments])
