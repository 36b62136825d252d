"""Signatures already used, shared by all processes and channels: the guard against replayed requests.

A signature covers neither path nor body and its nonce can be rewritten without changing it, so the signature
value itself is the key, whatever channel it is used on: two channels may have the same key. Losing the newest
of these rows in a power cut opens nothing that the clock does not close within minutes, so they are written
without waiting for the disk.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select, update

from bridge.clock import MINUTE_MS

from .database.dialects import made_once, upsert
from .database.engine import Database
from .database.tables import signature as _table

_SERVED_MS = MINUTE_MS
"""After so long a request without an answer counts as one whose server died."""
_RELEASED = 0
"""In place of an answer's status: the request failed in the bridge and may be served anew."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """First use, or the same request again that got no answer: it is the caller's to serve."""


@dataclass(frozen=True, slots=True)
class Busy:
    """The same request is being served at this moment."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The same request again: this is the answer it got."""

    status: int
    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Differs:
    """The signature was used for another method, path or body."""


class Signatures:
    """The replay cache."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, signature: str, fingerprint: bytes, now: int) -> Fresh | Busy | Stored | Differs:
        """Note the use of a signature for a request (fingerprint: at most 32 bytes; now: milliseconds).

        Of several callers at once, one gets Fresh: it must `store` the answer, or `release` the claim.
        """

        def work(connection: Connection) -> Row[Any] | None:
            inserted = connection.execute(
                _first_use(connection),
                {"signature": signature, "fingerprint": fingerprint, "created": now},
            )
            # Asked for what was inserted: the count of an INSERT is not to be had from every driver.
            if inserted.first() is not None or _take_up(connection, signature, fingerprint, now):
                return None
            return connection.execute(select(_table).where(_table.c.signature == signature)).one()

        row = self._database.write(work, durable=False)
        if row is None:
            return Fresh()
        if bytes(row.fingerprint) != fingerprint:
            return Differs()
        if row.status is None:
            return Busy()
        return Stored(row.status, bytes(row.body), row.content_type)

    def used(self, signature: str) -> bool:
        """Return whether a signature was used."""
        rows = select(_table.c.created).where(_table.c.signature == signature)
        with self._database.read() as connection:
            return connection.execute(rows).first() is not None

    def store(self, signature: str, status: int, body: bytes, content_type: str) -> None:
        """Keep the answer to the request that used a signature."""
        kept = {"status": status, "body": body, "content_type": content_type}
        self._note(signature, kept)

    def release(self, signature: str) -> None:
        """Let the same request be served again: the bridge failed at it."""
        self._note(signature, {"status": _RELEASED})

    def _note(self, signature: str, values: Mapping[str, object]) -> None:
        named = {"used": signature, **values}
        self._database.write(lambda connection: connection.execute(_USED, named), durable=False)

    def forget(self, before: int) -> int:
        """Delete what is older than the allowed skew. Returns how many rows went."""
        statement = delete(_table).where(_table.c.created < before)
        return self._database.write(lambda connection: connection.execute(statement).rowcount, durable=False)


_USED = update(_table).where(_table.c.signature == bindparam("used"))


@made_once
def _first_use(connection: Connection) -> Any:
    """Note a signature unless it was used before. Returns a row for the first use."""
    return upsert(connection, _table).on_conflict_do_nothing().returning(_table.c.created)


def _take_up(connection: Connection, signature: str, fingerprint: bytes, now: int) -> bool:
    """Claim anew what was released, or what nobody can be serving any more. Returns True if it was."""
    abandoned = _table.c.status.is_(None) & (_table.c.created <= now - _SERVED_MS)
    taken = connection.execute(
        update(_table)
        .where(
            _table.c.signature == signature,
            _table.c.fingerprint == fingerprint,
            (_table.c.status == _RELEASED) | abandoned,
        )
        .values(status=None, created=now)
    )
    return taken.rowcount > 0
