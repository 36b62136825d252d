"""One word for one thing: a batch becomes a send, a chunk a batch, and moments end in _at"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

WAITING = sa.text("state < 3")
CALLING = sa.text("state = 1")


def upgrade() -> None:
    op.drop_index("ix_batch_out_id", "batch")
    op.drop_index("ix_batch_created", "batch")
    op.rename_table("batch", "send")
    op.create_index("ix_send_out_id", "send", ["channel", "out_id"])
    op.create_index("ix_send_created", "send", ["created"])

    op.drop_index("ix_chunk_batch_id", "chunk")
    op.drop_index("ix_chunk_work", "chunk")
    op.drop_index("ix_chunk_lease", "chunk")
    op.alter_column("chunk", "batch_id", new_column_name="send_id")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX batch_pkey RENAME TO send_pkey")
        op.execute("ALTER INDEX chunk_pkey RENAME TO batch_pkey")
    op.rename_table("chunk", "batch")
    op.create_index("ix_batch_send_id", "batch", ["send_id"])
    op.create_index(
        "ix_batch_work",
        "batch",
        ["channel", "state", "due", "id", "count"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
    op.create_index("ix_batch_lease", "batch", ["lease"], sqlite_where=CALLING, postgresql_where=CALLING)

    for table in ("answer", "file"):
        op.alter_column(table, "batch_id", new_column_name="send_id")
    for table in ("message", "segment", "parked"):
        op.alter_column(table, "chunk_id", new_column_name="batch_id")
    op.alter_column("message", "ended", new_column_name="ended_at")
    op.drop_index("ix_parked_chunk", "parked")
    op.create_index("ix_parked_batch", "parked", ["batch_id"])


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the upgrade.")
