"""How many messages of each send stand where"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_BOUNDS_MS = (1000, 5000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000, 21_600_000, 86_400_000)


def upgrade() -> None:
    op.create_table(
        "tally",
        sa.Column("send_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("slot", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("status", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("code", sa.String(128), primary_key=True),
        sa.Column("account", sa.String(32), primary_key=True),
        sa.Column("segments", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("bucket", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("ms", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    late = "CASE WHEN m.ended_at > m.sent THEN m.ended_at - m.sent ELSE 0 END"
    delivered = "m.status = 30 AND m.ended_at IS NOT NULL"
    whens = " ".join(f"WHEN {late} <= {bound} THEN {at}" for at, bound in enumerate(_BOUNDS_MS, 1))
    op.execute(
        f"""
        INSERT INTO tally (send_id, slot, status, code, account, segments, bucket, count, ms)
        SELECT send_id, 0, status, code, account, segments, bucket, count(*), sum(ms) FROM (
            SELECT b.send_id AS send_id, m.status AS status,
                   CASE WHEN m.status < 30 THEN '' ELSE m.code END AS code,
                   b.identity AS account, m.segments AS segments,
                   CASE WHEN NOT ({delivered}) THEN 0 {whens} ELSE {len(_BOUNDS_MS) + 1} END AS bucket,
                   CASE WHEN {delivered} THEN {late} ELSE 0 END AS ms
            FROM message AS m JOIN batch AS b ON b.id = m.batch_id
        ) AS counted
        GROUP BY send_id, status, code, account, segments, bucket
        """  # noqa: S608
    )


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the upgrade.")
