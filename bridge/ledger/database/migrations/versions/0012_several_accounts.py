"""A channel may have several accounts: what waits names the one that is to take it"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("batch", "parked", "page", "refused_webhook"):
        op.add_column(table, sa.Column("account", sa.String(64), nullable=False, server_default=""))
    op.add_column("batch", sa.Column("yields", sa.BigInteger()))
    op.add_column("batch", sa.Column("barred", sa.Text(), nullable=False, server_default=""))
    op.add_column("account", sa.Column("paused_until", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("account", sa.Column("pauses", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("account", sa.Column("pause_reason", sa.Text(), nullable=False, server_default=""))
    assigned = sa.text("state = 0 AND account <> ''")
    op.create_index(
        "ix_batch_account",
        "batch",
        ["channel", "account", "due", "id"],
        sqlite_where=assigned,
        postgresql_where=assigned,
    )


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the upgrade.")
