"""Accepting a send: one transaction, then the answer."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, func, select

from . import models
from .blobs import Recipients, encode
from .engine import Database
from .refs import new_id
from .sql import lit, made_once, upsert

_NEW_BATCH = models.batch.insert()
_NEW_CHUNK = models.chunk.insert()
_NOTIFY = select(func.pg_notify("sms_bridge", ""))
_PENDING = select(func.coalesce(func.sum(models.chunk.c.count), 0)).where(
    models.chunk.c.channel == bindparam("of"), models.chunk.c.state < lit(models.DONE)
)


class Overfull(Exception):
    """The channel already has as many pending recipients as it may; nothing was stored."""

    def __init__(self, pending: int) -> None:
        super().__init__(f"{pending} recipients are pending")
        self.pending = pending


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A send as it is to be stored. `template` and `task` are JSON texts; `digest` is 32 bytes at most."""

    channel: str
    out_id: str
    sign_name: str
    template_code: str
    template: str
    digest: bytes
    task: str = "{}"
    chunks: Sequence[Recipients] = ()

    @property
    def count(self) -> int:
        """How many recipients it has."""
        return sum(len(chunk.phones) for chunk in self.chunks)


@dataclass(frozen=True, slots=True)
class NewFile:
    """The file of a send by URL. `recipients_limit` 0 means all lines."""

    url: str
    recipients_limit: int = 0


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What became of a request: `replayed` means that the first answer is given again."""

    batch_id: int
    replayed: bool


@dataclass(frozen=True, slots=True)
class Terms:
    """Under what conditions a batch is taken; times in milliseconds."""

    now: int
    deadline: int
    replay_ms: int
    max_pending: int


class Batches:
    """Batches, their first chunks, and the answers already given."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def accept(self, new: NewBatch, terms: Terms, file: NewFile | None = None) -> Acceptance:
        """Store a batch with its chunks, or find the answer its digest already got.

        Raises Overfull before anything is stored.
        """
        blobs = [(len(chunk.phones), encode(chunk)) for chunk in new.chunks]

        def work(connection: Connection) -> Acceptance:
            batch_id = new_id(terms.now)
            first = _claim_answer(connection, new, batch_id, terms)
            if first != batch_id:
                return Acceptance(first, replayed=True)
            _check_room(connection, new, terms)
            _insert_batch(connection, new, batch_id, terms)
            insert_chunks(
                connection,
                new.channel,
                batch_id,
                blobs,
                now=terms.now,
                due=terms.now,
                deadline=terms.deadline,
            )
            if file is not None:
                _insert_file(connection, new, batch_id, file, terms)
            wake(connection)
            return Acceptance(batch_id, replayed=False)

        return self._database.write(work)

    def pending(self, channel: str) -> int:
        """How many recipients of the channel are not yet recorded."""
        with self._database.read() as connection:
            return _pending(connection, channel)


def wake(connection: Connection) -> None:
    """Tell waiting workers that there is work, once this transaction is committed."""
    if connection.dialect.name == "postgresql":
        connection.execute(_NOTIFY)


def insert_chunks(
    connection: Connection,
    channel: str,
    batch_id: int,
    blobs: Sequence[tuple[int, bytes]],
    *,
    now: int,
    due: int,
    deadline: int,
) -> list[int]:
    """Insert READY chunks of (count, blob) and return their ids."""
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(now),
            "batch_id": batch_id,
            "channel": channel,
            "state": models.READY,
            "count": count,
            "due": due,
            "deadline": deadline,
            "recipients": blob,
        }
        for count, blob in blobs
    ]
    if rows:
        connection.execute(_NEW_CHUNK, rows)
    return [row["id"] for row in rows]


@made_once
def _answer(connection: Connection) -> Any:
    """Keep an answer under its digest, in the place of none or of one that is old enough."""
    table = models.answer
    insert = upsert(connection, table)
    return insert.on_conflict_do_update(
        index_elements=["channel", "digest"],
        set_={"batch_id": insert.excluded.batch_id, "created": insert.excluded.created},
        where=table.c.created <= bindparam("forgotten", type_=BigInteger),
    ).returning(table.c.batch_id)


def _claim_answer(connection: Connection, new: NewBatch, batch_id: int, terms: Terms) -> int:
    fresh = connection.execute(
        _answer(connection),
        {
            "channel": new.channel,
            "digest": new.digest,
            "batch_id": batch_id,
            "created": terms.now,
            "forgotten": terms.now - terms.replay_ms,
        },
    ).scalar()
    if fresh is not None:
        return int(fresh)
    table = models.answer
    found = select(table.c.batch_id).where(table.c.channel == new.channel, table.c.digest == new.digest)
    return int(connection.execute(found).scalar_one())


def _check_room(connection: Connection, new: NewBatch, terms: Terms) -> None:
    pending = _pending(connection, new.channel)
    if pending + new.count > terms.max_pending:
        raise Overfull(pending)


def _pending(connection: Connection, channel: str) -> int:
    return int(connection.execute(_PENDING, {"of": channel}).scalar_one())


def _insert_batch(connection: Connection, new: NewBatch, batch_id: int, terms: Terms) -> None:
    connection.execute(
        _NEW_BATCH,
        {
            "id": batch_id,
            "channel": new.channel,
            "out_id": new.out_id,
            "sign_name": new.sign_name,
            "template_code": new.template_code,
            "template": new.template,
            "task": new.task,
            "count": new.count,
            "created": terms.now,
        },
    )


def _insert_file(connection: Connection, new: NewBatch, batch_id: int, file: NewFile, terms: Terms) -> None:
    connection.execute(
        models.file.insert().values(
            batch_id=batch_id,
            channel=new.channel,
            url=file.url,
            recipients_limit=file.recipients_limit,
            state=models.READY,
            etag="",
            position=0,
            lines=0,
            taken=0,
            due=terms.now,
            attempt=0,
            error="",
            created=terms.now,
        )
    )


def template_document(text: str) -> dict[str, Any]:
    """The template snapshot of a batch as it was stored."""
    document: dict[str, Any] = json.loads(text)
    return document
