"""Delivery receipts meet their messages: found, climbed, handed to the outbox; or parked until they do."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import structlog
from sqlalchemy import Connection, Select, and_, bindparam, delete, exists, or_, select, update

from bridge.clock import hours, millis_of, moment, seconds

from ...plugin import DeliveryReceipt, MessageStatus, Phone
from ...plugin.status import FIRST_FINAL
from .. import tally
from ..database import tables
from ..database.bulk import Climb, MessageRow, believable, clean, climb, find_messages
from ..database.dialects import lit, skip_locked
from ..database.engine import Database
from ..prices import Charge, note_charges, packed
from ..refs import Place, from_message_ref, from_ref, new_id
from ..scope import Scope, Source
from ..sendinfo import SendInfos
from ..suppressions import suppress
from . import contradictions, segments
from .matching import Finder, Located
from .outbox import Ended, enqueue_receipts

log = structlog.get_logger("bridge.ledger")

RETRIED = 500
"""So many parked receipts are tried in one transaction."""
_PARK_MS = 200
"""A receipt that came while its message was being recorded finds it a moment later."""
_PARK_LIMIT_MS = hours(72)
_parked = tables.parked
NO_SOURCES: Mapping[str, Source] = {}
_ANY_PARKED = select(exists().where(_parked.c.channel == bindparam("of")))


@dataclass(slots=True)
class Intake:
    """What some receipts changed: messages that ended, reports that changed nothing, and those parked."""

    ends: list[Ended] = field(default_factory=list)
    repeated: int = 0
    parked: int = 0
    dropped: int = 0

    @property
    def total(self) -> int:
        """How many receipts there were."""
        return len(self.ends) + self.repeated + self.parked + self.dropped

    def add(self, other: "Intake") -> None:
        """Count another intake's changes too."""
        self.ends += other.ends
        self.repeated += other.repeated
        self.parked += other.parked
        self.dropped += other.dropped


class Receipts:
    """Applies receipts to messages, within one channel."""

    def __init__(self, database: Database, infos: SendInfos) -> None:
        self._database = database
        self._infos = infos
        self._finder = Finder(infos)

    def apply(self, channel: str, receipts: Sequence[DeliveryReceipt], *, pushes: bool, now: int) -> Intake:
        """Apply receipts in one transaction: statuses climb, ends go to the outbox, the rest is parked."""
        if not receipts:
            return Intake()
        scope = Scope(channel, now, pushes)
        return self._database.write(lambda connection: self.take(connection, scope, receipts))

    def take(
        self,
        connection: Connection,
        scope: Scope,
        receipts: Sequence[DeliveryReceipt],
        arrived: Sequence[int] = (),
    ) -> Intake:
        """Do as `apply`, within the caller's transaction; `arrived`: when each came, if not now."""
        now = scope.now
        receipts = [_fit(receipt, now) for receipt in receipts]
        located = self._finder.locate(connection, scope, receipts, arrived)
        receipts = _merged(connection, receipts, located)
        climbs = [_climb(found, receipts[index], now) for index, found in located.items()]
        known = {found.place: found.status for found in located.values()}
        rows = _climbed(connection, climbs, known)
        contradictions.keep(connection, scope, climbs, rows)
        close_settled(connection, {one.batch_id for one in located.values() if one.unsettled})
        ends = self._end(connection, scope, rows)
        _suppress_opted_out(connection, scope, receipts, located)
        note_charges(
            connection, [charge for at, one in located.items() for charge in _charge(one, receipts[at])]
        )
        missing = [
            (receipt, arrived[index] if arrived else now)
            for index, receipt in enumerate(receipts)
            if index not in located
        ]
        kept = _park(connection, scope, missing)
        return Intake(ends, len(located) - len(rows), kept, len(missing) - kept)

    def apply_climbs(self, connection: Connection, scope: Scope, climbs: Sequence[Climb]) -> list[Ended]:
        """Apply statuses learned from the vendor by other ways than receipts."""
        places = {Place(one.batch_id, one.seq) for one in climbs}
        known = {Place(row.batch_id, row.seq): row.status for row in find_messages(connection, places)}
        rows = _climbed(connection, climbs, known)
        close_settled(connection, {row.batch_id for row in rows})
        return self._end(connection, scope, rows)

    def any_parked(self, connection: Connection, channel: str) -> bool:
        """Return whether any receipt of the channel waits for its message."""
        return bool(connection.execute(_ANY_PARKED, {"of": channel}).scalar())

    def unpark(
        self,
        connection: Connection,
        scope: Scope,
        rows: Sequence[MessageRow],
        parts: Sequence[segments.Segment],
        called: Source | None = None,
    ) -> list[Ended]:
        """Apply the receipts that arrived before these message rows and their segments did.

        `called`: the account that took the messages; what others reported waits on.
        """
        if not rows:
            return []
        vendor_ids = {row.vendor_id for row in rows} | {part.vendor_id for part in parts}
        waiting = or_(
            _parked.c.batch_id.in_({row.batch_id for row in rows}), _parked.c.vendor_id.in_(vendor_ids - {""})
        )
        sources = {called.account: called} if called else {}
        # What another account of the channel reported is about its own messages.
        mine = and_(
            _parked.c.account.in_(sorted({"", *sources})),
            # Nor is what another vendor account reported that had the name before.
            _parked.c.identity.in_(sorted({"", *(one.identity for one in sources.values())})),
        )
        return self._retake(connection, scope, and_(waiting, mine), sources).ends

    def retry_parked(
        self,
        channel: str,
        *,
        pushes: bool,
        now: int,
        sources: Mapping[str, Source] = NO_SOURCES,
        limit: int = RETRIED,
    ) -> Intake:
        """Try parked receipts that are due again; those older than 72 hours are dropped and counted.

        The latest due come first: however many third-party receipts wait, they do not delay a new one.
        `sources`: the accounts that receipts are from, by name.
        """
        scope = Scope(channel, now, pushes)
        due = due_parked(channel, now, limit)

        with self._database.read() as connection:  # idle workers do not write
            if connection.execute(due.limit(1)).first() is None:
                return Intake()

        def work(connection: Connection) -> Intake:
            ids = connection.execute(skip_locked(connection, due)).scalars().all()
            return self._retake(connection, scope, _parked.c.id.in_(ids), sources) if ids else Intake()

        return self._database.write(work)

    def _retake(
        self, connection: Connection, scope: Scope, condition: Any, sources: Mapping[str, Source]
    ) -> Intake:
        rows = connection.execute(
            delete(_parked)
            .where(_parked.c.channel == scope.channel, condition)
            .returning(_parked.c.receipt, _parked.c.created, _parked.c.account, _parked.c.identity)
        ).all()
        intake = Intake()
        for account, identity in sorted({(row.account, row.identity) for row in rows}):
            mine = [row for row in rows if (row.account, row.identity) == (account, identity)]
            source = _of_before(account, identity, sources)
            intake.add(self._take_parked(connection, scope._replace(source=source), mine))
        return intake

    def _take_parked(self, connection: Connection, scope: Scope, rows: Sequence[Any]) -> Intake:
        read = [(receipt, row.created) for row in rows if (receipt := _unpack(row.receipt)) is not None]
        if len(read) < len(rows):
            log.error(
                "parked receipts are not readable, dropped",
                channel=scope.channel,
                count=len(rows) - len(read),
            )
        if not read:
            return Intake()
        receipts, arrived = zip(*read, strict=True)
        return self.take(connection, scope, receipts, arrived)

    def _end(self, connection: Connection, scope: Scope, changed: Sequence[Any]) -> list[Ended]:
        """Hand what became final to the outbox."""
        final = [row for row in changed if row.status >= FIRST_FINAL]
        infos = self._infos.of_batches(connection, {row.batch_id for row in final})
        groups: dict[str, list[Ended]] = defaultdict(list)
        for row in final:
            if not row.phone:
                continue  # the person was forgotten
            groups[infos[row.batch_id].out_id].append(
                Ended(row.phone, row.status, row.sent, row.ended_at, row.code, row.reason)
            )
        if scope.pushes:
            enqueue_receipts(connection, scope, groups)
        return [one for group in groups.values() for one in group]


def _of_before(account: str, identity: str, sources: Mapping[str, Source]) -> Source | None:
    """Return the account that reported what waits, as it was then; None for no account.

    One that is no more, or has become another, reported on its own calls.
    """
    now = sources.get(account)
    if now is not None and identity in ("", now.identity):
        return now
    if not account:
        return None
    others = frozenset(sources) - {account}
    return Source(account, identity, others, frozenset(one.identity for one in sources.values()) - {identity})


def _climbed(connection: Connection, climbs: Iterable[Climb], known: Mapping[Place, int]) -> list[Any]:
    """Apply statuses where they climb, and count them. Returns the rows that did, as they are now."""
    done = climb(connection, _strongest(climbs), known)
    tally.climbed(connection, done)
    return [row for row, _ in done]


def due_parked(channel: str, now: int, limit: int) -> Select[int]:
    """Return the query for parked receipts that are to be tried; read from its index, the end first."""
    mine = (_parked.c.channel == channel, _parked.c.due <= now)
    return (
        select(_parked.c.id)
        .where(*mine)
        .order_by(_parked.c.channel.desc(), _parked.c.due.desc())
        .limit(limit)
    )


_STILL_OPEN = select(tables.message.c.seq).where(
    tables.message.c.batch_id == tables.batch.c.id, tables.message.c.status == lit(MessageStatus.CALLING)
)
_CLOSE = (
    update(tables.batch)
    .where(
        tables.batch.c.id.in_(bindparam("ids", expanding=True)),
        tables.batch.c.state == lit(tables.UNKNOWN),
        ~_STILL_OPEN.exists(),
    )
    .values(state=tables.DONE, owner=None, lease=None)
)


def close_settled(connection: Connection, batch_ids: Iterable[int]) -> None:
    """End those UNKNOWN batches that have no open message left."""
    ids = sorted(batch_ids)
    if ids:
        connection.execute(_CLOSE, {"ids": ids})


def _fit(receipt: DeliveryReceipt, now: int) -> DeliveryReceipt:
    """Make a report fit the database, whatever the vendor wrote: one must not cost the others of its page."""
    return segments.fit(receipt)._replace(
        vendor_id=clean(receipt.vendor_id, 128),
        code=clean(receipt.code, 128),
        reason=clean(receipt.reason),
        at=believable(receipt.at, now),
    )


def _merged(
    connection: Connection, receipts: Sequence[DeliveryReceipt], located: Mapping[int, Located]
) -> Sequence[DeliveryReceipt]:
    """Return the receipts as reports on whole messages; most are that already."""
    named = segments.having_ids(connection, {one.batch_id for one in located.values() if one.segments > 1})
    places = {
        index: found.place
        for index, found in located.items()
        if receipts[index].segments or found.place in named
    }
    return segments.merge(connection, receipts, places) if places else receipts


def _climb(found: Located, receipt: DeliveryReceipt, now: int) -> Climb:
    at = millis_of(receipt.at) if receipt.at else now
    status = int(receipt.status)
    return Climb(found.batch_id, found.seq, status, receipt.vendor_id, receipt.code, receipt.reason, at)


def _charge(found: Located, receipt: DeliveryReceipt) -> Iterator[Charge]:
    """Yield what the vendor charged, if the report says it."""
    amount = packed(receipt.price) if receipt.price is not None and receipt.currency else None
    if amount is not None:
        currency = clean(receipt.currency, 8)
        yield Charge(*found.place, receipt.vendor_id, currency, amount, found.info.send_id)


def _strongest(climbs: Iterable[Climb]) -> list[Climb]:
    # One row an update: the first final status of a message in this intake decides, as it would one by one.
    best: dict[tuple[int, int], Climb] = {}
    for step in climbs:
        key = (step.batch_id, step.seq)
        held = best.get(key)
        if held is None or (held.status < FIRST_FINAL and step.status > held.status):
            best[key] = step
    return list(best.values())


def _suppress_opted_out(
    connection: Connection,
    scope: Scope,
    receipts: Sequence[DeliveryReceipt],
    located: Mapping[int, Located],
) -> None:
    gone: dict[str, set[str]] = defaultdict(set)
    for index, found in located.items():
        if receipts[index].opted_out:
            gone[found.info.sign_name].add(found.msisdn)
    for sign_name, msisdns in gone.items():
        suppress(connection, scope, sign_name, msisdns, "receipt")


def _park(connection: Connection, scope: Scope, receipts: Sequence[tuple[DeliveryReceipt, int]]) -> int:
    """Keep receipts without a message for later, less and less often.

    Returns how many were kept.
    """
    channel, now = scope.channel, scope.now
    rows = [
        {
            "id": new_id(now),
            "channel": channel,
            "batch_id": _batch_id(receipt),
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


def _batch_id(receipt: DeliveryReceipt) -> int | None:
    place = from_message_ref(receipt.message_ref) if receipt.message_ref else None
    return place.batch_id if place else from_ref(receipt.batch_ref)


def _pack(receipt: DeliveryReceipt) -> str:
    fields = receipt._asdict()
    fields["phone"] = receipt.phone._asdict() if receipt.phone else None
    fields["at"] = receipt.at.timestamp() if receipt.at else None
    fields["price"] = None if receipt.price is None else str(receipt.price)
    return json.dumps(fields)  # in ASCII, which holds any text


def _phone(kept: Any) -> Phone:
    # A list of the two fields is how rows before 0.1.0 keep it.
    return Phone(*kept) if isinstance(kept, list) else Phone(**kept)


def _unpack(text: str) -> DeliveryReceipt | None:
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
