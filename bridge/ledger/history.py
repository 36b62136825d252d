"""Questions about recorded messages: details for Quick Audience, counts per number, what stays open."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import func, select

from ..plugin import MessageStatus
from . import models
from .batchinfo import BatchInfo, BatchInfos
from .blobs import Recipients, decode
from .engine import Database
from .matching import NAMED
from .refs import AHEAD_MS, DAY_MS, phone_keys

_message, _chunk, _batch = models.message, models.chunk, models.batch
_LOOKUP = 500


class Detail(NamedTuple):
    """A message with the batch and values it was sent with; times in milliseconds."""

    chunk_id: int
    seq: int
    phone: str
    status: int
    code: str
    reason: str
    vendor_id: str
    segments: int
    sent: int
    ended: int | None
    info: BatchInfo

    def __repr__(self) -> str:
        return f"Detail({self.chunk_id}, {self.seq}, status={self.status})"


@dataclass(frozen=True, slots=True)
class Span:
    """A span of send times in milliseconds, both ends included."""

    start: int
    end: int


class History:
    """Reads of the message table."""

    def __init__(self, database: Database, infos: BatchInfos) -> None:
        self._database = database
        self._infos = infos

    def details(
        self, channel: str, out_id: str, span: Span, *, limit: int, offset: int
    ) -> tuple[list[Detail], int]:
        """A page of an outId's ended messages in order of sending, and how many there are in all."""
        joined = _message.join(_chunk, _chunk.c.id == _message.c.chunk_id).join(
            _batch, _batch.c.id == _chunk.c.batch_id
        )
        chosen = (
            _batch.c.channel == channel,
            _batch.c.out_id == out_id,
            _message.c.status >= MessageStatus.DELIVERED,
            _message.c.sent.between(span.start, span.end),
        )
        rows = (
            select(_message)
            .select_from(joined)
            .where(*chosen)
            .order_by(_message.c.chunk_id, _message.c.seq)
            .limit(limit)
            .offset(offset)
        )
        with self._database.read() as connection:
            total = connection.execute(select(func.count()).select_from(joined).where(*chosen)).scalar_one()
            found = connection.execute(rows).all()
            infos = self._infos.of_chunks(connection, {row.chunk_id for row in found})
        return [_detail(row, infos[row.chunk_id]) for row in found], int(total)

    def recipients_of(self, chunk_ids: Sequence[int]) -> dict[int, Recipients]:
        """The recipients of chunks, those of purged chunks left out."""
        rows = select(_chunk.c.id, _chunk.c.recipients).where(
            _chunk.c.id.in_(chunk_ids), _chunk.c.recipients.is_not(None)
        )
        with self._database.read() as connection:
            return {chunk_id: decode(blob) for chunk_id, blob in connection.execute(rows)}

    def recent_sends(self, channel: str, msisdns: Sequence[str], *, since: int, now: int) -> dict[str, int]:
        """How many messages went to each number since then, refused ones not counted; digits, no plus."""
        keys = {key: digits for digits in msisdns for key in phone_keys(channel, digits, since, now)}
        wanted, counts = list(keys), dict[str, int]()
        with self._database.read() as connection:
            for start in range(0, len(wanted), _LOOKUP):
                rows = (
                    select(_message.c.phone_key, func.count())
                    .where(
                        _message.c.phone_key.in_(wanted[start : start + _LOOKUP]),
                        _message.c.sent >= since,
                        _message.c.status.between(MessageStatus.CALLING, MessageStatus.EXPIRED),
                    )
                    .group_by(_message.c.phone_key)
                )
                for key, count in connection.execute(rows):
                    counts[keys[key]] = counts.get(keys[key], 0) + count
        return counts

    def claimed(self, channel: str, vendor_ids: Sequence[str]) -> frozenset[str]:
        """Those of the vendor's ids that messages of the channel carry."""
        found: set[str] = set()
        with self._database.read() as connection:
            for start in range(0, len(vendor_ids), _LOOKUP):
                rows = connection.execute(
                    select(_message.c.vendor_id, _message.c.chunk_id).where(
                        _message.c.vendor_id.in_(vendor_ids[start : start + _LOOKUP]), NAMED
                    )
                ).all()
                infos = self._infos.of_chunks(connection, {row.chunk_id for row in rows})
                found.update(
                    row.vendor_id
                    for row in rows
                    if row.chunk_id in infos and infos[row.chunk_id].channel == channel
                )
        return frozenset(found)

    def by_number(self, channel: str, digits: str, *, since: int, now: int, limit: int) -> list[Detail]:
        """The messages to a number since then, latest first."""
        rows = (
            select(_message)
            .where(
                _message.c.phone_key.in_(phone_keys(channel, digits, since, now)), _message.c.sent >= since
            )
            .order_by(_message.c.sent.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            found = connection.execute(rows).all()
            infos = self._infos.of_chunks(connection, {row.chunk_id for row in found})
        return [_detail(row, infos[row.chunk_id]) for row in found if row.chunk_id in infos]

    def awaiting(
        self, channel: str, span: Span, *, after: tuple[int, int] = (0, 0), limit: int
    ) -> list[Detail]:
        """Accepted messages sent in a span that have no final receipt, from a place (chunk id, seq) on."""
        # Ids grow with time: a chunk called in the span was made before its end, and waited no longer than
        # messages may wait, which is what spans are made of.
        low = max(after[0], (span.start - max(4 * DAY_MS, span.end - span.start)) << 21)
        rows = (
            select(_message)
            .join_from(_message, _chunk, _chunk.c.id == _message.c.chunk_id)
            .where(
                _chunk.c.channel == channel,
                _message.c.chunk_id.between(low, (span.end + AHEAD_MS) << 21),
                (_message.c.chunk_id > after[0])
                | ((_message.c.chunk_id == after[0]) & (_message.c.seq > after[1])),
                _message.c.status == MessageStatus.ACCEPTED,
                _message.c.sent.between(span.start, span.end),
            )
            .order_by(_message.c.chunk_id, _message.c.seq)
            .limit(limit)
        )
        with self._database.read() as connection:
            found = connection.execute(rows).all()
            infos = self._infos.of_chunks(connection, {row.chunk_id for row in found})
        return [_detail(row, infos[row.chunk_id]) for row in found if row.chunk_id in infos]


def _detail(row: Any, info: BatchInfo) -> Detail:
    return Detail(**{name: getattr(row, name) for name in Detail._fields[:-1]}, info=info)
