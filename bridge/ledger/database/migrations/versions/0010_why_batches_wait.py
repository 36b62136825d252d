"""A waiting batch knows why, and what a person decided about unknown outcomes is kept"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_HELD = sa.text("state = 0 AND hold <> ''")


def upgrade() -> None:
    op.add_column("batch", sa.Column("hold", sa.String(16), nullable=False, server_default=""))
    op.add_column("batch", sa.Column("hold_words", sa.Text(), nullable=False, server_default=""))
    op.add_column("batch", sa.Column("decision", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index("ix_batch_held", "batch", ["channel", "hold"], sqlite_where=_HELD, postgresql_where=_HELD)
    op.create_table(
        "decision",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_decision_channel", "decision", ["channel", "id"])


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the upgrade.")
