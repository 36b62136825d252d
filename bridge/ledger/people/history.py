"""Questions about recorded messages: details for Quick Audience, counts per number, what stays open."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, select, true

from bridge.clock import DAY_MS

from ...plugin import MessageStatus, TemplateType
from ...plugin.status import FIRST_FINAL, MAY_HAVE_ARRIVED
from ..blobs import Recipients, decode
from ..database import tables
from ..database.dialects import lit
from ..database.engine import Database
from ..database.turns import in_order, turned
from ..refs import AHEAD_MS, Place, phone_keys
from ..scope import Excerpt
from ..sendinfo import SendInfo, SendInfos

_message, _batch, _send, _tally = tables.message, tables.batch, tables.send, tables.tally
_LOOKUP = 500


class Detail(NamedTuple):
    """A message with the send and values it was sent with; times in milliseconds."""

    batch_id: int
    seq: int
    phone: str
    status: int
    code: str
    reason: str
    vendor_id: str
    segments: int
    sent: int
    ended_at: int | None
    rate: int
    info: SendInfo

    def __repr__(self) -> str:
        return f"Detail({self.batch_id}, {self.seq}, status={self.status})"


class InCall(NamedTuple):
    """A batch that is claimed and whose call is not recorded yet; `called` in milliseconds."""

    id: int
    owner: str
    called: int
    type: TemplateType
    recipients: Recipients


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A span of send times in milliseconds, both ends included."""

    start: int
    end: int


class MessageHistory:
    """Reads of the message table."""

    def __init__(self, database: Database, infos: SendInfos) -> None:
        self._database = database
        self._infos = infos

    def details(
        self, channel: str, out_id: str, span: TimeSpan, *, limit: int, offset: int
    ) -> tuple[list[Detail], int]:
        """Return a page of an outId's ended messages in order of sending, and how many there are in all."""
        joined = _message.join(_batch, _batch.c.id == _message.c.batch_id).join(
            _send, _send.c.id == _batch.c.send_id
        )
        chosen = (
            _send.c.channel == channel,
            _send.c.out_id == out_id,
            _message.c.status >= FIRST_FINAL,
            # Who was forgotten is told to nobody; a line without a number is.
            _message.c.phone_key != 0,
            _message.c.code != "FORGOTTEN",
            _message.c.sent.between(span.start, span.end),
        )
        rows = (
            select(_message)
            .select_from(joined)
            .where(*chosen)
            .order_by(_message.c.batch_id, _message.c.seq)
            .limit(limit)
            .offset(offset)
        )
        with self._database.read() as connection:
            total = connection.execute(select(func.count()).select_from(joined).where(*chosen)).scalar_one()
            found = connection.execute(rows).all()
            infos = self._infos.of_batches(connection, {row.batch_id for row in found})
        return [_detail(row, infos[row.batch_id]) for row in found], int(total)

    def recipients_of(self, batch_ids: Sequence[int]) -> dict[int, Recipients]:
        """Return the recipients of batches, those of purged batches left out."""
        rows = select(_batch.c.id, _batch.c.recipients).where(
            _batch.c.id.in_(batch_ids), _batch.c.recipients.is_not(None)
        )
        with self._database.read() as connection:
            return {row.id: decode(row.recipients) for row in connection.execute(rows)}

    def recent_sends(self, channel: str, msisdns: Sequence[str], *, since: int, now: int) -> dict[str, int]:
        """Return how many messages went to each number (digits, no plus) since then, without refused ones."""
        keys = {key: digits for digits in msisdns for key in phone_keys(channel, digits, since, now)}
        wanted, counts = list(keys), dict[str, int]()
        with self._database.read() as connection:
            for start in range(0, len(wanted), _LOOKUP):
                rows = (
                    select(_message.c.phone_key, func.count().label("messages"))
                    .where(
                        _message.c.phone_key.in_(wanted[start : start + _LOOKUP]),
                        _message.c.sent >= since,
                        _message.c.status.in_(MAY_HAVE_ARRIVED),
                    )
                    .group_by(_message.c.phone_key)
                )
                for row in connection.execute(rows):
                    digits = keys[row.phone_key]
                    counts[digits] = counts.get(digits, 0) + int(row.messages)
        return counts

    def in_call(self, channel: str) -> list[InCall]:
        """Return the batches of a channel that workers are calling the vendor for."""
        rows = select(_batch.c.id, _batch.c.owner, _batch.c.called, _batch.c.recipients).where(
            tables.UNFINISHED,
            _batch.c.channel == channel,
            _batch.c.state == lit(tables.CALLING),
            _batch.c.called.is_not(None),
        )
        with self._database.read() as connection:
            found = connection.execute(rows).all()
            infos = self._infos.of_batches(connection, {row.id for row in found})
        return [
            InCall(row.id, row.owner, row.called, infos[row.id].type, decode(row.recipients))
            for row in found
            if row.id in infos and row.recipients is not None
        ]

    def claimed(self, channel: str, vendor_ids: Sequence[str]) -> frozenset[str]:
        """Return those of the vendor's ids that messages of the channel carry."""
        found: set[str] = set()
        with self._database.read() as connection:
            for start in range(0, len(vendor_ids), _LOOKUP):
                rows = connection.execute(
                    select(_message.c.vendor_id, _message.c.batch_id).where(
                        _message.c.vendor_id.in_(vendor_ids[start : start + _LOOKUP]), tables.NAMED
                    )
                ).all()
                infos = self._infos.of_batches(connection, {row.batch_id for row in rows})
                found.update(
                    row.vendor_id
                    for row in rows
                    if row.batch_id in infos and infos[row.batch_id].channel == channel
                )
        return frozenset(found)

    def by_number(
        self,
        channel: str,
        digits: str,
        *,
        since: int,
        until: int,
        limit: int,
        beyond: tuple[int | str, ...] | None = None,
        back: bool = False,
    ) -> list[Detail]:
        """Return the messages to a number that were sent since then and before `until`, latest first.

        `beyond`, `back`: as of an `Excerpt`, by time, batch and number in the batch.
        """
        order = [_message.c.sent, _message.c.batch_id, _message.c.seq]
        wanted = Excerpt(limit=limit, beyond=beyond, back=back)
        rows = select(_message).where(
            _message.c.phone_key.in_(phone_keys(channel, digits, since, until)),
            _message.c.sent >= since,
            _message.c.sent < until,
        )
        with self._database.read() as connection:
            found = in_order(connection.execute(turned(rows, order, wanted, latest=True)).all(), wanted)
            infos = self._infos.of_batches(connection, {row.batch_id for row in found})
        return [_detail(row, infos[row.batch_id]) for row in found if row.batch_id in infos]

    def awaiting(
        self,
        channel: str,
        span: TimeSpan,
        *,
        after: Place = Place(0, 0),  # noqa: B008 - immutable
        identity: str | None = None,
        limit: int,
    ) -> list[Detail]:
        """Return accepted messages sent in a span that have no final receipt, those behind a place.

        `identity`: only what that vendor account took; what was sent before calls named theirs counts too.
        """
        rows = (
            select(_message)
            .join_from(_message, _batch, _batch.c.id == _message.c.batch_id)
            .where(
                _batch.c.channel == channel,
                *_behind(after, span),
                _message.c.status == MessageStatus.ACCEPTED,
                true() if identity is None else _batch.c.identity.in_((identity, "")),
                _message.c.sent.between(span.start, span.end),
            )
            .order_by(_message.c.batch_id, _message.c.seq)
            .limit(limit)
        )
        with self._database.read() as connection:
            found = connection.execute(rows).all()
            infos = self._infos.of_batches(connection, {row.batch_id for row in found})
        return [_detail(row, infos[row.batch_id]) for row in found if row.batch_id in infos]

    def taken_elsewhere(self, channel: str, accounts: Collection[str], identities: Collection[str]) -> int:
        """Return how many messages wait for the receipts of accounts that are none of these.

        An account with a name or an identity that is known can still report.
        """
        with self._database.read() as connection:
            gone = connection.execute(_gone(channel, identities)).scalars().all()
            if not gone:
                return 0
            rows = (
                select(func.count())
                .select_from(_message.join(_batch, _batch.c.id == _message.c.batch_id))
                .where(
                    _batch.c.channel == channel,
                    _batch.c.identity.in_(gone),
                    _batch.c.account.not_in(sorted({"", *accounts})),
                    _message.c.status == MessageStatus.ACCEPTED,
                )
            )
            return int(connection.execute(rows).scalar_one())


def _detail(row: Any, info: SendInfo) -> Detail:
    return Detail(**{name: getattr(row, name) for name in Detail._fields[:-1]}, info=info)


def _behind(after: Place, span: TimeSpan) -> Iterator[ColumnElement[bool]]:
    """Return what holds for messages sent in a span that stand behind a place."""
    # Ids grow with time: a batch called in the span was made before its end, and waited no longer than
    # messages may wait, which is what spans are made of.
    low = max(after.batch_id, (span.start - max(4 * DAY_MS, span.end - span.start)) << 21)
    yield _message.c.batch_id.between(low, (span.end + AHEAD_MS) << 21)
    same_batch = (_message.c.batch_id == after.batch_id) & (_message.c.seq > after.seq)
    yield (_message.c.batch_id > after.batch_id) | same_batch


def _gone(channel: str, identities: Collection[str]) -> Select[Any]:
    """Return the query for accounts beside these with accepted messages, by the tally."""
    return (
        select(_tally.c.account)
        .join_from(_tally, _send, _send.c.id == _tally.c.send_id)
        .where(
            _send.c.channel == channel,
            _tally.c.status == MessageStatus.ACCEPTED,
            _tally.c.account.not_in(sorted({"", *identities})),
        )
        .group_by(_tally.c.account)
        .having(func.sum(_tally.c.count) > 0)
    )
