"""Which message a vendor's report is about, by the strongest thing it names."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select

from bridge.clock import seconds

from ...plugin import CLOCKS_APART, BadNumber, DeliveryReceipt, Phone, TemplateType
from ...plugin.phone import parse
from ..database import tables
from ..database.bulk import find_messages
from ..database.dialects import lit
from ..refs import Place, from_message_ref, from_ref
from ..scope import Scope
from ..sendinfo import SendInfo, SendInfos
from . import segments

_batch, _message = tables.batch, tables.message
_LOOKUP = 500
_SKEW_MS = seconds(CLOCKS_APART.total_seconds())

# Made once: a vendor of single webhooks has them run for each.
_CALLED = select(_batch.c.id, _batch.c.account, _batch.c.identity, _batch.c.state).where(
    _batch.c.id.in_(bindparam("ids", expanding=True))
)
_MESSAGE = [_message.c[name] for name in ("batch_id", "seq", "phone", "segments", "status")]
_BY_ID = (
    select(_message.c.vendor_id, *segments.LOCATED)
    .join(_batch, _batch.c.id == _message.c.batch_id)
    .where(_message.c.vendor_id.in_(bindparam("ids", expanding=True)), tables.NAMED)
)


class Call(NamedTuple):
    """A batch that was called, as its reports need to know it."""

    info: SendInfo
    unsettled: bool
    identity: str = ""


class Located(NamedTuple):
    """A message row that a report is about; `raw` is the number as Quick Audience wrote it.

    `unsettled`: other messages of its batch may be in question, so that the batch may end with this one.
    `identity`: of the account that was called, where that is asked for.
    """

    batch_id: int
    seq: int
    raw: str
    segments: int
    status: int
    info: SendInfo
    unsettled: bool = True
    identity: str = ""

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
        self,
        connection: Connection,
        scope: Scope,
        receipts: Sequence[DeliveryReceipt],
        arrived: Sequence[int] = (),
    ) -> dict[int, Located]:
        """Return the message of each receipt, by the receipt's index; those without one are left out.

        `arrived`: when each came, if not now.
        """
        found: dict[int, Located] = {}
        self._by_message_ref(connection, scope, receipts, found)
        self._by_batch_ref(connection, scope, receipts, found)
        self._by_vendor_id(connection, scope, receipts, found, arrived)
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
        calls = self.calls(connection, scope, {place.batch_id for place in places.values()})
        wanted = {place for place in places.values() if place.batch_id in calls}
        rows = {
            (row.batch_id, row.seq): _located(row, calls[row.batch_id])
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
        calls = self.calls(connection, scope, {batch_id for batch_id, _ in wanted.values()})
        by_number: dict[tuple[int, str], Located] = {}
        for batch_id, call in calls.items():
            query = select(*_MESSAGE).where(_message.c.batch_id == batch_id)
            for message in connection.execute(query):
                row = _located(message, call)
                for reading in readings(row.raw, row.info.type):
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
        arrived: Sequence[int],
    ) -> None:
        wanted = {
            index: receipt
            for index, receipt in enumerate(receipts)
            if index not in found and receipt.vendor_id
        }
        by_id = self._vendor_rows(connection, scope, {receipt.vendor_id for receipt in wanted.values()})
        for index, receipt in wanted.items():
            rows: Sequence[Located] = by_id.get(receipt.vendor_id, [])
            rows = _nearest(connection, rows, scope, receipt.phone, arrived[index] if arrived else scope.now)
            match = _choose(rows, receipt.phone)
            if match is not None:
                found[index] = match

    def calls(
        self, connection: Connection, scope: Scope, batch_ids: Collection[int], *, own: bool = False
    ) -> dict[int, Call]:
        """Return the batches that are the channel's and that the reporting account may know.

        `own`: those only that the account called, whose vendor's ids are its own.
        """
        found = self._infos.of_batches(connection, batch_ids)
        infos = {batch_id: info for batch_id, info in found.items() if info.channel == scope.channel}
        if scope.source is None or not infos:
            return {batch_id: Call(info, unsettled=True) for batch_id, info in infos.items()}
        return {
            row.id: Call(infos[row.id], _unsettled(row))
            for row in connection.execute(_CALLED, {"ids": sorted(infos)})
            if (scope.source.made if own else scope.source.may_know)(row.account, row.identity)
        }

    def _vendor_rows(
        self, connection: Connection, scope: Scope, vendor_ids: Iterable[str]
    ) -> dict[str, list[Located]]:
        """Return messages by the vendor's ids, of the account's own calls: ids are unique within it only."""
        ids = sorted(vendor_ids)
        rows: list[Any] = []
        for start in range(0, len(ids), _LOOKUP):
            asked = ids[start : start + _LOOKUP]
            rows += connection.execute(_BY_ID, {"ids": asked}).all()
            if missing := set(asked).difference(row.vendor_id for row in rows):
                rows += segments.find(connection, missing)
        infos = self._infos.of_calls(connection, {row.batch_id: row.send_id for row in rows})
        by_id: dict[str, list[Located]] = defaultdict(list)
        for row in rows:
            info = infos.get(row.batch_id)
            if info is None or info.channel != scope.channel:
                continue
            if scope.source is None or scope.source.made(row.account, row.identity):
                by_id[row.vendor_id].append(_located(row, Call(info, _unsettled(row), row.identity)))
        return by_id


def batch_named(receipt: DeliveryReceipt) -> int | None:
    """Return the batch that a report names, None for none of ours."""
    place = from_message_ref(receipt.message_ref) if receipt.message_ref else None
    return place.batch_id if place else from_ref(receipt.batch_ref)


def _located(row: Any, call: Call) -> Located:
    return Located(
        batch_id=row.batch_id,
        seq=row.seq,
        raw=row.phone,
        segments=row.segments,
        status=row.status,
        info=call.info,
        unsettled=call.unsettled,
        identity=call.identity,
    )


def _unsettled(row: Any) -> bool:
    return bool(row.state == tables.UNKNOWN)


def _nearest(
    connection: Connection, rows: Sequence[Located], scope: Scope, phone: Phone | None, arrived: int
) -> Sequence[Located]:
    """Return the messages that the reporting account took by its present identity, else all of them.

    Another vendor behind the same name may count its ids from one again. While a call of its own from before
    the report has no answer, or a lost one to that number, the report may be about that: then it is none of
    its predecessor's.
    """
    identity = scope.source.identity if scope.source is not None else ""
    own = [row for row in rows if row.identity in ("", identity)]
    if own or not rows or not identity:
        return own or rows
    return [] if _may_be_early(connection, scope, phone, arrived) else rows


def _may_be_early(connection: Connection, scope: Scope, phone: Phone | None, arrived: int) -> bool:
    """Return whether the account may have taken a message, to this number if given, without an id here."""
    its = (
        tables.UNFINISHED,
        _batch.c.channel == scope.channel,
        _batch.c.identity == (scope.source.identity if scope.source is not None else ""),
        _batch.c.called <= arrived + _SKEW_MS,
    )
    calling = select(_batch.c.id).where(*its, _batch.c.state == lit(tables.CALLING)).limit(1)
    if connection.execute(calling).first() is not None:
        return True
    lost = (
        select(_message.c.phone)
        .join_from(_message, _batch, _batch.c.id == _message.c.batch_id)
        .where(*its, _batch.c.state == lit(tables.UNKNOWN), tables.IN_QUESTION)
        .limit(_LOOKUP)
    )
    numbers = connection.execute(lost).scalars().all()
    if phone is None or len(numbers) == _LOOKUP:
        return bool(numbers)
    return any(phone.national in "".join(filter(str.isdigit, raw)) for raw in numbers)


def _choose(rows: Sequence[Located], phone: Phone | None) -> Located | None:
    # A vendor's id may be that of a whole call; then only the number tells its messages apart.
    if phone is not None:
        matching = [
            row
            for row in rows
            if not {phone.digits, phone.national}.isdisjoint(readings(row.raw, row.info.type))
        ]
        return matching[0] if matching else None
    return rows[0] if len(rows) == 1 else None


def readings(raw: str, kind: TemplateType) -> tuple[str, ...]:
    """Return the digits by which a vendor may name a number that Quick Audience wrote."""
    try:
        phone = parse(raw, kind)
    except BadNumber:
        return ()
    return phone.digits, phone.national
