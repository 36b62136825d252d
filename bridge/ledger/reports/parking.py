"""Receipts that came before their messages wait for them, as rows of their own."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import structlog
from sqlalchemy import Connection, Select, bindparam, exists, select

from bridge.clock import hours, moment, seconds

from ...plugin import DeliveryReceipt, MessageStatus, Phone
from ..database import tables
from ..refs import new_id
from ..scope import Scope
from .matching import batch_named

log = structlog.get_logger("bridge.ledger")

_PARK_MS = 200
"""A receipt that came while its message was being recorded finds it a moment later."""
_PARK_LIMIT_MS = hours(72)
_parked = tables.parked
_ANY_PARKED = select(exists().where(_parked.c.channel == bindparam("of")))


def any_parked(connection: Connection, channel: str) -> bool:
    """Return whether any receipt of the channel waits for its message."""
    return bool(connection.execute(_ANY_PARKED, {"of": channel}).scalar())


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


def _pack(receipt: DeliveryReceipt) -> str:
    fields = receipt._asdict()
    fields["phone"] = receipt.phone._asdict() if receipt.phone else None
    fields["at"] = receipt.at.timestamp() if receipt.at else None
    fields["price"] = None if receipt.price is None else str(receipt.price)
    return json.dumps(fields)  # in ASCII, which holds any text


def _phone(kept: Any) -> Phone:
    # A list of the two fields is how rows before 0.1.0 keep it.
    return Phone(*kept) if isinstance(kept, list) else Phone(**kept)


def unpack(text: str) -> DeliveryReceipt | None:
    """Return the receipt, or None for what another version wrote: it must not stop the rows beside it."""
    try:
        fields = json.loads(text)
        fields["status"] = MessageStatus(fields["status"])
        fields["phone"] = _phone(fields["phone"]) if fields["phone"] else None
        fields["at"] = moment(seconds(fields["at"])) if fields["at"] is not None else None
        fields["price"] = None if fields.get("price") is None else Decimal(fields["price"])
        return DeliveryReceipt(**fields)
    except (ArithmeticError, ValueError, TypeError, KeyError):
        return None
