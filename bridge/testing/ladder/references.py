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
from itertools import takewhile
from typing import Any

from bridge.plugin import Batch

from ..play.breaking import Breaks, no_breakage
from ..play.doubling import to_others
from ..play.stage import Stage, with_url
from ..table.cases import Send
from ..table.exchanges import Exchange, Seen
from .fresh import fresh
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
_NONCE = re.compile(r"nonce", re.IGNORECASE)
"""Names of what a vendor tells a replay by."""
_MOST_DIGITS = 8
"""So many digits, counted up or drawn by chance, come again while a vendor remembers them."""
_FREE = re.compile(r"time|date|stamp|sign|auth|rand|salt|length|cookie|agent|digest", re.IGNORECASE)
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
    fields, derived = _collected([*seen[0], *seen[1]]), _derived(table, row, seen[1])
    judged = [
        fault for name, values in fields.items() for fault in _judged(name, values, derived=name in derived)
    ]
    return [*told, *judged, *_made_of_content(table, row, fields)]


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


def _collected(requests: Iterable[Seen]) -> dict[str, list[str]]:
    """Return all values of each field of these requests, in their order."""
    fields: dict[str, list[str]] = {}
    for seen in requests:
        for name, value in fields_of(seen):
            fields.setdefault(f"{seen.method} {seen.path}: {name}", []).append(value)
    return fields


def keys_of(requests: Iterable[Seen]) -> dict[str, set[str]]:
    """Return what these requests hold for the vendor to know a repeat by, by name."""
    fields = _collected(requests)
    return {name: set(values) for name, values in fields.items() if _ONCE.search(_last(name))}


def _last(name: str) -> str:
    return name.rpartition(": ")[2].rpartition(".")[2]


def _derived(table: VendorTable, row: Send, seen: Sequence[Seen]) -> set[str]:
    """Send some of the second process's batches again, backwards. Returns what is the same as then."""
    numbers = range(SENDS - 1, 0, -SENDS // 4)
    again = _collected(_sent_alone(table, row, [_with_reference(row.batch, 2 * SENDS + n) for n in numbers]))
    then, found = _collected(seen), set()
    for name, values in again.items():
        each, known = len(values) // len(numbers), then.get(name, [])
        wanted = [value for n in numbers for value in known[n * each : (n + 1) * each]]
        if each and values == wanted:
            found.add(name)
    return found


def _sent_alone(table: VendorTable, row: Send, batches: Sequence[Batch]) -> Sequence[Seen]:
    """Send some batches from one more process. Returns the requests."""
    with fresh(table.vendor_class()) as vendor, table.wire([_lenient(row)], Breaks(None)) as wire:
        settings = with_url({**table.settings, **row.settings}, wire.url)
        with closing(Stage(vendor, settings)) as stage:
            for batch in batches:
                with suppress(Exception):  # the answers are those to other sends
                    stage.call(row.operation, batch=batch)
        return wire.seen


def _made_of_content(table: VendorTable, row: Send, fields: Values) -> Iterator[str]:
    """Send to other people: a reference that was the same for all sends, and is another now, is no good."""
    same = {
        name: values[0]
        for name, values in fields.items()
        if len(values) >= SENDS and len(set(values)) == 1 and _REFERENCE.search(_last(name))
    }
    if not same:
        return
    batch = _with_reference(to_others(row).batch, 3 * SENDS)
    for name, values in _collected(_sent_alone(table, row, [batch])).items():
        if same.get(name, values[0]) != values[0]:
            yield (
                f"{name} is made of the numbers or texts: sent to the same people again, the vendor "
                "takes it for a repeat; use the references of the batch and its messages, whole"
            )


def _judged(name: str, values: Sequence[str], *, derived: bool) -> Iterator[str]:
    """Judge all values of one field; `derived` when they are made of the batches alone."""
    different, last = len(set(values)), _last(name)
    if len(values) < SENDS:
        return
    if _NONCE.search(last):
        if different < len(values) or _few(values):
            yield f"{name} comes again: the vendor takes it for a replay; draw 16 letters or more by chance"
    elif _FREE.search(last):
        return
    elif different == len(values):
        if _names_a_send(last) and not derived and _few(values):
            yield (
                f"{name} is counted up, or drawn out of few, and comes again some day: the vendor takes that "
                "send for a repeat; use the references of the batch and its messages, whole"
            )
    elif different == 1 and not _ONCE.search(last):
        yield from _always_the_same(name, values[0])
    # A few values in turn, senders for example, may come again.
    elif _names_a_send(last) or different > len(values) // 4:
        yield (
            f"{name} is the same for two different sends ({different} of {len(values)} differ): the vendor "
            "may take the second for a repeat; use the references of the batch and its messages, whole"
        )


def _names_a_send(last: str) -> bool:
    return bool(_REFERENCE.search(last) or _ONCE.search(last))


def _always_the_same(name: str, value: str) -> Iterator[str]:
    """Judge what is the same in all sends: a sender, a template, or what only seems to be another."""
    if _REFERENCE.search(_last(name)) and any(each in value for each in _this_hour()):
        yield f"{name} is made of the time, which two sends may share: use the batch's reference"
    elif len(value) >= _SHORTEST and value in _reference(0) != value:
        yield f"{name} is a part of the batch's reference, which others have too: use it whole"


def _few(values: Sequence[str]) -> bool:
    """Return True when values differ in a few digits only."""
    some = values[:SENDS]
    before = _shared(some)
    after = _shared([each[before:][::-1] for each in some])
    cores = [each[before : len(each) - after] for each in some]
    digits = all(re.fullmatch("[0-9]*", core) for core in cores)
    return digits and max(map(len, cores)) <= _MOST_DIGITS


def _shared(values: Sequence[str]) -> int:
    """Return how many letters these values have in common at their beginning."""
    together = zip(*values, strict=False)
    return sum(1 for _ in takewhile(lambda letters: len(set(letters)) == 1, together))


def _this_hour() -> set[str]:
    """Return how this hour stands in what is made of the time, here and in UTC."""
    moments = (time.gmtime(), time.localtime())
    forms = ("%Y%m%d%H", "%Y-%m-%d %H", "%Y-%m-%dT%H", "%y%m%d%H")
    return {time.strftime(form, each) for form in forms for each in moments} | {str(int(time.time()))[:7]}


def fields_of(seen: Seen) -> Iterator[tuple[str, str]]:
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
