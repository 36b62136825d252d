"""Calls and templates name the vendor account, because a look-up proves nothing at another one"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("batch", sa.Column("identity", sa.String(32), nullable=False, server_default=""))
    op.add_column("template", sa.Column("filed_at", sa.String(32), nullable=False, server_default=""))


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the upgrade.")
