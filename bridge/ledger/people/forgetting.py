"""A person's number, values, texts and replies are removed from every table; what happened to messages stays.

A message keeps its place, status and code under an empty number, so that every total stays right. What waits
to be sent to the person ends unsent, and nobody is told about a number that is no longer known. A suppression
stays as a digest: the person is not sent to again. Safe to repeat: a run that was killed is made again.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, String, cast, delete, select, update

from bridge.clock import DAY_MS

from ...plugin import Phone, TemplateType
from .. import moved
from ..audit import Act, note
from ..blobs import Recipients, decode, encode
from ..database import tables
from ..database.dialects import upsert
from ..database.engine import Database
from ..refs import Place, phone_keys
from ..reports import callbacks
from ..reports.entries import Entry, pack_entries, read_entries
from ..suppressions import digest_of
from .blotting import blot_attempts, blot_channel
from .writings import is_number_of, names, without

FORGOTTEN = ("FORGOTTEN", "The person was forgotten before the message was sent.")

_DAYS = 400
_LOOKUP = 400
_SLICE = 50


@dataclass(slots=True)
class Forgotten:
    """How many rows were changed, by table. `busy` batches are being called: forget again later."""

    rows: Counter[str] = field(default_factory=Counter)
    busy: int = 0


class Forgetting:
    """Forgets one person in one channel."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def channels(self) -> list[str]:
        """Return every channel that has anything, configured or not."""
        found: set[str] = set()
        with self._database.read() as connection:
            for table in (
                tables.send,
                tables.reply,
                tables.suppression,
                tables.push,
                tables.parked,
                tables.audit,
            ):
                found.update(connection.execute(select(table.c.channel).distinct()).scalars())
        return sorted(found)

    def forget(self, channel: str, phone: Phone, now: int, act: Act) -> Forgotten:
        """Remove a number from all rows of a channel. The act is written with how many there were."""
        done = Forgotten()
        keys = [
            key
            for digits in dict.fromkeys((phone.digits, phone.national))
            for key in phone_keys(channel, digits, now - _DAYS * DAY_MS, now + DAY_MS)
        ]
        # The batches first: they are found by the messages, which are blank afterwards.
        for send_id, kind in self._sends(channel, keys):
            self._batches(send_id, kind, phone, done)
        done.rows["told"] += self._told(channel, keys)
        done.rows["messages"] += self._messages(channel, keys, phone)
        done.rows["callbacks"] += self._pushes(channel, phone)
        done.rows["replies"] += self._replies(channel, phone)
        done.rows["reports"] += self._parked(channel, phone)
        done.rows["webhooks"] += self._webhooks(channel, phone)
        done.rows["pages"] += self._pages(channel, phone)
        done.rows["reasons"] += self._database.write(
            lambda connection: blot_channel(connection, channel, phone)
        )
        done.rows["suppressions"] += self._suppressions(channel, phone, act, done)
        return done

    def _sends(self, channel: str, keys: Sequence[int]) -> Iterator[tuple[int, TemplateType]]:
        """Yield the sends that had a message to the number, and those that still have work to do."""
        batch, message, send = tables.batch, tables.message, tables.send
        found: set[int] = set()
        with self._database.read() as connection:
            for part in _slices(keys, _LOOKUP):
                of = select(batch.c.send_id).join_from(message, batch, batch.c.id == message.c.batch_id)
                found.update(connection.execute(of.where(message.c.phone_key.in_(part))).scalars())
            waits = select(batch.c.send_id).distinct().where(batch.c.channel == channel, tables.UNFINISHED)
            found.update(connection.execute(waits).scalars())
            for part in _slices(sorted(found), _LOOKUP):
                rows = connection.execute(select(send.c.id, send.c.template).where(send.c.id.in_(part))).all()
                yield from ((row.id, TemplateType(json.loads(row.template)["type"])) for row in rows)

    def _batches(self, send_id: int, kind: TemplateType, phone: Phone, done: Forgotten) -> None:
        after = 0
        while True:
            look = partial(_forget_batches, send_id=send_id, after=after, kind=kind, phone=phone)
            seen = self._database.write(look)
            if seen is None:
                return
            after = seen.last
            done.rows["recipients"] += seen.recipients
            done.busy += seen.busy

    def _told(self, channel: str, keys: Sequence[int]) -> int:
        """Remove the number from the calls that told Quick Audience of its messages. Returns how many."""
        batch, message, send = tables.batch, tables.message, tables.send

        def work(connection: Connection, part: Sequence[int]) -> int:
            rows = connection.execute(
                select(send.c.out_id, message.c.phone)
                .join_from(message, batch, batch.c.id == message.c.batch_id)
                .join(send, send.c.id == batch.c.send_id)
                .where(message.c.phone_key.in_(part), send.c.channel == channel)
                .distinct()
            )
            return callbacks.forget(connection, channel, {(row.out_id, row.phone) for row in rows})

        return sum(self._database.write(partial(work, part=part)) for part in _slices(keys, _LOOKUP))

    def _messages(self, channel: str, keys: Sequence[int], phone: Phone) -> int:
        batch, message, send, report = tables.batch, tables.message, tables.send, tables.report

        def work(connection: Connection, part: Sequence[int]) -> int:
            found = connection.execute(
                select(message.c.batch_id, message.c.seq, message.c.phone, send.c.template)
                .join_from(message, batch, batch.c.id == message.c.batch_id)
                .join(send, send.c.id == batch.c.send_id)
                .where(message.c.phone_key.in_(part), send.c.channel == channel)
            ).all()
            mine = [
                row
                for row in found
                if is_number_of(row.phone, phone, TemplateType(json.loads(row.template)["type"]))
            ]
            blot_attempts(connection, sorted({row.batch_id for row in found}), phone)
            stood = moved.before(connection, {Place(row.batch_id, row.seq) for row in mine})
            for place in stood:
                earlier = (report.c.batch_id == place.batch_id) & (report.c.seq == place.seq)
                connection.execute(update(report).where(earlier).values(reason=""))
            for row in mine:
                at = (message.c.batch_id == row.batch_id) & (message.c.seq == row.seq)
                connection.execute(update(message).where(at).values(phone="", phone_key=0, reason=""))
                late = (report.c.batch_id == row.batch_id) & (report.c.seq == row.seq)
                connection.execute(update(report).where(late).values(reason=""))
            return len(mine)

        return sum(self._database.write(partial(work, part=part)) for part in _slices(keys, _LOOKUP))

    def _pushes(self, channel: str, phone: Phone) -> int:
        push = tables.push

        def work(connection: Connection) -> int:
            rows = connection.execute(
                select(push.c.id, push.c.kind, push.c.entries)
                .where(push.c.channel == channel)
                .with_for_update()
            )
            changed = 0
            for row in rows.all():
                entries = read_entries(row.kind, row.entries) or []
                kept = [one for one in entries if not is_number_of(one.phone, phone)]
                changed += len(entries) - len(kept)
                if len(kept) != len(entries):
                    _shorten(connection, row.id, kept)
            return changed

        return self._database.write(work)

    def _replies(self, channel: str, phone: Phone) -> int:
        reply = tables.reply

        def work(connection: Connection) -> int:
            rows = connection.execute(
                select(reply.c.id, reply.c.phone).where(reply.c.channel == channel, reply.c.phone != "")
            )
            ids = [row.id for row in rows if is_number_of(row.phone, phone)]
            for part in _slices(ids, _LOOKUP):
                # The identity stays: a vendor may tell the same reply once more.
                connection.execute(update(reply).where(reply.c.id.in_(part)).values(phone="", content=""))
            return len(ids)

        return self._database.write(work)

    def _parked(self, channel: str, phone: Phone) -> int:
        """Delete the person's receipts that wait. Returns how many rows were changed."""
        return self._rewrite(tables.parked.c.receipt, channel, lambda receipt: _left_of(receipt, phone))

    def _webhooks(self, channel: str, phone: Phone) -> int:
        """Delete the refused webhooks that name the person. Returns how many.

        Nobody could read them: what else they say of the person, such as a reply's text, is not known.
        """
        refused = tables.refused_webhook

        def work(connection: Connection) -> int:
            rows = connection.execute(select(refused).where(refused.c.channel == channel))
            ids = [row.id for row in rows if names(_written(row), phone)]
            for part in _slices(ids, _LOOKUP):
                connection.execute(delete(refused).where(refused.c.id.in_(part)))
            return len(ids)

        return self._database.write(work)

    def _pages(self, channel: str, phone: Phone) -> int:
        """Take the person's records out of unread pages. Returns how many pages had one."""
        return self._rewrite(tables.page.c.content, channel, lambda content: without(content, phone))

    def _rewrite(self, column: Column[Any], channel: str, left_of: Callable[[Any], Any]) -> int:
        """Keep what is left of a column's values, and no row where that is None. Returns how many changed."""
        table = column.table

        def work(connection: Connection) -> int:
            changed = 0
            rows = select(table.c.id, column.label("held")).where(table.c.channel == channel)
            for row in connection.execute(rows.with_for_update()).all():
                left, mine = left_of(row.held), table.c.id == row.id
                if left == row.held:
                    continue
                gone = delete(table).where(mine)
                connection.execute(gone if left is None else update(table).where(mine).values({column: left}))
                changed += 1
            return changed

        return self._database.write(work)

    def _suppressions(self, channel: str, phone: Phone, act: Act, done: Forgotten) -> int:
        """Put a digest in the place of the number, and write the act. Returns how many there were."""
        table = tables.suppression

        def work(connection: Connection) -> int:
            mine = (table.c.channel == channel, cast(table.c.msisdn, String) == phone.digits)
            rows = connection.execute(select(table).where(*mine)).all()
            connection.execute(delete(table).where(*mine))
            for row in rows:
                kept = {**row._mapping, "msisdn": digest_of(channel, phone.digits)}
                connection.execute(upsert(connection, table).on_conflict_do_nothing(), [kept])
            counts = {name: count for name, count in done.rows.items() if count}
            if rows:
                counts["suppressions"] = len(rows)
            if counts:
                note(connection, replace(act, after=counts))
            return len(rows)

        return self._database.write(work)


class _Seen(NamedTuple):
    """The last batch that was looked at, recipients that were removed, batches that are being called."""

    last: int
    recipients: int
    busy: int


def _forget_batches(
    connection: Connection, send_id: int, after: int, kind: TemplateType, phone: Phone
) -> _Seen | None:
    """Forget in the next batches of a send. Returns None behind the last of them."""
    batch = tables.batch
    rows = connection.execute(
        select(batch.c.id, batch.c.state, batch.c.recipients)
        .where(batch.c.send_id == send_id, batch.c.id > after)
        .order_by(batch.c.id)
        .limit(_SLICE)
        .with_for_update()
    ).all()
    removed = busy = 0
    for row in rows:
        recipients = _readable(row.recipients)
        seqs = [seq for seq, raw in enumerate(recipients.phones) if is_number_of(raw, phone, kind)]
        if not seqs:
            continue
        if row.state == tables.CALLING:
            busy += 1
            continue
        left = _without(recipients, seqs, faulty=row.state == tables.READY)
        connection.execute(update(batch).where(batch.c.id == row.id).values(recipients=encode(left)))
        removed += len(seqs)
    return _Seen(rows[-1].id, removed, busy) if rows else None


def _without(recipients: Recipients, seqs: Collection[int], *, faulty: bool) -> Recipients:
    phones = ["" if seq in seqs else raw for seq, raw in enumerate(recipients.phones)]
    own = len(recipients.params) > 1 or len(phones) == 1
    empty: Mapping[str, str] = {}
    params = [empty if own and seq in seqs else values for seq, values in enumerate(recipients.params)]
    faults = {**recipients.faults, **(dict.fromkeys(seqs, FORGOTTEN) if faulty else {})}
    return Recipients(phones, params, faults)


def _readable(blob: bytes | None) -> Recipients:
    try:
        return decode(blob or b"")
    except (ValueError, TypeError, KeyError, AttributeError):
        return Recipients([])


def _left_of(receipt: str, phone: Phone) -> str | None:
    """Return what may stay of a receipt that waits: None of the person's, and no words that name him.

    Whose it is says its number alone: digits in an id are another's.
    """
    try:
        fields = json.loads(receipt)
        number, reason = json.dumps(fields["phone"]), str(fields["reason"])
    except (ValueError, TypeError, KeyError):
        return None if names(receipt, phone) else receipt
    if names(number, phone):
        return None
    return json.dumps({**fields, "reason": ""}) if names(reason, phone) else receipt


def _written(webhook: Any) -> str:
    body = webhook.body.decode("utf-8", "replace")
    return f"{webhook.target}\n{webhook.headers}\n{webhook.reason}\n{body}"


def _shorten(connection: Connection, row_id: int, kept: Sequence[Entry]) -> None:
    push = tables.push
    if not kept:
        connection.execute(delete(push).where(push.c.id == row_id))
        return
    values = {"entries": pack_entries(kept), "count": len(kept)}
    connection.execute(update(push).where(push.c.id == row_id).values(**values))


def _slices(items: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
