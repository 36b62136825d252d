"""What a person decided about messages, with the reason in that person's own words; never deleted."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, String, Table, Text, select, update

from .database.bulk import clean
from .database.engine import Database
from .database.tables import metadata
from .refs import new_id

_decision = Table(
    "decision",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", String(64), nullable=False),
    # What was decided, such as "resend".
    Column("kind", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("messages", Integer, nullable=False),
    Column("created", BigInteger, nullable=False),
    Index("ix_decision_channel", "channel", "id"),
)
RESEND = "resend"


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision; `messages`: how many it was about."""

    id: int
    channel: str
    kind: str
    reason: str
    messages: int
    created: int


class Decisions:
    """Reads of what was decided."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, channel: str, *, limit: int) -> list[Decision]:
        """Return the decisions of a channel, the latest first."""
        rows = select(_decision).where(_decision.c.channel == channel).order_by(_decision.c.id.desc())
        with self._database.read() as connection:
            return [Decision(**row._mapping) for row in connection.execute(rows.limit(limit))]


def decided(connection: Connection, channel: str, kind: str, reason: str, now: int) -> int:
    """Keep a decision within the transaction that carries it out. Returns its id."""
    found = new_id(now)
    row = {
        "id": found,
        "channel": channel,
        "kind": kind,
        "reason": clean(reason),
        "messages": 0,
        "created": now,
    }
    connection.execute(_decision.insert(), row)
    return found


def decided_further(connection: Connection, decision: int, messages: int) -> None:
    """Count messages to a decision, in the transaction that moves them."""
    more = _decision.c.messages + messages
    connection.execute(update(_decision).where(_decision.c.id == decision).values(messages=more))
