"""Accepting a send, beside what nothing can avoid: parsing the bytes and one commit of the same blobs."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from bridge.ledger import Ledger, open_ledger
from bridge.ledger.database.tables import batch

from .bodies import Sends
from .databases import fresh_database, open_raw, server_pids
from .installation import Installation
from .measuring import Meter, p50, p99, peak_mb
from .stage import opened
from .table import Line, milliseconds

_AIM = 2.0


@dataclass(frozen=True, slots=True)
class Load:
    """How many requests of how many recipients; `aimed` where the aim counts."""

    requests: int
    recipients: int
    aimed: bool = False


def through_the_application(kind: str, folder: Path, load: Load) -> Iterator[Line]:
    """Yield the WSGI application in this process, without a socket."""
    with (
        fresh_database(kind, folder) as url,
        opened(url, folder, max_pending=100_000_000) as stage,
    ):
        sends = Sends(stage.template(), load.recipients)
        ours, limit = Meter(**server_pids(url)), Meter()
        _compare(url, load, sends, stage.ledger, stage.send, ours, limit)
    yield _line(f"accept {load.recipients:,}, application", kind, load, ours, limit)


def through_gunicorn(kind: str, folder: Path, loads: Sequence[Load]) -> Iterator[Line]:
    """gunicorn with one process, over a socket, with its peak memory; the smallest load first."""
    with fresh_database(kind, folder) as url, Installation(url, folder, worker=False) as installation:
        bridge, code = installation.pids["bridge"], installation.template()
        rest = peak_mb(bridge)
        for load in loads:
            ours, limit = Meter(**server_pids(url), bridge=bridge), Meter()
            with closing(open_ledger(url)) as ledger:
                _compare(url, load, Sends(code, load.recipients), ledger, installation.send, ours, limit)
            ours.cpu_by_part.pop("here")  # this process was Quick Audience
            note = f"{peak_mb(bridge):.0f} MB at the peak, {rest:.0f} MB at rest"
            yield _line(f"accept {load.recipients:,}, gunicorn", kind, load, ours, limit, note)


def _compare(
    url: str,
    load: Load,
    sends: Sends,
    ledger: Ledger,
    send: Callable[[bytes], None],
    ours: Meter,
    limit: Meter,
) -> None:
    """Take turns, so that a machine that is busy with other things is busy for both."""
    send(sends.body())  # the first one loads code and statements
    blobs = _latest_blobs(ledger)
    with closing(open_raw(url)) as raw:
        raw.prepare()
        for _ in range(load.requests):
            body = sends.body()
            with limit:
                json.loads(body)
                raw.insert_blobs(blobs)
            with ours:
                send(body)


def _latest_blobs(ledger: Ledger) -> Sequence[bytes]:
    """Return the blobs that the bridge stored for its latest send."""
    latest = select(func.max(batch.c.send_id)).scalar_subquery()
    with ledger.database.read() as connection:
        return connection.execute(select(batch.c.recipients).where(batch.c.send_id == latest)).scalars().all()


def _line(what: str, kind: str, load: Load, ours: Meter, limit: Meter, note: str = "") -> Line:
    times = p50(ours.laps) / p50(limit.laps)
    return Line(
        what,
        kind,
        f"{milliseconds(p50(ours.laps))} p50, {milliseconds(p99(ours.laps))} p99",
        f"{milliseconds(p50(limit.laps))} parse + commit",
        1 / times,
        ours.cpu_s * 1e6 / (load.requests * load.recipients),
        f"within {_AIM:g}x" if load.aimed else "",
        times <= _AIM if load.aimed else None,
        f"{times:.1f}x" + (f"; {note}" if note else ""),
    )
