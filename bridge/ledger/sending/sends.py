"""Accepting a send: one transaction, then the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, bindparam, select

from ..blobs import Recipients, encode
from ..database import tables
from ..database.bulk import clean
from ..database.dialects import made_once, upsert
from ..database.engine import Database, wake
from ..refs import new_id
from ..scope import Scope
from .holds import NO_HOLD, Why
from .joining import join
from .pending import Pending, pending

_NEW_SEND = tables.send.insert()
_NEW_BATCH = tables.batch.insert()


@dataclass(frozen=True, slots=True)
class NewSend:
    """A send as it is to be stored. `template` and `task` are JSON texts; `digest` is 32 bytes at most.

    `task_id`: Quick Audience's campaign, "" where it named none.
    """

    channel: str
    out_id: str
    sign_name: str
    template_code: str
    template: str
    digest: bytes
    task: str = "{}"
    batches: Sequence[Recipients] = ()
    task_id: str = ""

    @property
    def count(self) -> int:
        """Return how many recipients it has."""
        return sum(len(batch.phones) for batch in self.batches)


@dataclass(frozen=True, slots=True)
class NewFile:
    """The file of a send by URL. `recipients_limit` 0 means all lines."""

    url: str
    recipients_limit: int = 0


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What became of a request: `replayed` means that the first answer is given again."""

    send_id: int
    replayed: bool


@dataclass(frozen=True, slots=True)
class Terms:
    """Under what conditions a send is taken; times in milliseconds."""

    now: int
    deadline: int
    replay_ms: int
    max_pending: int


class Sends:
    """Sends, their first batches, and the answers already given."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pending = Pending()

    def accept(self, new: NewSend, terms: Terms, file: NewFile | None = None) -> Acceptance:
        """Store a send with its batches, or find the answer its digest already got.

        Raises Overfull or CampaignCancelled before anything is stored.
        """
        blobs = [(len(batch.phones), encode(batch)) for batch in new.batches]

        def work(connection: Connection) -> Acceptance:
            send_id = new_id(terms.now)
            first = _claim_answer(connection, new, send_id, terms)
            if first != send_id:
                return Acceptance(first, replayed=True)
            campaign_id = join(connection, new.channel, new.task_id, new.out_id, terms.now)
            self._pending.make_room(connection, new.channel, new.count, terms.max_pending)
            _insert_send(connection, new, send_id, terms, campaign_id)
            waits = Waits(terms.now, terms.deadline)
            insert_batches(connection, Scope(new.channel, terms.now), send_id, blobs, waits)
            if file is not None:
                _insert_file(connection, new, send_id, file, terms)
            wake(connection)
            return Acceptance(send_id, replayed=False)

        return self._database.write(work)

    def pending(self, channel: str) -> int:
        """Return how many recipients of the channel are not yet recorded."""
        with self._database.read() as connection:
            return pending(connection, channel)


class Assigned(NamedTuple):
    """Which account is to call a new batch, from when on another may, and which may not."""

    account: str = ""
    yields: int | None = None
    barred: str = ""


ANYWHERE = Assigned()


class Waits(NamedTuple):
    """How a new batch waits: from when on it may be called (milliseconds), until when, why, and for whom.

    `decision`: the person's by which its messages are sent once more; 0 for none.
    """

    due: int
    deadline: int
    decision: int = 0
    why: Why = NO_HOLD
    assigned: Assigned = ANYWHERE


def insert_batches(
    connection: Connection,
    scope: Scope,
    send_id: int,
    blobs: Sequence[tuple[int, bytes]],
    waits: Waits,
) -> list[int]:
    """Insert READY batches of (count, blob) and return their ids."""
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(scope.now),
            "send_id": send_id,
            "channel": scope.channel,
            "state": tables.READY,
            "count": count,
            "due": waits.due,
            "deadline": waits.deadline,
            "hold": waits.why.hold,
            "hold_words": clean(waits.why.words),
            "decision": waits.decision,
            "recipients": blob,
            **waits.assigned._asdict(),
        }
        for count, blob in blobs
    ]
    if rows:
        connection.execute(_NEW_BATCH, rows)
    return [row["id"] for row in rows]


@made_once
def _answer(connection: Connection) -> Any:
    """Keep an answer under its digest, in the place of none or of one that is old enough."""
    table = tables.answer
    insert = upsert(connection, table)
    return insert.on_conflict_do_update(
        index_elements=["channel", "digest"],
        set_={"send_id": insert.excluded.send_id, "created": insert.excluded.created},
        where=table.c.created <= bindparam("forgotten", type_=BigInteger),
    ).returning(table.c.send_id)


def _claim_answer(connection: Connection, new: NewSend, send_id: int, terms: Terms) -> int:
    fresh = connection.execute(
        _answer(connection),
        {
            "channel": new.channel,
            "digest": new.digest,
            "send_id": send_id,
            "created": terms.now,
            "forgotten": terms.now - terms.replay_ms,
        },
    ).scalar()
    if fresh is not None:
        return int(fresh)
    table = tables.answer
    found = select(table.c.send_id).where(table.c.channel == new.channel, table.c.digest == new.digest)
    return int(connection.execute(found).scalar_one())


def _insert_send(connection: Connection, new: NewSend, send_id: int, terms: Terms, campaign_id: int) -> None:
    connection.execute(
        _NEW_SEND,
        {
            "id": send_id,
            "channel": new.channel,
            "out_id": new.out_id,
            "sign_name": new.sign_name,
            "template_code": new.template_code,
            "template": new.template,
            "task": new.task,
            "count": new.count,
            "created": terms.now,
            "campaign_id": campaign_id,
        },
    )


def _insert_file(connection: Connection, new: NewSend, send_id: int, file: NewFile, terms: Terms) -> None:
    connection.execute(
        tables.file.insert().values(
            send_id=send_id,
            channel=new.channel,
            url=file.url,
            recipients_limit=file.recipients_limit,
            state=tables.READY,
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
