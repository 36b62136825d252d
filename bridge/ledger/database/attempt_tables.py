"""The tables of what happened to messages on their way: calls, reports that changed nothing, callbacks."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

from .counted import metadata

_NAMED = text("vendor_id <> ''")

# One call of a batch at an account; see bridge.ledger.sending.attempts.
attempt = Table(
    "attempt",
    metadata,
    Column("batch_id", BigInteger, primary_key=True, autoincrement=False),
    # A batch is called once in a millisecond at most.
    Column("called", BigInteger, primary_key=True, autoincrement=False),
    Column("account", String(64), nullable=False),
    Column("identity", String(32), nullable=False),
    Column("answered", BigInteger, nullable=False),
    # Of all messages but those whose seqs `others` names, as JSON: outcome to seqs.
    Column("outcome", String(16), nullable=False),
    Column("others", Text, nullable=False),
    Column("code", String(128), nullable=False),
    Column("words", Text, nullable=False),
    sqlite_with_rowid=False,
)

# A report that says another end than the message has: one row for each such end, however often it came.
report = Table(
    "report",
    metadata,
    Column("batch_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("status", SmallInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("came", BigInteger, nullable=False),
    Column("times", Integer, nullable=False),
    Column("code", String(128), nullable=False),
    Column("reason", Text, nullable=False),
    sqlite_with_rowid=False,
)

# A call that Quick Audience took. What it does not take stays in the outbox (push) with its latest answer.
callback = Table(
    "callback",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", String(64), nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("out_id", String(256), nullable=False),
    Column("count", Integer, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("taken", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("answer", Text, nullable=False),
    # Four bytes for each number that it told of: see bridge.ledger.reports.callbacks.
    Column("numbers", LargeBinary, nullable=False),
    Index("ix_callback_out_id", "channel", "out_id", "id"),
    Index("ix_callback_created", "created"),
    Index("ix_callback_channel", "channel", "id"),
)

# Where a message stood when it was called, once it is to be sent again; see bridge.ledger.moved.
moved = Table(
    "moved",
    metadata,
    Column("batch_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    # Where it stands now.
    Column("to_batch", BigInteger, nullable=False),
    Column("to_seq", Integer, nullable=False),
    # As its row was.
    Column("vendor_id", String(128), nullable=False),
    Column("segments", SmallInteger, nullable=False),
    Column("rate", SmallInteger, nullable=False),
    Column("sent", BigInteger, nullable=False),
    # How it is known that the vendor did not take it: 0 it is not, 1 by a proof, 2 the vendor said so itself.
    Column("absent", SmallInteger, nullable=False),
    Index("ix_moved_to", "to_batch"),
    Index("ix_moved_vendor_id", "vendor_id", sqlite_where=_NAMED, postgresql_where=_NAMED),
    sqlite_with_rowid=False,
)
