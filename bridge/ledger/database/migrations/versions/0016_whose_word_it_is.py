"""A signature's review and a receipt that waits name the vendor account that said so"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("sign", "account_sign", "parked"):
        op.add_column(table, sa.Column("identity", sa.String(32), nullable=False, server_default=""))


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the upgrade.")
