"""The tables. Times are milliseconds since 1970 in UTC; ids and references are explained in `refs`.

Recipients live in a chunk's blob until their outcome is known, then in a message row each: a blob costs a
hundredth of the rows, and most of a campaign's life is spent waiting.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

metadata = MetaData()

READY, CALLING, UNKNOWN, DONE = range(4)
"""States of a chunk. Only READY may be handed to the vendor; UNKNOWN waits for proof either way."""

RECEIPT, REPLY = range(2)
"""Kinds of a push."""

batch = Table(
    "batch",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", String(64), nullable=False),
    Column("out_id", String(256), nullable=False),
    Column("sign_name", String(256), nullable=False),
    Column("template_code", String(30), nullable=False),
    # The template as it was when the batch was accepted: a later change does not reach into it.
    Column("template", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("created", BigInteger, nullable=False),
    Index("ix_batch_out_id", "channel", "out_id"),
    Index("ix_batch_created", "created"),
)

answer = Table(
    "answer",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("digest", LargeBinary(32), primary_key=True),
    Column("batch_id", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Index("ix_answer_created", "created"),
)

chunk = Table(
    "chunk",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("batch_id", BigInteger, nullable=False, index=True),
    Column("channel", String(64), nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("count", Integer, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("owner", String(64)),
    Column("lease", BigInteger),
    # The latest call, for an UNKNOWN chunk the one in question; None while a chunk is given up uncalled.
    Column("called", BigInteger),
    # READY: when the messages are given up unsent. UNKNOWN: when the policy for unknown outcomes applies.
    Column("deadline", BigInteger, nullable=False),
    Column("recipients", LargeBinary),
    # The only index that work touches; finished chunks leave it.
    Index(
        "ix_chunk_work",
        "channel",
        "state",
        "due",
        "id",
        "count",
        sqlite_where=text("state < 3"),
        postgresql_where=text("state < 3"),
    ),
    Index(
        "ix_chunk_lease",
        "lease",
        sqlite_where=text("state = 1"),
        postgresql_where=text("state = 1"),
    ),
)

message = Table(
    "message",
    metadata,
    Column("chunk_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("phone", Text, nullable=False),
    # Day and hashed number, see refs.phone_key: the day in front keeps inserts in one warm region.
    Column("phone_key", BigInteger, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("vendor_id", String(128), nullable=False),
    Column("code", String(128), nullable=False),
    Column("reason", Text, nullable=False),
    Column("segments", SmallInteger, nullable=False),
    Column("sent", BigInteger, nullable=False),
    Column("ended", BigInteger),
    Index("ix_message_phone", "phone_key"),
    Index(
        "ix_message_vendor_id",
        "vendor_id",
        sqlite_where=text("vendor_id <> ''"),
        postgresql_where=text("vendor_id <> ''"),
    ),
    sqlite_with_rowid=False,
)

# Only for messages that the vendor reports on segment by segment: by an id for each (the rows are there when
# the message is recorded), or by number (a row comes with the segment's report).
segment = Table(
    "segment",
    metadata,
    Column("chunk_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("number", SmallInteger, primary_key=True, autoincrement=False),
    Column("vendor_id", String(128), nullable=False),
    Column("delivered", SmallInteger, nullable=False),
    Index(
        "ix_segment_vendor_id",
        "vendor_id",
        sqlite_where=text("vendor_id <> ''"),
        postgresql_where=text("vendor_id <> ''"),
    ),
    sqlite_with_rowid=False,
)

parked = Table(
    "parked",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", String(64), nullable=False),
    Column("chunk_id", BigInteger),
    Column("vendor_id", String(128), nullable=False),
    Column("receipt", Text, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Index("ix_parked_chunk", "chunk_id"),
    Index("ix_parked_vendor_id", "channel", "vendor_id"),
    Index("ix_parked_due", "due"),
)

page = Table(
    "page",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", String(64), nullable=False),
    Column("hook", String(32), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Index("ix_page_due", "channel", "hook", "due"),
)

push = Table(
    "push",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", String(64), nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("out_id", String(256), nullable=False),
    Column("count", Integer, nullable=False),
    Column("entries", LargeBinary, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("owner", String(64)),
    Column("lease", BigInteger),
    Column("dead", SmallInteger, nullable=False, server_default="0"),
    Column("error", Text, nullable=False, server_default=""),
    Column("created", BigInteger, nullable=False),
    Index("ix_push_work", "channel", "dead", "due", "id"),
)

reply = Table(
    "reply",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", String(64), nullable=False),
    Column("identity", String(64), nullable=False),
    # "" when no send to that number was found inside the window: kept here, never pushed.
    Column("out_id", String(256), nullable=False),
    Column("phone", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Index("ux_reply_identity", "channel", "identity", unique=True),
    Index("ix_reply_created", "created"),
)

template = Table(
    "template",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("code", String(30), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("type", SmallInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("remark", Text, nullable=False),
    Column("sign_name", String(256), nullable=False),
    Column("vendor_code", String(256), nullable=False),
    Column("state", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("carriers", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("checked", BigInteger, nullable=False),
    Column("deleted", BigInteger),
    Index("ix_template_vendor_code", "channel", "vendor_code"),
)

sign = Table(
    "sign",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("name", String(256), primary_key=True),
    Column("status", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("created", BigInteger),
    Column("checked", BigInteger, nullable=False),
)

file = Table(
    "file",
    metadata,
    Column("batch_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", String(64), nullable=False),
    Column("url", Text, nullable=False),
    Column("recipients_limit", BigInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("etag", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("lines", BigInteger, nullable=False),
    Column("taken", BigInteger, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("owner", String(64)),
    Column("lease", BigInteger),
    Column("error", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Index("ix_file_work", "state", "due"),
)

suppression = Table(
    "suppression",
    metadata,
    Column("channel", String(64), primary_key=True),
    # "" suppresses the number under every signature of the channel.
    Column("sign_name", String(256), primary_key=True),
    Column("msisdn", String(20), primary_key=True),
    Column("source", String(32), nullable=False),
    Column("created", BigInteger, nullable=False),
)

signature = Table(
    "signature",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("signature", String(64), primary_key=True),
    Column("fingerprint", LargeBinary(32), nullable=False),
    Column("status", SmallInteger),
    Column("body", LargeBinary),
    Column("content_type", String(64)),
    Column("created", BigInteger, nullable=False),
    Index("ix_signature_created", "created"),
)

channel_state = Table(
    "channel_state",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("paused_until", BigInteger, nullable=False, server_default="0"),
    Column("pauses", Integer, nullable=False, server_default="0"),
    Column("pause_reason", Text, nullable=False, server_default=""),
    Column("breaker_until", BigInteger, nullable=False, server_default="0"),
    Column("breaker_failures", Integer, nullable=False, server_default="0"),
    Column("breaker_reason", Text, nullable=False, server_default=""),
)

bucket = Table(
    "bucket",
    metadata,
    Column("name", String(160), primary_key=True),
    # The theoretical arrival time of the generic cell rate algorithm, in microseconds.
    Column("arrival", BigInteger, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("name", String(160), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("cursor", Text, nullable=False, server_default=""),
    Column("due", BigInteger, nullable=False, server_default="0"),
)

worker = Table(
    "worker",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("started", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
)

Index(
    "ix_message_open",
    message.c.chunk_id,
    sqlite_where=text("status = 10"),
    postgresql_where=text("status = 10"),
)
