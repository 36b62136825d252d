"""Delivery receipts meet their messages: found, climbed, handed to the outbox; or parked until they do."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import Connection, bindparam, delete, exists, or_, select, update

from ..plugin import DeliveryReceipt, MessageStatus, Phone
from . import contradictions, models, segments
from .batchinfo import BatchInfos
from .bulk import Climb, MessageRow, believable, clean, climb
from .engine import Database
from .matching import Finder, Located
from .outbox import Ended, enqueue_receipts
from .refs import from_message_ref, from_ref, new_id
from .sql import lit
from .suppressions import suppress

log = structlog.get_logger("bridge.ledger")

_PARK_MS = 5_000
_PARK_LIMIT_MS = 72 * 3_600_000
_parked = models.parked
_ANY_PARKED = select(exists().where(_parked.c.channel == bindparam("of")))


@dataclass(slots=True)
class Intake:
    """What some receipts changed: messages that ended, reports that changed nothing, and those parked."""

    ended: list[Ended] = field(default_factory=list)
    repeated: int = 0
    parked: int = 0
    dropped: int = 0

    def add(self, other: "Intake") -> None:
        """Count another intake's changes too."""
        self.ended += other.ended
        self.repeated += other.repeated
        self.parked += other.parked
        self.dropped += other.dropped


class Receipts:
    """Applies receipts to messages, within one channel."""

    def __init__(self, database: Database, infos: BatchInfos) -> None:
        self._database = database
        self._infos = infos
        self._finder = Finder(infos)

    def apply(self, channel: str, receipts: Sequence[DeliveryReceipt], *, pushes: bool, now: int) -> Intake:
        """Apply receipts in one transaction: statuses climb, ends go to the outbox, the rest is parked."""
        if not receipts:
            return Intake()
        return self._database.write(lambda connection: self.take(connection, channel, receipts, pushes, now))

    def take(
        self,
        connection: Connection,
        channel: str,
        receipts: Sequence[DeliveryReceipt],
        pushes: bool,
        now: int,
        arrived: Sequence[int] = (),
    ) -> Intake:
        """As `apply`, within the caller's transaction; `arrived`: when each came, if not now."""
        receipts = [_fit(receipt, now) for receipt in receipts]
        located = self._finder.locate(connection, channel, receipts)
        receipts = _merged(connection, receipts, located)
        climbs = [_climb(found, receipts[index], now) for index, found in located.items()]
        rows = climb(connection, _strongest(climbs))
        contradictions.tell(connection, channel, climbs, rows)
        ended = self._end(connection, channel, rows, pushes, now)
        _suppress_opted_out(connection, channel, receipts, located, now)
        missing = [
            (receipt, arrived[index] if arrived else now)
            for index, receipt in enumerate(receipts)
            if index not in located
        ]
        kept = _park(connection, channel, missing, now)
        return Intake(ended, len(located) - len(rows), kept, len(missing) - kept)

    def apply_climbs(
        self, connection: Connection, channel: str, climbs: Sequence[Climb], pushes: bool, now: int
    ) -> list[Ended]:
        """Apply statuses learned from the vendor by other ways than receipts."""
        return self._end(connection, channel, climb(connection, _strongest(climbs)), pushes, now)

    def any_parked(self, connection: Connection, channel: str) -> bool:
        """Whether any receipt of the channel waits for its message."""
        return bool(connection.execute(_ANY_PARKED, {"of": channel}).scalar())

    def unpark(
        self,
        connection: Connection,
        channel: str,
        rows: Sequence[MessageRow],
        parts: Sequence[segments.Segment],
        pushes: bool,
        now: int,
    ) -> list[Ended]:
        """Apply the receipts that arrived before these message rows and their segments did."""
        if not rows:
            return []
        vendor_ids = {row.vendor_id for row in rows} | {part.vendor_id for part in parts}
        waiting = or_(
            _parked.c.chunk_id.in_({row.chunk_id for row in rows}), _parked.c.vendor_id.in_(vendor_ids - {""})
        )
        return self._retake(connection, channel, waiting, pushes, now).ended

    def retry_parked(self, channel: str, *, pushes: bool, now: int, limit: int = 500) -> Intake:
        """Try parked receipts that are due again; those older than 72 hours are dropped and counted."""
        due = select(_parked.c.id).where(_parked.c.channel == channel, _parked.c.due <= now).limit(limit)

        def work(connection: Connection) -> Intake:
            ids = connection.execute(due).scalars().all()
            return self._retake(connection, channel, _parked.c.id.in_(ids), pushes, now) if ids else Intake()

        return self._database.write(work)

    def _retake(self, connection: Connection, channel: str, condition: Any, pushes: bool, now: int) -> Intake:
        rows = connection.execute(
            delete(_parked)
            .where(_parked.c.channel == channel, condition)
            .returning(_parked.c.receipt, _parked.c.created)
        ).all()
        read = [(receipt, row.created) for row in rows if (receipt := _unpack(row.receipt)) is not None]
        if len(read) < len(rows):
            log.error(
                "parked receipts are not readable, dropped", channel=channel, count=len(rows) - len(read)
            )
        if not read:
            return Intake()
        receipts, arrived = zip(*read, strict=True)
        return self.take(connection, channel, receipts, pushes, now, arrived)

    def _end(
        self, connection: Connection, channel: str, rows: Iterable[Any], pushes: bool, now: int
    ) -> list[Ended]:
        """Hand what became final to the outbox, and end unknown chunks that have no open message left."""
        changed = list(rows)
        close_settled(connection, {row.chunk_id for row in changed})
        final = [row for row in changed if row.status >= MessageStatus.DELIVERED]
        infos = self._infos.of_chunks(connection, {row.chunk_id for row in final})
        groups: dict[str, list[Ended]] = defaultdict(list)
        for row in final:
            groups[infos[row.chunk_id].out_id].append(
                Ended(row.phone, row.status, row.sent, row.ended, row.code, row.reason)
            )
        if pushes:
            enqueue_receipts(connection, channel, groups, now)
        return [ended for group in groups.values() for ended in group]


_STILL_OPEN = select(models.message.c.seq).where(
    models.message.c.chunk_id == models.chunk.c.id, models.message.c.status == lit(MessageStatus.CALLING)
)
_CLOSE = (
    update(models.chunk)
    .where(
        models.chunk.c.id.in_(bindparam("ids", expanding=True)),
        models.chunk.c.state == lit(models.UNKNOWN),
        ~_STILL_OPEN.exists(),
    )
    .values(state=models.DONE, owner=None, lease=None)
)


def close_settled(connection: Connection, chunk_ids: Iterable[int]) -> None:
    """End those UNKNOWN chunks that have no open message left."""
    ids = sorted(chunk_ids)
    if ids:
        connection.execute(_CLOSE, {"ids": ids})


def _fit(receipt: DeliveryReceipt, now: int) -> DeliveryReceipt:
    """A report that the database takes whatever a vendor wrote: one must not cost the others of its page."""
    return segments.fit(receipt)._replace(
        vendor_id=clean(receipt.vendor_id, 128),
        code=clean(receipt.code, 128),
        reason=clean(receipt.reason),
        at=believable(receipt.at, now),
    )


def _merged(
    connection: Connection, receipts: Sequence[DeliveryReceipt], located: Mapping[int, Located]
) -> Sequence[DeliveryReceipt]:
    """The receipts as reports on whole messages; most are that already."""
    named = segments.having_ids(connection, {one.chunk_id for one in located.values() if one.segments > 1})
    places = {
        index: (found.chunk_id, found.seq)
        for index, found in located.items()
        if receipts[index].segments or (found.chunk_id, found.seq) in named
    }
    return segments.merge(connection, receipts, places) if places else receipts


def _climb(found: Located, receipt: DeliveryReceipt, now: int) -> Climb:
    at = int(receipt.at.timestamp() * 1000) if receipt.at else now
    status = int(receipt.status)
    return Climb(found.chunk_id, found.seq, status, receipt.vendor_id, receipt.code, receipt.reason, at)


def _strongest(climbs: Iterable[Climb]) -> list[Climb]:
    # One row an update: the first final status of a message in this intake decides, as it would one by one.
    best: dict[tuple[int, int], Climb] = {}
    for step in climbs:
        key = (step.chunk_id, step.seq)
        held = best.get(key)
        if held is None or (held.status < MessageStatus.DELIVERED and step.status > held.status):
            best[key] = step
    return list(best.values())


def _suppress_opted_out(
    connection: Connection,
    channel: str,
    receipts: Sequence[DeliveryReceipt],
    located: Mapping[int, Located],
    now: int,
) -> None:
    gone: dict[str, set[str]] = defaultdict(set)
    for index, found in located.items():
        if receipts[index].opted_out:
            gone[found.info.sign_name].add(found.msisdn)
    for sign_name, msisdns in gone.items():
        suppress(connection, channel, sign_name, msisdns, "receipt", now)


def _park(
    connection: Connection, channel: str, receipts: Sequence[tuple[DeliveryReceipt, int]], now: int
) -> int:
    """Keep receipts without a message for later, less and less often; how many were kept."""
    rows = [
        {
            "id": new_id(now),
            "channel": channel,
            "chunk_id": _chunk_id(receipt),
            "vendor_id": receipt.vendor_id,
            "receipt": _pack(receipt),
            "due": now + max(_PARK_MS, (now - arrived) // 2),
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


def _chunk_id(receipt: DeliveryReceipt) -> int | None:
    place = from_message_ref(receipt.message_ref) if receipt.message_ref else None
    return place[0] if place else from_ref(receipt.batch_ref)


def _pack(receipt: DeliveryReceipt) -> str:
    fields = receipt._asdict()
    fields["phone"] = [receipt.phone.raw, receipt.phone.e164] if receipt.phone else None
    fields["at"] = receipt.at.timestamp() if receipt.at else None
    return json.dumps(fields)  # in ASCII, which holds any text


def _unpack(text: str) -> DeliveryReceipt | None:
    """The receipt, or None for what another version wrote: it must not stop the rows beside it."""
    try:
        fields = json.loads(text)
        fields["status"] = MessageStatus(fields["status"])
        fields["phone"] = Phone(*fields["phone"]) if fields["phone"] else None
        fields["at"] = datetime.fromtimestamp(fields["at"], UTC) if fields["at"] is not None else None
        return DeliveryReceipt(**fields)
    except (ValueError, TypeError, KeyError):
        return None
