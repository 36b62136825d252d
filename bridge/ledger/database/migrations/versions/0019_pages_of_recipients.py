"""A campaign's recipients are turned page by page, each a bounded read"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_FAILED = sa.text("status > 30")


def upgrade() -> None:
    op.create_index("ix_batch_send", "batch", ["send_id", "id"])
    op.drop_index("ix_batch_send_id", "batch")
    op.drop_index("ix_send_campaign", "send")
    op.create_index("ix_send_campaign", "send", ["campaign_id", "id"])
    op.create_index(
        "ix_message_failed",
        "message",
        ["batch_id", "seq", "status", "code"],
        sqlite_where=_FAILED,
        postgresql_where=_FAILED,
    )


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the upgrade.")
