"""Pushing receipts to Quick Audience, beside bare HTTP requests with the same bodies."""

import http.client
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from bridge.contract import callbacks, signing
from bridge.ledger.reports.outbox import Ended, enqueue_receipts
from bridge.ledger.scope import Scope
from bridge.plugin import MessageStatus
from bridge.worker import Pusher

from .bodies import numbers
from .databases import fresh_database, server_pids
from .installation import started_callbacks
from .measuring import Meter
from .stage import CHANNEL, KEY, Stage, opened, running
from .table import Line, rate

_PATH = callbacks.path("receipts")
_BATCH = 500


def pushed(kind: str, folder: Path, recipients: int) -> Iterator[Line]:
    """Yield one worker's pusher with its four threads, until Quick Audience has everything."""
    with (
        started_callbacks(folder) as server,
        fresh_database(kind, folder) as url,
        opened(url, folder, callback_url=server.url) as stage,
    ):
        ended = _ended(recipients)
        stage.ledger.write(
            lambda connection: enqueue_receipts(
                connection, Scope(CHANNEL, ended[0].ended_at), {"task-1": ended}
            )
        )
        ours, limit = Meter(**server_pids(url), callbacks=server.pid), Meter()
        with ours:
            _push(stage)
        with limit:
            _post(server.url, _bodies(ended), threads=stage.settings.bridge.push_threads)
        assert server.received() == recipients
    yield Line(
        f"push, {_BATCH} a call",
        kind,
        rate(recipients, ours.wall_s),
        f"{rate(recipients, limit.wall_s)} HTTP",
        limit.wall_s / ours.wall_s,
        (ours.cpu_s - ours.cpu_by_part["callbacks"]) * 1e6 / recipients,
        note=f"{recipients:,} receipts; Quick Audience's own CPU not counted",
    )


def _push(stage: Stage) -> None:
    pusher = Pusher(stage.station())
    with running(pusher.run):
        while stage.ledger.outbox.waiting(CHANNEL)[0]:
            time.sleep(0.02)


def _ended(count: int) -> list[Ended]:
    now = int(time.time() * 1000)
    return [
        Ended(phone, int(MessageStatus.DELIVERED), now - 1000, now, "DELIVRD", "") for phone in numbers(count)
    ]


def _bodies(ended: Sequence[Ended]) -> list[bytes]:
    entries = [
        callbacks.receipt_entry(
            callbacks.EndedMessage(
                "task-1",
                one.phone,
                MessageStatus.DELIVERED,
                datetime.fromtimestamp(one.sent / 1000, UTC),
                datetime.fromtimestamp(one.ended_at / 1000, UTC),
                one.code,
                one.reason,
            )
        )
        for one in ended
    ]
    return [
        callbacks.body("receipts", entries[start : start + _BATCH])
        for start in range(0, len(entries), _BATCH)
    ]


def _post(url: str, bodies: Sequence[bytes], threads: int) -> None:
    """All bodies over as many kept connections as the pusher has threads."""
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    for body in bodies:
        waiting.put(body)
    failures: list[int] = []

    def work() -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        while True:
            try:
                body = waiting.get_nowait()
            except queue.Empty:
                connection.close()
                return
            query, signature = signing.fresh(KEY, datetime.now(UTC))
            headers = {signing.HEADER: signature, "Content-Type": "application/json"}
            connection.request("POST", f"{_PATH}?{urlencode(query)}", body, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                failures.append(answer.status)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failures, failures
