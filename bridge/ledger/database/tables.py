"""The tables. Times are milliseconds since 1970 in UTC; ids and references are explained in `refs`.

Recipients live in a batch's blob until their outcome is known, then in a message row each: a blob costs a
hundredth of the rows, and most of a campaign's life is spent waiting.
"""

from enum import IntEnum

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

from bridge.plugin import MessageStatus

from . import counted
from .attempt_tables import attempt as attempt
from .attempt_tables import callback as callback
from .attempt_tables import moved as moved
from .attempt_tables import report as report
from .coordination_tables import bucket as bucket
from .coordination_tables import lease as lease
from .coordination_tables import worker as worker
from .price_tables import charge as charge
from .price_tables import charged as charged
from .price_tables import rate as rate
from .review_tables import account_sign as account_sign
from .review_tables import drift as drift
from .review_tables import filing as filing
from .review_tables import sign as sign
from .review_tables import template as template
from .weight_tables import route_change as route_change
from .weight_tables import route_weight as route_weight
from .weight_tables import throttling as throttling

metadata = counted.metadata
campaign, tally = counted.campaign, counted.tally
audit, decision = counted.audit, counted.decision


class BatchState(IntEnum):
    """Where a batch stands; of a file only READY and DONE are said."""

    READY = 0  # only what is ready may be handed to the vendor
    CALLING = 1
    UNKNOWN = 2  # waits for proof either way
    DONE = 3

    @property
    def word(self) -> str:
        """How lists and metrics spell it."""
        return self.name.lower()


READY, CALLING, UNKNOWN, DONE = BatchState
WAITING, GIVEN_UP = 0, 1
"""What `push.dead` says of a callback."""

# Partial indexes are used only where a statement spells their condition as they do.
UNFINISHED = text(f"state < {DONE:d}")
IN_CALL = text(f"state = {CALLING:d}")
HELD = text(f"state = {READY:d} AND hold <> ''")
ASSIGNED = text(f"state = {READY:d} AND account <> ''")
IN_QUESTION = text(f"status = {MessageStatus.CALLING:d}")
FAILED = text(f"status > {MessageStatus.DELIVERED:d}")
NAMED = text("vendor_id <> ''")
DEAD = text(f"dead = {GIVEN_UP:d}")

RECEIPT, REPLY = range(2)
"""Kinds of a push."""

send = Table(
    "send",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", String(64), nullable=False),
    Column("out_id", String(256), nullable=False),
    Column("sign_name", String(256), nullable=False),
    Column("template_code", String(30), nullable=False),
    # The template as it was when the send was accepted: a later change does not reach into it.
    Column("template", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("campaign_id", BigInteger, nullable=False, server_default="0"),
    Index("ix_send_out_id", "channel", "out_id"),
    Index("ix_send_created", "created"),
    Index("ix_send_campaign", "campaign_id", "id"),
)

answer = Table(
    "answer",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("digest", LargeBinary(32), primary_key=True),
    Column("send_id", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Index("ix_answer_created", "created"),
)

batch = Table(
    "batch",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("send_id", BigInteger, nullable=False),
    Column("channel", String(64), nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("count", Integer, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("owner", String(64)),
    Column("lease", BigInteger),
    # The latest call, for an UNKNOWN batch the one in question; None while a batch expires uncalled.
    Column("called", BigInteger),
    # The vendor account that was called last: a look-up proves something only there. "" before any call.
    Column("identity", String(32), nullable=False, server_default=""),
    # Of a channel with several accounts: the one that is to call it, or called it last. "" for none yet.
    Column("account", String(64), nullable=False, server_default=""),
    # From when on another account may take it, and which may not (",name,name,").
    Column("yields", BigInteger),
    Column("barred", Text, nullable=False, server_default=""),
    # READY: when the messages expire unsent. UNKNOWN: when the policy for unknown outcomes applies.
    Column("deadline", BigInteger, nullable=False),
    # READY and due later: why, by one of `holds.Hold`, and in whose words.
    Column("hold", String(16), nullable=False, server_default=""),
    Column("hold_words", Text, nullable=False, server_default=""),
    # The person's decision by which its messages, of unknown outcome before, are sent once more; 0 for none.
    Column("decision", BigInteger, nullable=False, server_default="0"),
    Column("recipients", LargeBinary),
    Index("ix_batch_send", "send_id", "id"),
    # The only index that work touches; finished batches leave it.
    Index(
        "ix_batch_work",
        "channel",
        "state",
        "due",
        "id",
        "count",
        sqlite_where=UNFINISHED,
        postgresql_where=UNFINISHED,
    ),
    Index("ix_batch_held", "channel", "hold", sqlite_where=HELD, postgresql_where=HELD),
    # Only channels with several accounts have rows in it.
    Index(
        "ix_batch_account",
        "channel",
        "account",
        "due",
        "id",
        sqlite_where=ASSIGNED,
        postgresql_where=ASSIGNED,
    ),
    Index(
        "ix_batch_lease",
        "lease",
        sqlite_where=IN_CALL,
        postgresql_where=IN_CALL,
    ),
)

message = Table(
    "message",
    metadata,
    Column("batch_id", BigInteger, primary_key=True, autoincrement=False),
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
    Column("ended_at", BigInteger),
    # The price of a segment, as it was when it was sent; 0 for none.
    Column("rate", SmallInteger, nullable=False, server_default="0"),
    Index("ix_message_phone", "phone_key"),
    Index(
        "ix_message_vendor_id",
        "vendor_id",
        sqlite_where=NAMED,
        postgresql_where=NAMED,
    ),
    Index("ix_message_open", "batch_id", sqlite_where=IN_QUESTION, postgresql_where=IN_QUESTION),
    # Few, but people look for them in campaigns of millions.
    Index(
        "ix_message_failed",
        "batch_id",
        "seq",
        "status",
        "code",
        sqlite_where=FAILED,
        postgresql_where=FAILED,
    ),
    sqlite_with_rowid=False,
)

# Only for messages that the vendor reports on segment by segment: by an id for each (the rows are there when
# the message is recorded), or by number (a row comes with the segment's report).
segment = Table(
    "segment",
    metadata,
    Column("batch_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("number", SmallInteger, primary_key=True, autoincrement=False),
    Column("vendor_id", String(128), nullable=False),
    Column("delivered", SmallInteger, nullable=False),
    Index(
        "ix_segment_vendor_id",
        "vendor_id",
        sqlite_where=NAMED,
        postgresql_where=NAMED,
    ),
    sqlite_with_rowid=False,
)

parked = Table(
    "parked",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", String(64), nullable=False),
    Column("batch_id", BigInteger),
    # The account that reported it; "" where the channel has only one.
    Column("account", String(64), nullable=False, server_default=""),
    # What made that account the one it was; "" where that is not known.
    Column("identity", String(32), nullable=False, server_default=""),
    Column("vendor_id", String(128), nullable=False),
    Column("receipt", Text, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Index("ix_parked_batch", "batch_id"),
    Index("ix_parked_vendor_id", "channel", "vendor_id"),
    Index("ix_parked_due", "channel", "due"),
)

page = Table(
    "page",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", String(64), nullable=False),
    Column("hook", String(32), nullable=False),
    Column("account", String(64), nullable=False, server_default=""),
    Column("content", LargeBinary, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Index("ix_page_due", "channel", "hook", "due"),
)

refused_webhook = Table(
    "refused_webhook",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", String(64), nullable=False),
    Column("account", String(64), nullable=False, server_default=""),
    Column("reason", Text, nullable=False),
    Column("method", String(8), nullable=False),
    Column("target", Text, nullable=False),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created", BigInteger, nullable=False),
    Index("ix_refused_webhook_channel", "channel", "id"),
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
    Column("dead", SmallInteger, nullable=False, server_default=str(WAITING)),
    Column("error", Text, nullable=False, server_default=""),
    Column("created", BigInteger, nullable=False),
    Index("ix_push_work", "channel", "dead", "due", "id"),
    Index("ix_push_given_up", "channel", "id", sqlite_where=DEAD, postgresql_where=DEAD),
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
    Index("ix_reply_channel", "channel", "id"),
)

file = Table(
    "file",
    metadata,
    Column("send_id", BigInteger, primary_key=True, autoincrement=False),
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
    # The encoding of lines that are no UTF-8, where it was a guess.
    Column("read_as", String(32), nullable=False, server_default=""),
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
    Index("ix_suppression_number", "channel", "msisdn", "sign_name"),
)

signature = Table(
    "signature",
    metadata,
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

account = Table(
    "account",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("name", String(64), primary_key=True),
    # What may be risked now: calls at a time over all workers, messages a call; both grow with success.
    Column("calls", Integer, nullable=False),
    Column("messages", Integer, nullable=False),
    # Calls that succeeded since the last growth, and calls that failed since the last success.
    Column("successes", Integer, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("succeeded", BigInteger, nullable=False, server_default="0"),
    Column("failed", BigInteger, nullable=False, server_default="0"),
    # The breaker: how often it opened since the last success, and until when nothing is called.
    Column("opens", Integer, nullable=False, server_default="0"),
    Column("open_until", BigInteger, nullable=False, server_default="0"),
    Column("reason", Text, nullable=False, server_default=""),
    # Of one account among several: it is not called until then, because its credentials are refused.
    Column("paused_until", BigInteger, nullable=False, server_default="0"),
    Column("pauses", Integer, nullable=False, server_default="0"),
    Column("pause_reason", Text, nullable=False, server_default=""),
)
