"""Which message a vendor's report is about, by the strongest thing it names."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, text

from ..plugin import BadNumber, DeliveryReceipt, Phone
from ..plugin.phone import parse
from . import models
from .batchinfo import BatchInfo, BatchInfos
from .refs import from_message_ref, from_ref

_message = models.message
_LOOKUP = 500
NAMED = text("message.vendor_id <> ''")  # spelt as the partial index spells it, so that it is used


class Located(NamedTuple):
    """A message row that a report is about; `raw` is the number as Quick Audience wrote it."""

    chunk_id: int
    seq: int
    raw: str
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
        seqs: dict[int, set[int]] = defaultdict(set)
        for chunk_id, seq in places.values():
            seqs[chunk_id].add(seq)
        rows = self._rows(connection, channel, seqs)
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
        rows = self._rows(connection, channel, {chunk_id: None for chunk_id, _ in wanted.values()})
        by_number: dict[tuple[int, str], Located] = {}
        for row in rows.values():
            for reading in _readings(row):
                by_number.setdefault((row.chunk_id, reading), row)
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

    def _rows(
        self, connection: Connection, channel: str, seqs: dict[int, set[int]] | dict[int, None]
    ) -> dict[tuple[int, int], Located]:
        """Message rows of chunks of this channel; None stands for all places of the chunk."""
        infos = self._infos.of_chunks(connection, seqs)
        rows: dict[tuple[int, int], Located] = {}
        for chunk_id, places in seqs.items():
            info = infos.get(chunk_id)
            if info is None or info.channel != channel:
                continue
            query = select(_message.c.seq, _message.c.phone).where(_message.c.chunk_id == chunk_id)
            if places is not None and len(places) <= _LOOKUP:
                query = query.where(_message.c.seq.in_(places))
            rows.update(
                ((chunk_id, seq), Located(chunk_id, seq, raw, info)) for seq, raw in connection.execute(query)
            )
        return rows

    def _vendor_rows(
        self, connection: Connection, channel: str, vendor_ids: Iterable[str]
    ) -> dict[str, list[Located]]:
        ids = sorted(vendor_ids)
        rows: list[Any] = []
        for start in range(0, len(ids), _LOOKUP):
            query = select(_message.c.vendor_id, _message.c.chunk_id, _message.c.seq, _message.c.phone).where(
                _message.c.vendor_id.in_(ids[start : start + _LOOKUP]), NAMED
            )
            rows += connection.execute(query).all()
        infos = self._infos.of_chunks(connection, {row.chunk_id for row in rows})
        by_id: dict[str, list[Located]] = defaultdict(list)
        for row in rows:
            info = infos.get(row.chunk_id)
            if info is not None and info.channel == channel:
                by_id[row.vendor_id].append(Located(row.chunk_id, row.seq, row.phone, info))
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
