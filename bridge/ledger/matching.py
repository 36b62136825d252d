"""Which message a vendor's report is about, by the strongest thing it names."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, text

from ..plugin import BadNumber, DeliveryReceipt, Phone
from ..plugin.phone import parse
from . import models, segments
from .batchinfo import BatchInfo, BatchInfos
from .bulk import find_messages
from .refs import from_message_ref, from_ref

_message = models.message
_LOOKUP = 500
NAMED = text("message.vendor_id <> ''")  # spelt as the partial index spells it, so that it is used


class Located(NamedTuple):
    """A message row that a report is about; `raw` is the number as Quick Audience wrote it."""

    chunk_id: int
    seq: int
    raw: str
    segments: int
    info: BatchInfo

    @property
    def msisdn(self) -> str:
        """The number's digits with country code, "" when it was never a valid number."""
        try:
            return parse(self.raw, self.info.type).digits
        except BadNumber:
            return ""

    def __repr__(self) -> str:
        return f"Located({self.chunk_id}, {self.seq})"


class Finder:
    """Finds messages within one channel; a reference into another channel finds nothing."""

    def __init__(self, infos: BatchInfos) -> None:
        self._infos = infos

    def locate(
        self, connection: Connection, channel: str, receipts: Sequence[DeliveryReceipt]
    ) -> dict[int, Located]:
        """The message of each receipt, by the receipt's index; those without one are left out."""
        found: dict[int, Located] = {}
        self._by_message_ref(connection, channel, receipts, found)
        self._by_batch_ref(connection, channel, receipts, found)
        self._by_vendor_id(connection, channel, receipts, found)
        return found

    def _by_message_ref(
        self,
        connection: Connection,
        channel: str,
        receipts: Sequence[DeliveryReceipt],
        found: dict[int, Located],
    ) -> None:
        places = {
            index: place
            for index, receipt in enumerate(receipts)
            if receipt.message_ref and (place := from_message_ref(receipt.message_ref)) is not None
        }
        infos = self._of_channel(connection, channel, {chunk_id for chunk_id, _ in places.values()})
        wanted = {place for place in places.values() if place[0] in infos}
        rows = {
            (row.chunk_id, row.seq): Located(
                row.chunk_id, row.seq, row.phone, row.segments, infos[row.chunk_id]
            )
            for row in find_messages(connection, wanted)
        }
        found.update({index: rows[place] for index, place in places.items() if place in rows})

    def _by_batch_ref(
        self,
        connection: Connection,
        channel: str,
        receipts: Sequence[DeliveryReceipt],
        found: dict[int, Located],
    ) -> None:
        wanted = {
            index: (chunk_id, receipt.phone)
            for index, receipt in enumerate(receipts)
            if index not in found
            and receipt.phone is not None
            and (chunk_id := from_ref(receipt.batch_ref)) is not None
        }
        infos = self._of_channel(connection, channel, {chunk_id for chunk_id, _ in wanted.values()})
        by_number: dict[tuple[int, str], Located] = {}
        for chunk_id, info in infos.items():
            query = select(_message.c.seq, _message.c.phone, _message.c.segments)
            for seq, raw, count in connection.execute(query.where(_message.c.chunk_id == chunk_id)):
                row = Located(chunk_id, seq, raw, count, info)
                for reading in _readings(row):
                    by_number.setdefault((chunk_id, reading), row)
        for index, (chunk_id, phone) in wanted.items():
            match = by_number.get((chunk_id, phone.digits)) or by_number.get((chunk_id, phone.national))
            if match is not None:
                found[index] = match

    def _by_vendor_id(
        self,
        connection: Connection,
        channel: str,
        receipts: Sequence[DeliveryReceipt],
        found: dict[int, Located],
    ) -> None:
        wanted = {
            index: receipt
            for index, receipt in enumerate(receipts)
            if index not in found and receipt.vendor_id
        }
        by_id = self._vendor_rows(connection, channel, {receipt.vendor_id for receipt in wanted.values()})
        for index, receipt in wanted.items():
            match = _choose(by_id.get(receipt.vendor_id, []), receipt.phone)
            if match is not None:
                found[index] = match

    def _of_channel(
        self, connection: Connection, channel: str, chunk_ids: Iterable[int]
    ) -> dict[int, BatchInfo]:
        """The batches of those chunks that are the channel's."""
        infos = self._infos.of_chunks(connection, chunk_ids)
        return {chunk_id: info for chunk_id, info in infos.items() if info.channel == channel}

    def _vendor_rows(
        self, connection: Connection, channel: str, vendor_ids: Iterable[str]
    ) -> dict[str, list[Located]]:
        ids = sorted(vendor_ids)
        columns = [_message.c[name] for name in ("vendor_id", "chunk_id", "seq", "phone", "segments")]
        rows: list[Any] = []
        for start in range(0, len(ids), _LOOKUP):
            asked = ids[start : start + _LOOKUP]
            query = select(*columns).where(_message.c.vendor_id.in_(asked), NAMED)
            rows += connection.execute(query).all()
            if missing := set(asked).difference(row.vendor_id for row in rows):
                rows += segments.find(connection, missing)
        infos = self._of_channel(connection, channel, {row.chunk_id for row in rows})
        by_id: dict[str, list[Located]] = defaultdict(list)
        for row in rows:
            if row.chunk_id in infos:
                found = Located(row.chunk_id, row.seq, row.phone, row.segments, infos[row.chunk_id])
                by_id[row.vendor_id].append(found)
        return by_id


def _choose(rows: Sequence[Located], phone: Phone | None) -> Located | None:
    # A vendor's id may be that of a whole call; then only the number tells its messages apart.
    if phone is not None:
        matching = [row for row in rows if not {phone.digits, phone.national}.isdisjoint(_readings(row))]
        return matching[0] if matching else None
    return rows[0] if len(rows) == 1 else None


def _readings(row: Located) -> tuple[str, ...]:
    try:
        phone = parse(row.raw, row.info.type)
    except BadNumber:
        return ()
    return phone.digits, phone.national
