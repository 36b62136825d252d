"""Delivery receipts meet their messages: found, climbed, handed to the outbox; or parked until they do."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import Connection, and_, bindparam, delete, or_, select, update

from bridge.clock import millis_of

from ...plugin import DeliveryReceipt, MessageStatus
from ...plugin.status import FIRST_FINAL
from .. import tally
from ..database import tables
from ..database.bulk import Climb, believable, clean, climb, find_messages
from ..database.dialects import lit, skip_locked
from ..database.engine import Database
from ..moved import Lead
from ..prices import Charge, note_charges, packed
from ..refs import Place
from ..scope import Scope, Source
from ..sendinfo import SendInfos
from ..suppressions import suppress
from . import contradictions, segments
from .earlier import Earlier, EarlierCalls, Part, TakeBack, ends_of
from .matching import Finder, Located
from .outbox import Ended, enqueue_receipts
from .parking import due_parked, park, put_back, unpack

log = structlog.get_logger("bridge.ledger")

RETRIED = 500
"""So many parked receipts are tried in one transaction."""
_parked = tables.parked
NO_EARLIER: Mapping[int, Earlier] = {}
NO_SOURCES: Mapping[str, Source] = {}


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

    def __init__(self, database: Database, infos: SendInfos, take_back: TakeBack, part: Part) -> None:
        self._database = database
        self._infos = infos
        self._finder = Finder(infos)
        self._earlier = EarlierCalls(infos, self._finder, take_back, part)

    def apply(self, channel: str, receipts: Sequence[DeliveryReceipt], *, pushes: bool, now: int) -> Intake:
        """Apply receipts in one transaction: statuses climb, ends go to the outbox, the rest is parked."""
        if not receipts:
            return Intake()
        scope = Scope(channel, now, pushes)
        return self._database.write(lambda connection: self.apply_in(connection, scope, receipts))

    def apply_in(
        self,
        connection: Connection,
        scope: Scope,
        receipts: Sequence[DeliveryReceipt],
        arrived: Sequence[int] = (),
    ) -> Intake:
        """Do as `apply`, within the caller's transaction; `arrived`: when each came, if not now."""
        now = scope.now
        receipts = [_fit(receipt, now) for receipt in receipts]
        located, earlier = self._located(connection, scope, receipts, arrived)
        found = {**located, **{index: one.found for index, one in earlier.items()}} if earlier else located
        receipts = _merged(connection, receipts, found)
        told = {index: _climb(one, receipts[index], now) for index, one in found.items()}
        climbs = [told[index] for index in located]
        further = ends_of(connection, scope, [(one, told[index]) for index, one in earlier.items()])
        # Of one intake the first end decides: delivered once is delivered, whatever order the page was in.
        rows = _climbed(connection, [*further, *climbs], _known(located, earlier))
        contradictions.keep(connection, scope, climbs, rows)
        unsettled = {one.batch_id for one in located.values() if one.unsettled}
        close_settled(connection, unsettled.union(one.batch_id for one in further))
        ends = self._end(connection, scope, rows)
        _suppress_opted_out(connection, scope, receipts, found)
        charges = (charge for at, one in found.items() for charge in _charge(one, receipts[at]))
        note_charges(connection, list(charges))
        gone = _gone(connection, located, earlier, told, rows) if len(rows) < len(found) else ()
        missing = [at for at in range(len(receipts)) if at not in found or at in gone]
        left = [(receipts[at], arrived[at] if arrived else now) for at in missing]
        kept = park(connection, scope, left)
        return Intake(ends, len(found) - len(gone) - len(rows), kept, len(left) - kept)

    def _located(
        self,
        connection: Connection,
        scope: Scope,
        receipts: Sequence[DeliveryReceipt],
        arrived: Sequence[int],
    ) -> tuple[dict[int, Located], Mapping[int, Earlier]]:
        """Return the messages of the receipts by index, and those that were called again since."""
        located = self._finder.locate(connection, scope, receipts, arrived)
        if len(located) == len(receipts):
            return located, NO_EARLIER
        missed = {index: one for index, one in enumerate(receipts) if index not in located}
        back, earlier = self._earlier.locate(connection, scope, missed)
        return {**located, **back}, earlier

    def apply_climbs(self, connection: Connection, scope: Scope, climbs: Sequence[Climb]) -> list[Ended]:
        """Apply statuses learned from the vendor by other ways than receipts."""
        places = {Place(one.batch_id, one.seq) for one in climbs}
        known = {Place(row.batch_id, row.seq): row.status for row in find_messages(connection, places)}
        rows = _climbed(connection, climbs, known)
        close_settled(connection, {row.batch_id for row in rows})
        return self._end(connection, scope, rows)

    def unpark(
        self,
        connection: Connection,
        scope: Scope,
        batch_id: int,
        vendor_ids: Collection[str],
        called: Source | None = None,
    ) -> list[Ended]:
        """Apply the receipts that arrived before the record of this call, whatever it says was done.

        `vendor_ids`: those of its messages and their segments. `called`: the account that was called; what
        others reported waits on.
        """
        return self._unpark(connection, scope, {batch_id}, vendor_ids, called)

    def unpark_earlier(self, connection: Connection, scope: Scope, leads: Sequence[Lead]) -> list[Ended]:
        """Apply the receipts on earlier calls that waited while their messages were called again."""
        ends: list[Ended] = []
        for account, identity in sorted({(one.account, one.identity) for one in leads}):
            mine = [one for one in leads if (one.account, one.identity) == (account, identity)]
            called = Source(account, identity, frozenset()) if account else None
            batch_ids, vendor_ids = {one.batch_id for one in mine}, {one.vendor_id for one in mine}
            ends += self._unpark(connection, scope, batch_ids, vendor_ids, called)
        return ends

    def _unpark(
        self,
        connection: Connection,
        scope: Scope,
        batch_ids: Collection[int],
        vendor_ids: Collection[str],
        called: Source | None,
    ) -> list[Ended]:
        named = _parked.c.vendor_id.in_([one for one in vendor_ids if one])
        sources = {called.account: called} if called else {}
        # What another account of the channel reported is about its own messages.
        mine = and_(
            _parked.c.account.in_(sorted({"", *sources})),
            # Nor is what another vendor account reported that had the name before.
            _parked.c.identity.in_(sorted({"", *(one.identity for one in sources.values())})),
        )
        waiting = or_(_parked.c.batch_id.in_(batch_ids), named)
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
            delete(_parked).where(_parked.c.channel == scope.channel, condition).returning(*_parked.c)
        ).all()
        intake = Intake()
        for account, identity in sorted({(row.account, row.identity) for row in rows}):
            mine = [row for row in rows if (row.account, row.identity) == (account, identity)]
            source = _of_before(account, identity, sources)
            intake.add(self._take_parked(connection, scope._replace(source=source), mine))
        return intake

    def _take_parked(self, connection: Connection, scope: Scope, rows: Sequence[Any]) -> Intake:
        read: list[tuple[DeliveryReceipt, int]] = []
        unread = []
        for row in rows:
            receipt = unpack(row.receipt)
            if receipt is None:
                unread.append(row)
            else:
                read.append((receipt, row.created))
        if unread:
            put_back(connection, scope.channel, unread, scope.now)
        if not read:
            return Intake()
        receipts, arrived = zip(*read, strict=True)
        return self.apply_in(connection, scope, receipts, arrived)

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


def _gone(
    connection: Connection,
    located: Mapping[int, Located],
    earlier: Mapping[int, Earlier],
    told: Mapping[int, Climb],
    rows: Iterable[Any],
) -> Collection[int]:
    """Return the reports whose messages somebody moved, to be sent again, since they were read here."""
    read = {index: (one.place, one.status) for index, one in located.items()}
    for index, one in earlier.items():
        if one.status is not None and told[index].status == MessageStatus.DELIVERED:
            read[index] = one.to, one.status
    changed = {Place(row.batch_id, row.seq) for row in rows}
    left = {
        index: place
        for index, (place, status) in read.items()
        if status < FIRST_FINAL and status < told[index].status and place not in changed
    }
    there = {Place(row.batch_id, row.seq) for row in find_messages(connection, set(left.values()))}
    return {index for index, place in left.items() if place not in there}


def _known(located: Mapping[int, Located], earlier: Mapping[int, Earlier]) -> dict[Place, int]:
    """Return the statuses of messages as they were read."""
    known = {one.to: one.status for one in earlier.values() if one.status is not None}
    known.update({one.place: one.status for one in located.values()})
    return known


def _climbed(connection: Connection, climbs: Iterable[Climb], known: Mapping[Place, int]) -> list[Any]:
    """Apply statuses where they climb, and count them. Returns the rows that did, as they are now."""
    done = climb(connection, _strongest(climbs), known)
    tally.climbed(connection, done)
    return [row for row, _ in done]


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
    # But nothing of it was told yet, and no page says in which order things were: who got it has it.
    best: dict[tuple[int, int], Climb] = {}
    for step in climbs:
        key = (step.batch_id, step.seq)
        if key not in best or _outranks(step.status, best[key].status):
            best[key] = step
    return list(best.values())


def _outranks(status: int, held: int) -> bool:
    return status > held if held < FIRST_FINAL else status == MessageStatus.DELIVERED != held


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
