"""The tables that people ask: campaigns, their totals, and what was changed. `tables` has them too."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

metadata = MetaData()

CONTROLLED = text("pending = 1")

# What shares Quick Audience's task id within a channel, else an outId; see bridge.ledger.campaigns.
campaign = Table(
    "campaign",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", String(64), nullable=False),
    # Whether the name is a task id or an outId: the two may be equal and mean different campaigns.
    Column("kind", SmallInteger, nullable=False),
    Column("name", String(256), nullable=False),
    Column("state", SmallInteger, nullable=False),
    # 1 until the latest change of the state is carried out to the end.
    Column("pending", SmallInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Index("ux_campaign_name", "channel", "kind", "name", unique=True),
    Index("ix_campaign_created", "created"),
    Index("ix_campaign_channel", "channel", "id"),
    Index(
        "ix_campaign_pending",
        "pending",
        sqlite_where=CONTROLLED,
        postgresql_where=CONTROLLED,
    ),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("who", String(128), nullable=False),
    Column("what", String(64), nullable=False),
    Column("channel", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("why", Text, nullable=False),
    # JSON objects, or null.
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Index("ix_audit_at", "at"),
    Index("ix_audit_channel", "channel", "id"),
)

# See bridge.ledger.tally. Counts of a slot may be negative; their sums over all slots are not.
tally = Table(
    "tally",
    metadata,
    Column("send_id", BigInteger, primary_key=True, autoincrement=False),
    Column("slot", SmallInteger, primary_key=True, autoincrement=False),
    Column("status", SmallInteger, primary_key=True, autoincrement=False),
    # Of messages that ended; "" for others.
    Column("code", String(128), primary_key=True),
    # The identity of the vendor account that was called, "" for none.
    Column("account", String(32), primary_key=True),
    Column("segments", SmallInteger, primary_key=True, autoincrement=False),
    # Of the time to delivery; 0 for what is not delivered.
    Column("bucket", SmallInteger, primary_key=True, autoincrement=False),
    # The price of a segment; 0 for none.
    Column("rate", SmallInteger, primary_key=True, autoincrement=False, server_default="0"),
    Column("count", BigInteger, nullable=False),
    # The sum of the times to delivery, in milliseconds.
    Column("ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# What a person decided about messages, in that person's own words; never deleted.
decision = Table(
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
