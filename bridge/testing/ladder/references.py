"""The rule for references: what a plugin makes up to tell one send from another is another one each time.

A vendor that meets a reference again takes the send for a repeat, and a person gets nothing; or a receipt is
given to somebody else's message. So many different sends are made in two threads of one process, and some in
another process, and what of a request was different from one send to the next must stay so.
"""

import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any

from bridge.plugin import Batch

from ..play.breaking import Breaks, no_breakage
from ..play.stage import Stage, with_url
from ..table.cases import Send
from ..table.exchanges import Exchange, Seen
from .accounts import fresh
from .vendor_table import VendorTable

SENDS = 40
"""How many sends each of three callers makes."""
_MOST_THREADS = 12
_SHORTEST = 3
"""Letters of a reference that cannot be there by chance."""
_REFERENCE = re.compile(
    r"(?:^|[^a-z])(?:ref|reference|uid|uuid|guid|serial|seq|(?:out|msg|message|client|request|custom|batch"
    r"|order|task|trace|biz)[_-]?(?:id|no|key|ref|tag))$",
    re.IGNORECASE,
)
_ONCE = re.compile(r"idempot|dedup|client.?token", re.IGNORECASE)
"""Names of what a vendor knows a repeat by."""
_FREE = re.compile(r"time|date|stamp|nonce|sign|auth|rand|salt|length|cookie|agent|digest", re.IGNORECASE)
"""Names of what may come again: moments, and what only stands beside a signature."""

Values = Mapping[str, list[str]]


def reference_faults(table: VendorTable, row: Send) -> list[str]:
    """Send different batches from two threads and from two processes. Returns what came twice."""
    seen: list[list[Seen]] = []
    breakage = no_breakage if row.exchanges else Breaks(None)  # a gate sees what an emulator is asked
    for process in range(2):
        with fresh(table.vendor_class()) as vendor, table.wire([_lenient(row)], breakage) as wire:
            settings = with_url({**table.settings, **row.settings}, wire.url)
            running = threading.active_count()
            with closing(Stage(vendor, settings)) as stage:
                _send(stage, row, process)
                piled = threading.active_count() - running
            seen.append(wire.seen)
    told = [f"after {SENDS} sends {piled} threads run that nobody ends"] if piled > _MOST_THREADS else []
    return [*told, *_repeated([*seen[0], *seen[1]])]


def _lenient(row: Send) -> Send:
    """Return the row with its answers for as many sends, whatever the requests hold."""
    exchanges = [Exchange(each.method, each.url, each.reply) for each in row.exchanges]
    return replace(row, exchanges=exchanges * SENDS * 2)


def _send(stage: Stage, row: Send, process: int) -> None:
    """Send from two threads at once; the second process from one."""
    callers = [
        threading.Thread(target=_call, args=(stage, row, 2 * process + caller))
        for caller in range(2 - process)
    ]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join()


def _call(stage: Stage, row: Send, caller: int) -> None:
    for number in range(SENDS):
        with suppress(Exception):  # the answers are those to other sends
            stage.call(row.operation, batch=_with_reference(row.batch, caller * SENDS + number))


def _with_reference(batch: Batch, number: int) -> Batch:
    """Return the batch, of one message, under references as the bridge makes them.

    Their first letters hardly change, and neither do their last.
    """
    ref = _reference(number)
    return replace(batch, ref=ref, messages=(batch.messages[0]._replace(ref=f"{ref}-1"),))


def _reference(number: int) -> str:
    return f"3r8kd{number:04d}w1x"


def _repeated(requests: Iterable[Seen]) -> list[str]:
    fields: dict[str, list[str]] = {}
    for seen in requests:
        for name, value in _fields(seen):
            fields.setdefault(f"{seen.method} {seen.path}: {name}", []).append(value)
    return [fault for name, values in fields.items() for fault in _judged(name, values)]


def _judged(name: str, values: Sequence[str]) -> Iterator[str]:
    different, last = len(set(values)), name.rpartition(": ")[2].rpartition(".")[2]
    if len(values) < SENDS or different == len(values) or _FREE.search(last):
        return
    if different == 1 and not _ONCE.search(last):
        if _REFERENCE.search(last) and any(each in values[0] for each in _this_hour()):
            yield f"{name} is made of the time, which two sends may share: use the batch's reference"
        elif len(values[0]) >= _SHORTEST and values[0] in _reference(0) != values[0]:
            yield f"{name} is a part of the batch's reference, which others have too: use it whole"
        return  # the same for all of them: a sender, a template
    named = _REFERENCE.search(last) or _ONCE.search(last)
    # A few values in turn, senders for example, may come again.
    if named or different > len(values) // 4:
        yield (
            f"{name} is the same for two different sends ({different} of {len(values)} differ): the vendor "
            "may take the second for a repeat; use the references of the batch and its messages, whole"
        )


def _this_hour() -> set[str]:
    """Return how this hour stands in what is made of the time, here and in UTC."""
    moments = (time.gmtime(), time.localtime())
    forms = ("%Y%m%d%H", "%Y-%m-%d %H", "%Y-%m-%dT%H", "%y%m%d%H")
    return {time.strftime(form, each) for form in forms for each in moments} | {str(int(time.time()))[:7]}


def _fields(seen: Seen) -> Iterator[tuple[str, str]]:
    """Return each value of a request with its name; the numbers, texts and values are the same in all."""
    yield from ((f"header {name}", str(value)) for name, value in seen.headers.items())
    yield from _leaves("query", seen.query)
    try:
        body = seen.json
    except ValueError:
        body = seen.form
    if isinstance(body, Mapping | list):
        yield from _leaves("body", body)


def _leaves(place: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _leaves(f"{place}.{name}", each)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _leaves(f"{place}.{index}" if isinstance(each, Mapping | list) else place, each)
    else:
        yield place, str(value)
