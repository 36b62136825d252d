"""Hooks and record with a vendor that takes 5 ms, beside the bare driver inserting the same rows."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import select

from bridge.ledger import Ledger, MessageRow
from bridge.ledger.database.tables import message
from bridge.worker import Sender

from .bodies import Sends
from .databases import fresh_database, open_raw, server_pids
from .measuring import Meter
from .stage import Stage, opened, running
from .table import Line, rate

_AIM = 30_000
_A_COMMIT = 1_000


def sent(kind: str, folder: Path, recipients: int, per_call: int) -> Iterator[Line]:
    """Yield one worker's sender, until every batch is recorded."""
    vendor = {"per_call": per_call}
    with fresh_database(kind, folder) as url, opened(url, folder, vendor=vendor) as stage:
        stage.send(Sends(stage.template(), recipients).body())
        ours = Meter(**server_pids(url))
        with ours:
            drain(stage)
        rows = recorded(stage.ledger)
    assert len(rows) == recipients
    limit = _limit(kind, folder, rows)
    yield Line(
        f"send {per_call:,} a call",
        kind,
        rate(recipients, ours.wall_s),
        f"{rate(recipients, limit.wall_s)} rows",
        limit.wall_s / ours.wall_s,
        ours.cpu_s * 1e6 / recipients,
        f"> {_AIM:,}/s",
        recipients / ours.wall_s > _AIM,
        f"{recipients:,} recipients",
    )


def drain(stage: Stage) -> None:
    """Hooks until every batch is recorded."""
    sender = Sender(stage.station())
    with running(sender.run):
        while stage.ledger.gauges():
            time.sleep(0.02)


def recorded(ledger: Ledger) -> list[MessageRow]:
    """Return all message rows, in order."""
    with ledger.database.read() as connection:
        rows = connection.execute(select(message).order_by(message.c.batch_id, message.c.seq))
        return [MessageRow(*row) for row in rows]


def _limit(kind: str, folder: Path, rows: list[MessageRow]) -> Meter:
    """Return the same rows into another database with the same tables and indexes, a thousand a commit."""
    limit = Meter()
    with fresh_database(kind, folder) as url, closing(open_raw(url)) as raw, limit:
        for start in range(0, len(rows), _A_COMMIT):
            raw.insert_messages(rows[start : start + _A_COMMIT])
    return limit
