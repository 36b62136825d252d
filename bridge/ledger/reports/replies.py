"""Replies: stored once, given the outId of the latest send to their number, handed on."""

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from sqlalchemy import Connection, select

from bridge.clock import DAY_MS, millis_of

from ...plugin import BadNumber, MoMessage, Phone
from ...plugin.phone import parse
from ...plugin.text import is_opt_out
from ..blobs import decode
from ..database import tables
from ..database.bulk import believable, clean
from ..database.dialects import upsert
from ..database.engine import Database
from ..database.turns import in_order, turned
from ..refs import from_message_ref, from_ref, new_id, phone_keys
from ..scope import Excerpt, Scope, Source
from ..sendinfo import SendInfo, SendInfos
from ..suppressions import suppress, unsuppress
from .outbox import Replied, enqueue_replies

_CONTROL = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ReplyTerms:
    """How a channel treats replies: the window for finding their send in milliseconds, its opt-out word, and
    whether there is an address to push them to."""

    window_ms: int
    opt_out_word: str
    now: int
    pushes: bool = True


@dataclass(frozen=True, slots=True)
class KeptReply:
    """A reply as it is kept; times in milliseconds. `out_id` "": no send to its number was found."""

    channel: str
    out_id: str
    phone: str = field(repr=False)
    content: str = field(repr=False)
    received: int
    created: int
    id: int = 0


@dataclass(frozen=True, slots=True)
class _Origin:
    raw: str
    info: SendInfo


class Replies:
    """Takes replies in and matches them to sends."""

    def __init__(self, database: Database, infos: SendInfos) -> None:
        self._database = database
        self._infos = infos

    def store(self, channel: str, replies: Sequence[MoMessage], terms: ReplyTerms) -> int:
        """Store replies in one transaction and queue their callbacks.

        Returns how many were new.

        A reply without a send inside the window is kept, never given an invented outId.
        """
        if not replies:
            return 0
        return self._database.write(lambda connection: self.store_in(connection, channel, replies, terms))

    def store_in(
        self,
        connection: Connection,
        channel: str,
        replies: Sequence[MoMessage],
        terms: ReplyTerms,
        source: Source | None = None,
    ) -> int:
        """Do as `store`, within the caller's transaction; `source`: the account that reports.

        Returns how many replies were new.
        """
        scope = Scope(channel, terms.now, terms.pushes, source)
        groups: dict[str, list[Replied]] = defaultdict(list)
        fresh = 0
        for reply in (_fit(reply, terms.now) for reply in replies):
            origin = self._origin(connection, scope, reply, terms)
            stored = _insert(connection, channel, reply, origin, terms.now)
            if stored is None:
                continue
            fresh += 1
            _follow(connection, channel, reply, origin, terms)
            if origin is not None:
                groups[origin.info.out_id].append(stored)
        if terms.pushes:
            enqueue_replies(connection, Scope(channel, terms.now), groups)
        return fresh

    def latest(self, channels: Collection[str], wanted: Excerpt) -> list[KeptReply]:
        """Return the replies that came, the latest first."""
        reply = tables.reply
        came = (reply.c.created >= wanted.since, reply.c.created < wanted.until)
        rows = select(*(reply.c[name] for name in KeptReply.__dataclass_fields__)).where(
            *came, reply.c.channel.in_(channels)
        )
        rows = turned(rows, [reply.c.id], wanted, latest=True)
        with self._database.read() as connection:
            return in_order([KeptReply(**row._mapping) for row in connection.execute(rows)], wanted)

    def _origin(
        self, connection: Connection, scope: Scope, reply: MoMessage, terms: ReplyTerms
    ) -> _Origin | None:
        place = from_message_ref(reply.message_ref) if reply.message_ref else None
        batch_id = place.batch_id if place else from_ref(reply.batch_ref)
        if batch_id is not None:
            found = self._in_batch(connection, scope, batch_id, reply.phone)
            if found is not None:
                return found
        return self._latest(connection, scope, reply, terms)

    def _in_batch(self, connection: Connection, scope: Scope, batch_id: int, phone: Phone) -> _Origin | None:
        info = self._sends_of(connection, scope, [batch_id]).get(batch_id)
        if info is None:
            return None
        table = tables.message
        numbers = (
            connection.execute(select(table.c.phone).where(table.c.batch_id == batch_id)).scalars().all()
        )
        numbers = numbers or _unrecorded(connection, batch_id)
        return next((_Origin(raw, info) for raw in numbers if _same(raw, info, phone)), None)

    def _latest(
        self, connection: Connection, scope: Scope, reply: MoMessage, terms: ReplyTerms
    ) -> _Origin | None:
        table = tables.message
        keys: list[int] = []
        for digits in {reply.phone.digits, reply.phone.national}:
            keys += phone_keys(scope.channel, digits, terms.now - terms.window_ms, terms.now)
        rows = connection.execute(
            select(table.c.batch_id, table.c.phone)
            .where(table.c.phone_key.in_(keys), table.c.sent >= terms.now - terms.window_ms)
            .order_by(table.c.sent.desc(), table.c.batch_id.desc())
        ).all()
        infos = self._sends_of(connection, scope, {row.batch_id for row in rows})
        for row in rows:
            info = infos.get(row.batch_id)
            if info is None or not _same(row.phone, info, reply.phone):
                continue
            if not reply.sign_name or reply.sign_name == info.sign_name:
                return _Origin(row.phone, info)
        return None

    def _sends_of(
        self, connection: Connection, scope: Scope, batch_ids: Collection[int]
    ) -> dict[int, SendInfo]:
        """Return the sends of batches that are the channel's and not of an account other than the reply's."""
        found = self._infos.of_batches(connection, batch_ids)
        infos = {batch_id: info for batch_id, info in found.items() if info.channel == scope.channel}
        if scope.source is None or not infos:
            return infos
        table = tables.batch
        called = select(table.c.id, table.c.account, table.c.identity).where(table.c.id.in_(infos))
        return {
            row.id: infos[row.id]
            for row in connection.execute(called)
            if scope.source.may_know(row.account, row.identity)
        }


def _unrecorded(connection: Connection, batch_id: int) -> Sequence[str]:
    """Return the numbers of a batch whose call is not recorded yet: people may be faster than the vendor."""
    table = tables.batch
    blob = connection.execute(select(table.c.recipients).where(table.c.id == batch_id)).scalar()
    return decode(blob).phones if blob else ()


def _fit(reply: MoMessage, now: int) -> MoMessage:
    """Make a reply fit the database, whatever the vendor wrote: one must not cost the others of its page."""
    return reply._replace(
        phone=reply.phone._replace(raw=clean(reply.phone.raw, 64)),
        content=_CONTROL.sub("\ufffd", reply.content),
        sign_name=clean(reply.sign_name, 256),
        at=believable(reply.at, now),
    )


def _same(raw: str, info: SendInfo, phone: Phone) -> bool:
    try:
        sent_to = parse(raw, info.type)
    except BadNumber:
        return False
    return not {sent_to.digits, sent_to.national}.isdisjoint((phone.digits, phone.national))


def _identity(reply: MoMessage, received: int) -> str:
    # Without id and time the same words count as a repeat for a day only.
    moment = received if reply.at else received // DAY_MS
    named = reply.vendor_id or f"{reply.phone.digits}\0{reply.content}\0{moment}"
    return blake2b(named.encode("utf-8", "replace"), digest_size=24).hexdigest()


def _insert(
    connection: Connection, channel: str, reply: MoMessage, origin: _Origin | None, now: int
) -> Replied | None:
    """Return the stored reply, or None when it was stored before."""
    received = millis_of(reply.at) if reply.at else now
    stored = Replied(origin.raw if origin else reply.phone.raw, received, reply.content)
    inserted = connection.execute(
        upsert(connection, tables.reply)
        .values(
            id=new_id(now),
            channel=channel,
            identity=_identity(reply, received),
            out_id=origin.info.out_id if origin else "",
            phone=stored.phone,
            content=stored.content,
            received=received,
            created=now,
        )
        .on_conflict_do_nothing()
        .returning(tables.reply.c.id)
    )
    return stored if inserted.first() is not None else None


def _follow(
    connection: Connection, channel: str, reply: MoMessage, origin: _Origin | None, terms: ReplyTerms
) -> None:
    """Put a number that opted out on the suppression list, or take it off when it came back."""
    sign_name = origin.info.sign_name if origin else reply.sign_name
    msisdn = parse(origin.raw, origin.info.type).digits if origin else reply.phone.digits
    leaves = reply.opt_out if reply.opt_out is not None else is_opt_out(reply.content, terms.opt_out_word)
    if leaves:
        suppress(connection, Scope(channel, terms.now), sign_name, [msisdn], "reply")
    elif reply.opt_out is False:
        unsuppress(connection, channel, sign_name, [msisdn])
