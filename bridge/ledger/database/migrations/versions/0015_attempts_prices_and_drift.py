"""Attempts with the vendor's words, callbacks that were taken, what messages cost, and templates' drift"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_KEY = ["send_id", "slot", "status", "code", "account", "segments", "bucket", "rate"]


def upgrade() -> None:
    _attempts()
    _prices()
    _rates()
    op.create_table(
        "drift",
        sa.Column("channel", sa.String(64), primary_key=True),
        sa.Column("account", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("name", sa.String(256), primary_key=True),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("here", sa.Text, nullable=False),
        sa.Column("there", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("asked", sa.BigInteger, nullable=False),
    )


def _attempts() -> None:
    op.create_table(
        "attempt",
        sa.Column("batch_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("called", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("identity", sa.String(32), nullable=False),
        sa.Column("answered", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("others", sa.Text, nullable=False),
        sa.Column("code", sa.String(128), nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "report",
        sa.Column("batch_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("status", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("came", sa.BigInteger, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("code", sa.String(128), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "callback",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        sa.Column("out_id", sa.String(256), nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("taken", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("numbers", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_callback_out_id", "callback", ["channel", "out_id", "id"])
    op.create_index("ix_callback_created", "callback", ["created"])


def _prices() -> None:
    op.create_table(
        "rate",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("currency", sa.String(8), nullable=False),
        sa.Column("price", sa.BigInteger, nullable=False),
    )
    op.create_index("ux_rate", "rate", ["currency", "price"], unique=True)
    op.create_table(
        "charge",
        sa.Column("batch_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("part", sa.String(128), primary_key=True),
        sa.Column("currency", sa.String(8), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "charged",
        sa.Column("send_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("slot", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("currency", sa.String(8), primary_key=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("messages", sa.BigInteger, nullable=False),
    )


def _rates() -> None:
    """Let messages and their totals name a price; those of before have none."""
    op.add_column("message", sa.Column("rate", sa.SmallInteger, nullable=False, server_default="0"))
    if op.get_bind().dialect.name == "postgresql":
        op.add_column("tally", sa.Column("rate", sa.SmallInteger, nullable=False, server_default="0"))
        op.drop_constraint("tally_pkey", "tally", type_="primary")
        op.create_primary_key("tally_pkey", "tally", _KEY)
        return
    # SQLite cannot change a key.
    op.rename_table("tally", "tally_before")
    op.create_table(
        "tally",
        sa.Column("send_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("slot", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("status", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("code", sa.String(128), primary_key=True),
        sa.Column("account", sa.String(32), primary_key=True),
        sa.Column("segments", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("bucket", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("rate", sa.SmallInteger, primary_key=True, autoincrement=False, server_default="0"),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("ms", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO tally (send_id, slot, status, code, account, segments, bucket, count, ms) "
        "SELECT send_id, slot, status, code, account, segments, bucket, count, ms FROM tally_before"
    )
    op.drop_table("tally_before")


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the upgrade.")
