"""What the ledger's choices are worth: each beside what was not chosen, on the same rows, in the same run."""

import json
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from unittest.mock import patch

from bridge.clock import DAY_MS
from bridge.ledger import (
    Callee,
    Claimed,
    Conclusion,
    Holder,
    Ledger,
    MessageRow,
    NewSend,
    Recipients,
    Scope,
    Terms,
    open_ledger,
    tally,
)
from bridge.ledger.blobs import encode
from bridge.ledger.refs import message_ref, new_id, phone_key
from bridge.plugin import DeliveryReceipt, MessageStatus

from .bodies import numbers
from .databases import RawPostgres, fresh_database, open_raw, server_pids
from .measuring import Meter
from .stage import CHANNEL
from .table import Line, rate

_NOW = 1_795_400_000_000
_A_COMMIT = 1_000
_A_CALL = 100
_CALLS_A_COMMIT = 8
_DAYS = 30
_RECIPIENT_TABLE = (
    "CREATE TABLE raw_recipient (batch bigint, seq int, phone text, params text, PRIMARY KEY (batch, seq))"
)
_PHONE_INDEX = "CREATE INDEX ix_message_phone ON message (phone_key)"
_VENDOR_INDEX = "CREATE INDEX ix_message_vendor_id ON message (vendor_id) WHERE vendor_id <> ''"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows each experiment writes, and how many are there before where that matters."""

    rows: int
    before: int


def compared(kind: str, folder: Path, counts: Counts) -> Iterator[Line]:
    """Yield all experiments on one kind of database."""
    yield from _blobs_or_rows(kind, folder, counts.rows)
    if kind == "postgresql":
        yield _copy_or_executemany(kind, folder, counts.rows)
    yield _group_commit_or_each(kind, folder, counts.rows)
    yield _tally_or_none(kind, folder, counts.rows)
    yield from _indexes(kind, folder, counts)


def _line(what: str, kind: str, count: int, chosen: Meter, instead: Meter, name: str) -> Line:
    return Line(
        what,
        kind,
        rate(count, chosen.wall_s),
        f"{rate(count, instead.wall_s)} {name}",
        instead.wall_s / chosen.wall_s,
        chosen.cpu_s * 1e6 / count,
        note=f"CPU s/1M of the other: {instead.cpu_s * 1e6 / count:.1f}",
    )


def _parts(rows: Iterable[MessageRow], size: int) -> Iterator[list[MessageRow]]:
    rest = iter(rows)
    while part := list(islice(rest, size)):
        yield part


def _blobs_or_rows(kind: str, folder: Path, count: int) -> Iterator[Line]:
    phones = numbers(count)
    params = [{"name": f"客户{phone}", "code": phone} for phone in phones]
    whole = Recipients(phones, params)
    with fresh_database(kind, folder) as url, closing(open_raw(url)) as raw:
        raw.prepare()
        raw.execute(_RECIPIENT_TABLE)
        rows = Meter(**server_pids(url))
        for batch, part in enumerate(whole.slices(_A_COMMIT)):
            with rows:
                raw.insert_recipients(
                    (batch, seq, phone, json.dumps(part.params_of(seq), ensure_ascii=False))
                    for seq, phone in enumerate(part.phones)
                )
        for size in (_A_CALL, _A_COMMIT):
            blobs = Meter(**server_pids(url))
            for part in whole.slices(_A_COMMIT):
                with blobs:
                    raw.insert_blobs([encode(claimed) for claimed in part.slices(size)])
            yield _line(f"store a send as blobs of {size:,}", kind, count, blobs, rows, "a row each")


def _copy_or_executemany(kind: str, folder: Path, count: int) -> Line:
    with fresh_database(kind, folder) as url, closing(RawPostgres(url)) as raw:
        copied, each = Meter(**server_pids(url)), Meter(**server_pids(url))
        rows = _message_rows(2 * count, _NOW)
        for part in _parts(islice(rows, count), _A_COMMIT):
            with copied:
                raw.insert_messages(part)
        for part in _parts(rows, _A_COMMIT):
            with each:
                raw.insert_messages_one_by_one(part)
    return _line("record rows with COPY", kind, count, copied, each, "executemany")


def _group_commit_or_each(kind: str, folder: Path, count: int) -> Line:
    with fresh_database(kind, folder) as url, closing(open_ledger(url)) as ledger:
        grouped, each = Meter(**server_pids(url)), Meter(**server_pids(url))
        conclusions = [_conclusion(claimed) for claimed in _claimed(ledger, 2 * count)]
        half = len(conclusions) // 2
        with grouped:
            for start in range(0, half, _CALLS_A_COMMIT):
                _record(ledger, conclusions[start : min(half, start + _CALLS_A_COMMIT)])
        with each:
            _in_threads(
                [partial(_record, ledger, [one]) for one in conclusions[half:]], threads=_CALLS_A_COMMIT
            )
    return _line(
        f"record {_CALLS_A_COMMIT} calls of {_A_CALL} a commit", kind, count, grouped, each, "a commit a call"
    )


def _tally_or_none(kind: str, folder: Path, count: int) -> Line:
    kept, without, _ = tallied(kind, folder, count)
    return _line("record and end messages with a tally", kind, count, kept, without, "without")


def tallied(kind: str, folder: Path, count: int) -> tuple[Meter, Meter, float]:
    """Record messages and end them by receipts, with their totals in the same transactions, and without.

    In turns, so that what else the machine does falls on both alike. Returns what each took, and the seconds
    that passed in the tally's own code and statements, which chance moves less than a difference.
    """
    spent = [0.0]
    with fresh_database(kind, folder) as url, closing(open_ledger(url)) as ledger:
        meters = Meter(**server_pids(url)), Meter(**server_pids(url))
        ledger.database.before_commit[:] = [_timed(hook, spent) for hook in ledger.database.before_commit]
        conclusions = [_conclusion(claimed) for claimed in _claimed(ledger, 2 * count)]
        for turn, start in enumerate(range(0, len(conclusions), _CALLS_A_COMMIT)):
            with _uncounted() if turn % 2 else _counted(spent), meters[turn % 2]:
                _record_and_end(ledger, conclusions[start : start + _CALLS_A_COMMIT])
    return *meters, spent[0]


def _counted(spent: list[float]) -> AbstractContextManager[object]:
    """Let transactions gather and write totals, and add the seconds of it to `spent`."""
    return patch.multiple(tally, added=_timed(tally.added, spent), climbed=_timed(tally.climbed, spent))


def _timed(work: Callable[..., None], spent: list[float]) -> Callable[..., None]:
    def timed(*arguments: object) -> None:
        began = time.thread_time()
        work(*arguments)
        spent[0] += time.thread_time() - began

    return timed


def _uncounted() -> AbstractContextManager[object]:
    """Let transactions gather and write no totals."""
    return patch.multiple(tally, added=_nothing, climbed=_nothing)


def _nothing(*_: object) -> None:
    """Stand in for what counts."""


def _record_and_end(ledger: Ledger, conclusions: Sequence[Conclusion]) -> None:
    _record(ledger, conclusions)
    receipts = [
        DeliveryReceipt(MessageStatus.DELIVERED, message_ref(row.batch_id, row.seq), code="DELIVRD")
        for one in conclusions
        for row in one.rows
    ]
    ledger.receipts.apply(CHANNEL, receipts, pushes=True, now=_NOW + 5_000)


def _claimed(ledger: Ledger, count: int) -> Sequence[Claimed]:
    batches = Recipients(numbers(count)).slices(_A_CALL)
    template = json.dumps({"type": 1})
    new = NewSend(CHANNEL, "task-1", "Acme", "T1", template, b"digest", batches=batches)
    ledger.sends.accept(new, Terms(_NOW, _NOW + DAY_MS, DAY_MS, 1 << 40))
    return ledger.write(
        lambda connection: ledger.batches.claim(
            connection, Scope(CHANNEL, _NOW), Holder("benchmark", DAY_MS), Callee("", ""), limit=len(batches)
        )
    )


def _conclusion(claimed: Claimed) -> Conclusion:
    rows = [_row(claimed.id, seq, phone, _NOW) for seq, phone in enumerate(claimed.recipients.phones)]
    return Conclusion(claimed, "task-1", "Acme", pushes=True, rows=rows)


def _record(ledger: Ledger, conclusions: Sequence[Conclusion]) -> None:
    ledger.write(lambda connection: ledger.batches.record(connection, conclusions, _NOW))


def _in_threads(tasks: Sequence[Callable[[], None]], *, threads: int) -> None:
    def work(part: Sequence[Callable[[], None]]) -> None:
        for task in part:
            task()

    workers = [threading.Thread(target=work, args=(tasks[at::threads],)) for at in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def _indexes(kind: str, folder: Path, counts: Counts) -> Iterator[Line]:
    """Into a table that holds a month of messages already."""
    chosen = _with_indexes(kind, folder, counts, [_VENDOR_INDEX, _PHONE_INDEX])
    for name, indexes, plain in (
        ("without any index", [], False),
        ("without the phone index", [_VENDOR_INDEX], False),
        ("plain numbers, no day", [_VENDOR_INDEX, _PHONE_INDEX], True),
    ):
        other = _with_indexes(kind, folder, counts, indexes, plain=plain)
        yield _line("index numbers by day and hash", kind, counts.rows, chosen, other, name)


def _with_indexes(
    kind: str, folder: Path, counts: Counts, indexes: Sequence[str], *, plain: bool = False
) -> Meter:
    with fresh_database(kind, folder) as url, closing(open_raw(url)) as raw:
        raw.execute("DROP INDEX ix_message_phone", "DROP INDEX ix_message_vendor_id")
        a_day = counts.before // _DAYS
        for day in range(_DAYS, 0, -1):
            raw.insert_messages(_message_rows(a_day, _NOW - day * DAY_MS, plain=plain))
        raw.execute(*indexes)
        meter = Meter(**server_pids(url))
        for part in _parts(_message_rows(counts.rows, _NOW, plain=plain), _A_COMMIT):
            with meter:
                raw.insert_messages(part)
    return meter


def _message_rows(count: int, now: int, *, plain: bool = False) -> Iterator[MessageRow]:
    """Rows as a day's campaigns make them: batches in order of time, numbers in none."""
    dice = random.Random(now)
    for start in range(0, count, _A_CALL):
        batch_id = new_id(now + start)
        for seq in range(min(_A_CALL, count - start)):
            row = _row(batch_id, seq, f"1{dice.randrange(30, 100) * 10**8 + dice.randrange(10**8):010}", now)
            yield row._replace(phone_key=row.phone_key & (1 << 40) - 1) if plain else row


def _row(batch_id: int, seq: int, phone: str, now: int) -> MessageRow:
    key = phone_key(CHANNEL, f"86{phone}", now)
    accepted = int(MessageStatus.ACCEPTED)
    return MessageRow(batch_id, seq, phone, key, accepted, f"v{batch_id}-{seq}", "", "", 1, now, None)
