"""Where messages stood when they were called, of those that are sent again"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "moved",
        sa.Column("batch_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("to_batch", sa.BigInteger, nullable=False),
        sa.Column("to_seq", sa.Integer, nullable=False),
        sa.Column("vendor_id", sa.String(128), nullable=False),
        sa.Column("segments", sa.SmallInteger, nullable=False),
        sa.Column("rate", sa.SmallInteger, nullable=False),
        sa.Column("sent", sa.BigInteger, nullable=False),
        sa.Column("absent", sa.SmallInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_moved_to", "moved", ["to_batch"])
    named = sa.text("vendor_id <> ''")
    op.create_index("ix_moved_vendor_id", "moved", ["vendor_id"], sqlite_where=named, postgresql_where=named)


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the upgrade.")
