"""Sends belong to campaigns, and changes are written down"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_OUT_ID, _TASK = range(2)


def upgrade() -> None:
    op.add_column("send", sa.Column("campaign_id", sa.BigInteger, nullable=False, server_default="0"))
    campaign = op.create_table(
        "campaign",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("pending", sa.SmallInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("what", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
    )
    _fill(campaign)
    op.create_index("ix_send_campaign", "send", ["campaign_id"])
    op.create_index("ux_campaign_name", "campaign", ["channel", "kind", "name"], unique=True)
    op.create_index("ix_campaign_created", "campaign", ["created"])
    controlled = sa.text("pending = 1")
    op.create_index(
        "ix_campaign_pending", "campaign", ["pending"], sqlite_where=controlled, postgresql_where=controlled
    )
    op.create_index("ix_audit_at", "audit", ["at"])


def _fill(campaign: sa.Table) -> None:
    """Make the campaigns of the sends there are; each takes the id of its first send."""
    connection = op.get_bind()
    rows = connection.execute(
        sa.text("SELECT id, channel, out_id, task, created FROM send ORDER BY id")
    ).all()
    found: dict[tuple[str, int, str], dict[str, object]] = {}
    for row in rows:
        task = str(json.loads(row.task or "{}").get("relatedTaskId") or "")
        key = (row.channel, _TASK if task else _OUT_ID, (task or row.out_id)[:256])
        names = dict(zip(("channel", "kind", "name"), key, strict=True))
        times = {"changed": row.created, "created": row.created}
        first = {"id": row.id, **names, "state": 0, "pending": 0, "reason": "", **times}
        mine = found.setdefault(key, first)
        connection.execute(
            sa.text("UPDATE send SET campaign_id = :campaign WHERE id = :id"),
            {"campaign": mine["id"], "id": row.id},
        )
    if found:
        op.bulk_insert(campaign, list(found.values()))


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the upgrade.")
