"""A file of which lines were read in an encoding that nobody vouched for says which"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("file", sa.Column("read_as", sa.String(32), nullable=False, server_default=""))


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the upgrade.")
