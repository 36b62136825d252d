"""Lists are turned from the place of a row, each along an index"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_GIVEN_UP = sa.text("dead = 1")


def upgrade() -> None:
    op.create_index("ix_campaign_channel", "campaign", ["channel", "id"])
    op.create_index("ix_audit_channel", "audit", ["channel", "id"])
    op.create_index("ix_callback_channel", "callback", ["channel", "id"])
    op.create_index("ix_reply_channel", "reply", ["channel", "id"])
    op.create_index("ix_suppression_number", "suppression", ["channel", "msisdn", "sign_name"])
    op.create_index(
        "ix_push_given_up", "push", ["channel", "id"], sqlite_where=_GIVEN_UP, postgresql_where=_GIVEN_UP
    )


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the upgrade.")
