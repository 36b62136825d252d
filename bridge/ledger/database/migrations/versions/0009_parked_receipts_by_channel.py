"""Parked receipts are tried channel by channel, the latest due first"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_parked_due", "parked")
    op.create_index("ix_parked_due", "parked", ["channel", "due"])


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the upgrade.")
