"""What one call to Quick Audience tells: ends of messages or replies, so that later versions can read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..database import tables
from ..database.packing import pack, unpack


class Ended(NamedTuple):
    """A message that came to its end; `phone` as Quick Audience wrote it, times in milliseconds."""

    phone: str
    status: int
    sent: int
    ended_at: int
    code: str
    reason: str

    def __repr__(self) -> str:
        return f"Ended(status={self.status}, code={self.code!r})"


class Replied(NamedTuple):
    """A reply to hand on; `phone` as Quick Audience wrote it."""

    phone: str
    received: int
    content: str

    def __repr__(self) -> str:
        return "Replied()"


Entry = Ended | Replied
_KINDS: dict[int, type[Ended] | type[Replied]] = {tables.RECEIPT: Ended, tables.REPLY: Replied}
_LISTED = {
    tables.RECEIPT: ("phone", "status", "sent", "ended_at", "code", "reason"),
    tables.REPLY: ("phone", "received", "content"),
}
"""The order in which schema 0002 and older wrote entries, as lists."""


@dataclass(frozen=True, slots=True)
class PushJob:
    """Rows claimed for one call to Quick Audience: one channel, one kind, one outId."""

    channel: str
    kind: int
    out_id: str
    row_ids: tuple[int, ...]
    entries: tuple[Entry, ...]
    attempt: int
    owner: str
    created: int

    def __repr__(self) -> str:
        return f"PushJob({self.channel!r}, {len(self.entries)} entries)"


class Taken(NamedTuple):
    """A push that Quick Audience took, and what it answered."""

    job: PushJob
    answer: str = ""


def pack_entries(entries: Sequence[Entry]) -> bytes:
    """Return entries as objects with names: a later version may add fields to rows that wait."""
    named = [entry._asdict() for entry in entries]
    return pack(named)


def read_entries(kind: int, entries: bytes) -> list[Entry] | None:
    """Return the entries of a row, None when they cannot be read.

    Names that this version does not know are passed over.
    """
    try:
        return [_entry(kind, one) for one in unpack(entries)]
    except (ValueError, TypeError, KeyError):  # also a kind of a later version
        return None


def _entry(kind: int, read: Any) -> Entry:
    shape = _KINDS[kind]
    if isinstance(read, list):
        read = dict(zip(_LISTED[kind], read, strict=True))
    return shape(**{name: read[name] for name in shape._fields if name in read})
