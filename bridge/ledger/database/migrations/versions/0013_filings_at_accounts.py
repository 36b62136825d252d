"""Each account of a channel has its own filing of a template, and its own review of a signature"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "filing",
        sa.Column("channel", sa.String(64), primary_key=True),
        sa.Column("code", sa.String(30), primary_key=True),
        sa.Column("account", sa.String(64), primary_key=True),
        sa.Column("vendor_code", sa.String(256), nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("carriers", sa.Text, nullable=False),
        sa.Column("filed_at", sa.String(32), nullable=False),
        sa.Column("filed", sa.BigInteger, nullable=False),
        sa.Column("checked", sa.BigInteger, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.Column("owed", sa.String(8), nullable=False),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
    )
    op.create_table(
        "account_sign",
        sa.Column("channel", sa.String(64), primary_key=True),
        sa.Column("account", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(256), primary_key=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("checked", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the upgrade.")
