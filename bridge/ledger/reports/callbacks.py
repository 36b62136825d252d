"""Calls that Quick Audience took: one row a call, with what it answered and whom the call told of.

Of each number four bytes are kept, its checksum: enough to find the call that told of a message, at a
thousandth of what its entries would take. Two numbers of one outId have the same once in four thousand
million pairs.
"""

import struct
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from sqlalchemy import Connection, Select, select, update

from ..database import tables
from ..database.bulk import clean
from ..database.dialects import holds_bytes
from ..database.engine import Database
from ..database.turns import in_order, turned
from ..refs import new_id
from ..scope import Excerpt
from .entries import Entry, Taken

_callback = tables.callback
_NEW = _callback.insert()
_LOOKED_AT = 20_000
_TAG = 4


@dataclass(frozen=True, slots=True)
class Callback:
    """A call that was taken; `attempts` counts those before it. Times in milliseconds."""

    id: int
    channel: str
    kind: int
    out_id: str
    count: int
    created: int
    taken: int
    attempts: int
    answer: str


def note(connection: Connection, taken: Sequence[Taken], now: int) -> None:
    """Write the calls that were taken."""
    if taken:
        connection.execute(_NEW, [_row(one, now) for one in taken])


def forget(connection: Connection, channel: str, told: Collection[tuple[str, str]]) -> int:
    """Remove numbers from the calls that told of them: pairs of an outId and a number.

    Returns how many calls were changed.
    """
    changed = 0
    for out_id, phone in told:
        of = (_callback.c.channel == channel, _callback.c.out_id == out_id)
        rows = connection.execute(select(_callback.c.id, _callback.c.numbers).where(*of)).all()
        for row in rows:
            tags = _tags(row.numbers)
            left = [tag for tag in tags if tag != _tag(phone)]
            if len(left) < len(tags):
                mine = update(_callback).where(_callback.c.id == row.id)
                connection.execute(mine.values(numbers=_packed(left)))
                changed += 1
    return changed


class Callbacks:
    """Reads of the calls that were taken."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def about(
        self, channel: str, kind: int, since: Mapping[tuple[str, str], int]
    ) -> dict[tuple[str, str], list[Callback]]:
        """Return the calls that told of each outId's number since then, in order."""
        found = {}
        with self._database.read() as connection:
            for (out_id, phone), begun in since.items():
                tag = _packed([_tag(phone)])
                rows = _of_outid(channel, out_id, kind).where(
                    _callback.c.id >= begun << 21, holds_bytes(connection, _callback.c.numbers, tag)
                )
                told = [row for row in connection.execute(rows) if _holds(row.numbers, tag)]
                found[out_id, phone] = [_read(row) for row in told]
        return found

    def latest(self, channels: Collection[str], wanted: Excerpt, *, out_id: str = "") -> list[Callback]:
        """Return the calls that were taken, the latest first."""
        columns = [_callback.c[name] for name in Callback.__dataclass_fields__]
        mine = [_callback.c.channel.in_(channels), _callback.c.taken < wanted.until]
        if wanted.since:  # an id is never older than its call: the walk from the latest ends there
            mine += [_callback.c.taken >= wanted.since, _callback.c.id >= wanted.since << 21]
        if out_id:
            mine.append(_callback.c.out_id == out_id)
        rows = turned(select(*columns).where(*mine), [_callback.c.id], wanted, latest=True)
        with self._database.read() as connection:
            return in_order([_read(row) for row in connection.execute(rows)], wanted)


def _of_outid(channel: str, out_id: str, kind: int) -> Select[Any]:
    mine = (_callback.c.channel == channel, _callback.c.out_id == out_id, _callback.c.kind == kind)
    return select(_callback).where(*mine).order_by(_callback.c.id).limit(_LOOKED_AT)


def _row(taken: Taken, now: int) -> dict[str, object]:
    job = taken.job
    return {
        "id": new_id(now),
        "channel": job.channel,
        "kind": job.kind,
        "out_id": job.out_id,
        "count": len(job.entries),
        "created": job.created,
        "taken": now,
        "attempts": job.attempt,
        "answer": clean(taken.answer, 200),
        "numbers": _packed(map(_tag_of, job.entries)),
    }


def _read(row: Any) -> Callback:
    return Callback(**{name: getattr(row, name) for name in Callback.__dataclass_fields__})


def _tag_of(entry: Entry) -> int:
    return _tag(entry.phone)


def _tag(phone: str) -> int:
    return crc32(phone.encode("utf-8", "replace"))


def _holds(packed: bytes, tag: bytes) -> bool:
    """Return True when a packed tag is among others, at a place where one begins."""
    at = packed.find(tag)
    while at >= 0 and at % _TAG:
        at = packed.find(tag, at + 1)
    return at >= 0


def _packed(tags: Iterable[int]) -> bytes:
    listed = list(tags)
    return struct.pack(f"<{len(listed)}I", *listed)


def _tags(packed: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(packed) // _TAG}I", packed)
