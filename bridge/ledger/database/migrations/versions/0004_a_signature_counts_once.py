"""A signature counts once over all channels: two of them may have the same key"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_signature_created", "signature")
    op.rename_table("signature", "old_signature")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX signature_pkey RENAME TO old_signature_pkey")
    op.create_table(
        "signature",
        sa.Column("signature", sa.String(64), primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("status", sa.SmallInteger),
        sa.Column("body", sa.LargeBinary),
        sa.Column("content_type", sa.String(64)),
        sa.Column("created", sa.BigInteger, nullable=False),
    )
    # Of one used on two channels any use will do: what it was used for a second time is refused from now on.
    op.execute(
        "INSERT INTO signature (signature, fingerprint, status, body, content_type, created) "
        "SELECT signature, fingerprint, status, body, content_type, created FROM old_signature AS one "
        "WHERE channel = (SELECT min(channel) FROM old_signature WHERE signature = one.signature)"
    )
    op.drop_table("old_signature")
    op.create_index("ix_signature_created", "signature", ["created"])


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the upgrade.")
