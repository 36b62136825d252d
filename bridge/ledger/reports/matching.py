"""Which message a vendor's report is about, by the strongest thing it names."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from ...plugin import BadNumber, DeliveryReceipt, Phone
from ...plugin.phone import parse
from ..database import tables
from ..database.bulk import find_messages
from ..refs import Place, from_message_ref, from_ref
from ..scope import Scope
from ..sendinfo import SendInfo, SendInfos
from . import segments

_batch, _message = tables.batch, tables.message
_LOOKUP = 500


class Located(NamedTuple):
    """A message row that a report is about; `raw` is the number as Quick Audience wrote it."""

    batch_id: int
    seq: int
    raw: str
    segments: int
    status: int
    info: SendInfo

    @property
    def place(self) -> Place:
        """Where the message stands."""
        return Place(self.batch_id, self.seq)

    @property
    def msisdn(self) -> str:
        """The number's digits with country code, "" when it was never a valid number."""
        try:
            return parse(self.raw, self.info.type).digits
        except BadNumber:
            return ""

    def __repr__(self) -> str:
        return f"Located({self.batch_id}, {self.seq})"


class Finder:
    """Finds messages within one channel; a reference into another channel finds nothing."""

    def __init__(self, infos: SendInfos) -> None:
        self._infos = infos

    def locate(
        self, connection: Connection, scope: Scope, receipts: Sequence[DeliveryReceipt]
    ) -> dict[int, Located]:
        """Return the message of each receipt, by the receipt's index; those without one are left out."""
        found: dict[int, Located] = {}
        self._by_message_ref(connection, scope, receipts, found)
        self._by_batch_ref(connection, scope, receipts, found)
        self._by_vendor_id(connection, scope, receipts, found)
        return found

    def _by_message_ref(
        self,
        connection: Connection,
        scope: Scope,
        receipts: Sequence[DeliveryReceipt],
        found: dict[int, Located],
    ) -> None:
        places = {
            index: place
            for index, receipt in enumerate(receipts)
            if receipt.message_ref and (place := from_message_ref(receipt.message_ref)) is not None
        }
        infos = self._of_scope(connection, scope, {place.batch_id for place in places.values()})
        wanted = {place for place in places.values() if place.batch_id in infos}
        rows = {
            (row.batch_id, row.seq): Located(
                row.batch_id, row.seq, row.phone, row.segments, row.status, infos[row.batch_id]
            )
            for row in find_messages(connection, wanted)
        }
        found.update({index: rows[place] for index, place in places.items() if place in rows})

    def _by_batch_ref(
        self,
        connection: Connection,
        scope: Scope,
        receipts: Sequence[DeliveryReceipt],
        found: dict[int, Located],
    ) -> None:
        wanted = {
            index: (batch_id, receipt.phone)
            for index, receipt in enumerate(receipts)
            if index not in found
            and receipt.phone is not None
            and (batch_id := from_ref(receipt.batch_ref)) is not None
        }
        infos = self._of_scope(connection, scope, {batch_id for batch_id, _ in wanted.values()})
        by_number: dict[tuple[int, str], Located] = {}
        for batch_id, info in infos.items():
            query = select(_message.c.seq, _message.c.phone, _message.c.segments, _message.c.status)
            for found_row in connection.execute(query.where(_message.c.batch_id == batch_id)):
                row = Located(batch_id, *found_row, info)
                for reading in _readings(row):
                    by_number.setdefault((batch_id, reading), row)
        for index, (batch_id, phone) in wanted.items():
            match = by_number.get((batch_id, phone.digits)) or by_number.get((batch_id, phone.national))
            if match is not None:
                found[index] = match

    def _by_vendor_id(
        self,
        connection: Connection,
        scope: Scope,
        receipts: Sequence[DeliveryReceipt],
        found: dict[int, Located],
    ) -> None:
        wanted = {
            index: receipt
            for index, receipt in enumerate(receipts)
            if index not in found and receipt.vendor_id
        }
        by_id = self._vendor_rows(connection, scope, {receipt.vendor_id for receipt in wanted.values()})
        for index, receipt in wanted.items():
            rows: Sequence[Located] = by_id.get(receipt.vendor_id, [])
            if len(rows) > 1 and scope.source is not None:
                rows = _nearest(connection, rows, scope.source.identity)
            match = _choose(rows, receipt.phone)
            if match is not None:
                found[index] = match

    def _of_scope(
        self, connection: Connection, scope: Scope, batch_ids: Iterable[int], *, own: bool = False
    ) -> dict[int, SendInfo]:
        """Return the sends of batches that are the channel's and that the reporting account may know.

        `own`: only the account's own, for what vendors name is unique within an account only.
        """
        found = self._infos.of_batches(connection, batch_ids)
        infos = {batch_id: info for batch_id, info in found.items() if info.channel == scope.channel}
        if scope.source is None or not infos:
            return infos
        knows = scope.source.made if own else scope.source.may_know
        called = select(_batch.c.id, _batch.c.account, _batch.c.identity).where(_batch.c.id.in_(infos))
        return {
            row.id: infos[row.id] for row in connection.execute(called) if knows(row.account, row.identity)
        }

    def _vendor_rows(
        self, connection: Connection, scope: Scope, vendor_ids: Iterable[str]
    ) -> dict[str, list[Located]]:
        ids = sorted(vendor_ids)
        columns = [
            _message.c[name] for name in ("vendor_id", "batch_id", "seq", "phone", "segments", "status")
        ]
        rows: list[Any] = []
        for start in range(0, len(ids), _LOOKUP):
            asked = ids[start : start + _LOOKUP]
            query = select(*columns).where(_message.c.vendor_id.in_(asked), tables.NAMED)
            rows += connection.execute(query).all()
            if missing := set(asked).difference(row.vendor_id for row in rows):
                rows += segments.find(connection, missing)
        infos = self._of_scope(connection, scope, {row.batch_id for row in rows}, own=True)
        by_id: dict[str, list[Located]] = defaultdict(list)
        for row in rows:
            if row.batch_id in infos:
                found = Located(
                    row.batch_id, row.seq, row.phone, row.segments, row.status, infos[row.batch_id]
                )
                by_id[row.vendor_id].append(found)
        return by_id


def _nearest(connection: Connection, rows: Sequence[Located], identity: str) -> Sequence[Located]:
    """Return the messages that the reporting account took by its present identity, else all of them.

    Another vendor behind the same name may count its ids from one again.
    """
    called = select(_batch.c.id).where(
        _batch.c.id.in_({row.batch_id for row in rows}), _batch.c.identity == identity
    )
    mine = set(connection.execute(called).scalars())
    return [row for row in rows if row.batch_id in mine] or rows


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
