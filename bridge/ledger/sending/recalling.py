"""Messages that wait to be sent again are taken back: a report shows that an earlier call of theirs arrived.

The batch in which they wait is locked as a claim locks it: either they are taken back and nobody calls them,
or they are being called, and the report waits until that call is recorded.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, select, update

from ...plugin import BadNumber, MessageStatus, MissingVariable
from ...plugin.phone import parse
from ...plugin.text import TextContent, segments, signed
from .. import moved, tally
from ..blobs import Recipients, decode, encode
from ..database import tables
from ..database.bulk import MessageRow, insert_messages
from ..database.dialects import lit
from ..moved import Moved
from ..refs import Place, new_id, phone_key
from ..scope import Scope
from ..sendinfo import SendInfo, SendInfos
from . import attempts

_batch = tables.batch


def take_back(
    connection: Connection, scope: Scope, infos: SendInfos, places: Collection[Place]
) -> set[Place]:
    """Put messages that wait uncalled back to where they stood when they were called, their outcome unknown.

    Returns the places of those that did wait. The caller gives each its status in this transaction.
    """
    waiting = _waiting(connection, places)
    if not waiting:
        return set()
    back = [one for one in moved.at(connection, places).values() if one.to_batch in waiting]
    # One message may have stood at several places: the latest call is believed.
    latest = {one.to: one for one in sorted(back, key=lambda one: (one.sent, one.place))}
    known = infos.of_batches(connection, {one.batch_id for one in latest.values()})
    going: dict[int, list[Moved]] = defaultdict(list)
    for one in latest.values():
        if one.batch_id in known:
            going[one.to_batch].append(one)
    rows: list[MessageRow] = []
    for batch_id, leaving in going.items():
        recipients = decode(waiting[batch_id].recipients)
        rows += [_row(known[one.batch_id], one, recipients) for one in leaving]
        moved.returned(connection, leaving)
        _keep(connection, waiting[batch_id], recipients, {one.to_seq for one in leaving}, scope.now)
    insert_messages(connection, rows)
    tally.added(connection, rows)
    return {Place(row.batch_id, row.seq) for row in rows}


def _waiting(connection: Connection, places: Collection[Place]) -> dict[int, Any]:
    """Return the batches in which these messages wait, locked."""
    found: dict[int, Any] = {}
    asked: set[int] = set()
    # Until a claim was committed its batch could not be locked, and the claim may have put a part of it into
    # a batch of its own, which waits: so the places are read again until they name no batch anew.
    while anew := {one.to_batch for one in moved.at(connection, places).values()} - asked:
        found |= _locked(connection, anew)
        asked |= anew
    return found


def _locked(connection: Connection, batch_ids: Collection[int]) -> dict[int, Any]:
    """Return those batches that wait; nobody else changes them until the transaction ends."""
    rows = (
        select(_batch.c.id, _batch.c.attempt, _batch.c.recipients)
        .where(_batch.c.id.in_(sorted(batch_ids)), _batch.c.state == lit(tables.READY))
        .order_by(_batch.c.id)
        .with_for_update()
    )
    return {row.id: row for row in connection.execute(rows)}


def _row(info: SendInfo, one: Moved, recipients: Recipients) -> MessageRow:
    """Return a message's row as it was after its earlier call."""
    phone = recipients.phones[one.to_seq]
    key = phone_key(info.channel, _digits(info, phone), one.sent) if phone else 0
    status = int(MessageStatus.CALLING)
    return MessageRow(
        one.batch_id,
        one.seq,
        phone,
        key,
        status,
        one.vendor_id,
        "",
        "",
        one.segments or _segments(info, recipients.params_of(one.to_seq)),
        one.sent,
        None,
        one.rate,
    )


def _segments(info: SendInfo, params: Mapping[str, str]) -> int:
    """Return the segments of a message that had no row, since its vendor had said that it did not take it."""
    try:
        text = TextContent(info.template.get("content", "")).render(params)
    except MissingVariable:
        return 1
    return segments(signed(info.sign_name, text, info.type), info.type) if text else 1


def _digits(info: SendInfo, phone: str) -> str:
    try:
        return parse(phone, info.type).digits
    except BadNumber:
        return phone


def _keep(
    connection: Connection, waiting: Any, recipients: Recipients, gone: Collection[int], now: int
) -> None:
    """Let the messages that are not taken back wait on."""
    left = [seq for seq in range(len(recipients.phones)) if seq not in gone]
    values: dict[str, Any] = {"count": len(left), "recipients": encode(recipients.pick(left))}
    if not left:
        values["state"] = tables.DONE
    elif waiting.attempt:
        # A vendor knows the references of its messages: those must not name others now.
        values |= {"id": new_id(now), "attempt": 0}
        attempts.rename(connection, waiting.id, values["id"])
    moved.follow(connection, waiting.id, values.get("id", waiting.id), left)
    connection.execute(update(_batch).where(_batch.c.id == waiting.id).values(**values))
