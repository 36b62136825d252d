"""Receipts by webhook, in batches and one by one, beside bare UPDATEs of the same rows."""

import json
import random
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bridge.ledger import MessageRow
from bridge.ledger.refs import message_ref

from .bodies import Sends
from .databases import fresh_database, open_raw, server_pids
from .measuring import Meter
from .sending import drain, recorded
from .stage import opened
from .table import Line, rate

_AIM = 10_000
_BATCH = 500


def received(kind: str, folder: Path, recipients: int, singles: int) -> Iterator[Line]:
    """Receipts in no order, as carriers report; `singles` of them come one by one."""
    with (
        fresh_database(kind, folder) as url,
        opened(url, folder, vendor={"latency_s": 0, "per_call": 1000}) as stage,
        closing(open_raw(url)) as raw,
    ):
        stage.send(Sends(stage.template(), recipients + singles).body())
        drain(stage)
        rows = recorded(stage.ledger)
        random.Random(1).shuffle(rows)
        for what, size, part in (
            (f"receipts, {_BATCH} a webhook", _BATCH, rows[singles:]),
            ("receipts, 1 a webhook", 1, rows[:singles]),
        ):
            ours, limit = Meter(**server_pids(url)), Meter()
            for start in range(0, len(part), size):
                some = part[start : start + size]
                body, ends = _body(some), _ends(some)
                with limit:
                    raw.update_messages(ends)
                with ours:
                    stage.report(body)
            yield Line(
                what,
                kind,
                rate(len(part), ours.wall_s),
                f"{rate(len(part), limit.wall_s)} updates",
                limit.wall_s / ours.wall_s,
                ours.cpu_s * 1e6 / len(part),
                f"> {_AIM:,}/s" if size > 1 else "",
                len(part) / ours.wall_s > _AIM if size > 1 else None,
                f"{len(part):,} receipts, one caller",
            )
        assert stage.ledger.outbox.waiting("promo")[0] == recipients + singles


def _body(rows: list[MessageRow]) -> bytes:
    return json.dumps(
        [(message_ref(row.batch_id, row.seq), row.vendor_id, f"86{row.phone}") for row in rows]
    ).encode()


def _ends(rows: list[MessageRow]) -> list[tuple[str, int, int, int]]:
    now = int(time.time() * 1000)
    return [("DELIVRD", now, row.batch_id, row.seq) for row in rows]
