"""Receipts that came before their messages wait for them, as rows of their own."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import structlog
from sqlalchemy import Connection, Select, bindparam, exists, select

from bridge.clock import hours, moment, seconds

from ...plugin import DeliveryReceipt, MessageStatus, Phone
from ...plugin.status import FAILED
from .. import moved
from ..database import tables
from ..database.bulk import MessageRow
from ..moved import Lead
from ..refs import Place, new_id
from ..scope import Scope
from .matching import batch_named

log = structlog.get_logger("bridge.ledger")

_PARK_MS = 200
"""A receipt that came while its message was being recorded finds it a moment later."""
_PARK_LIMIT_MS = hours(72)
_parked = tables.parked
_moved = tables.moved
# One statement, for it is asked with every record: what waits, and what was called before, are both rare.
_AWAITED = select(
    exists().where(_parked.c.channel == bindparam("of")).label("any"),
    exists().where(_moved.c.to_batch.in_(bindparam("ids", expanding=True))).label("again"),
)


@dataclass(frozen=True, slots=True)
class Awaited:
    """What waits while calls are recorded: the channels of parked receipts, and where messages came from.

    `leads`: the earlier places of messages that were called again, by the batch of the call; `called_again`:
    where those messages stand.
    """

    channels: set[str]
    leads: dict[int, list[Lead]]
    called_again: set[Place]

    def may_be_delivered(self, row: MessageRow) -> bool:
        """Return whether a receipt that waits may say that an earlier call delivered what has failed now."""
        return row.status in FAILED and Place(row.batch_id, row.seq) in self.called_again


def awaited(connection: Connection, batches: Iterable[tuple[str, int]]) -> Awaited:
    """Return what waits for the record of these calls: pairs of a channel and a batch."""
    by_channel: dict[str, list[int]] = defaultdict(list)
    for channel, batch_id in batches:
        by_channel[channel].append(batch_id)
    found = Awaited(set(), {}, set())
    for channel, ids in by_channel.items():
        row = connection.execute(_AWAITED, {"of": channel, "ids": ids}).one()
        if row.any:
            found.channels.add(channel)
            found.leads.update(moved.leads(connection, ids) if row.again else {})
    found.called_again.update(lead.to for leads in found.leads.values() for lead in leads)
    return found


def due_parked(channel: str, now: int, limit: int) -> Select[int]:
    """Return the query for parked receipts that are to be tried; read from its index, the end first."""
    mine = (_parked.c.channel == channel, _parked.c.due <= now)
    return (
        select(_parked.c.id)
        .where(*mine)
        .order_by(_parked.c.channel.desc(), _parked.c.due.desc())
        .limit(limit)
    )


def park(connection: Connection, scope: Scope, receipts: Sequence[tuple[DeliveryReceipt, int]]) -> int:
    """Keep receipts without a message for later, less and less often; each with when it came.

    Returns how many were kept.
    """
    channel, now = scope.channel, scope.now
    rows = [
        {
            "id": new_id(now),
            "channel": channel,
            "batch_id": batch_named(receipt),
            "account": scope.source.account if scope.source else "",
            "identity": scope.source.identity if scope.source else "",
            "vendor_id": receipt.vendor_id,
            "receipt": _pack(receipt),
            "due": now + max(_PARK_MS, now - arrived),
            "created": arrived,
        }
        for receipt, arrived in receipts
        if now - arrived < _PARK_LIMIT_MS
    ]
    if rows:
        connection.execute(_parked.insert(), rows)
    if len(rows) < len(receipts):
        log.warning("receipts without a message dropped", channel=channel, count=len(receipts) - len(rows))
    return len(rows)


def put_back(connection: Connection, channel: str, rows: Sequence[Any], now: int) -> None:
    """Keep parked rows that cannot be read: a version that can may be beside this one, or come after it."""
    kept = [row for row in rows if now - row.created < _PARK_LIMIT_MS]
    log.error(
        "parked receipts are not readable", channel=channel, kept=len(kept), dropped=len(rows) - len(kept)
    )
    if kept:
        again = [{**row._mapping, "due": now + max(_PARK_MS, now - row.created)} for row in kept]
        connection.execute(_parked.insert(), again)


def _pack(receipt: DeliveryReceipt) -> str:
    fields = receipt._asdict()
    fields["phone"] = receipt.phone._asdict() if receipt.phone else None
    fields["at"] = receipt.at.timestamp() if receipt.at else None
    fields["price"] = None if receipt.price is None else str(receipt.price)
    return json.dumps(fields)  # in ASCII, which holds any text


def _phone(kept: Any) -> Phone:
    # A list of the two fields is how rows before 0.1.0 keep it.
    return Phone(*kept) if isinstance(kept, list) else Phone(**_known(Phone, kept))


def _known(shape: Any, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: fields[name] for name in shape._fields if name in fields}


def unpack(text: str) -> DeliveryReceipt | None:
    """Return the receipt, or None for what cannot be read: it must not stop the rows beside it.

    Names that this version does not know are passed over.
    """
    try:
        fields = json.loads(text)
        fields["status"] = MessageStatus(fields["status"])
        fields["phone"] = _phone(fields["phone"]) if fields["phone"] else None
        fields["at"] = moment(seconds(fields["at"])) if fields["at"] is not None else None
        fields["price"] = None if fields.get("price") is None else Decimal(fields["price"])
        return DeliveryReceipt(**_known(DeliveryReceipt, fields))
    except (ArithmeticError, ValueError, TypeError, KeyError):
        return None
