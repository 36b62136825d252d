"""Two accounts at one address, in turns: each must ask as it does alone, at the same moment of the clock.

What differs from one lonely run to the next, a nonce for example, is not compared; the runs in which two
accounts take turns lie between two lonely ones, so that a clock nobody holds says nothing either.
"""

import os
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from copy import deepcopy
from typing import Any

from bridge.plugin import Vendor

from ..play.breaking import Breaks
from ..play.row import arguments_of
from ..play.stage import Stage, with_url
from ..play.swapping import swapped
from ..play.wires import Wire, answered, mocked
from ..table.cases import Case, Webhook
from ..table.exchanges import Lost, Reply, Script, Seen
from .fresh import fresh
from .references import fields_of
from .vendor_table import VendorTable

Asked = Sequence[Sequence[tuple[str, str]]]
"""The named values of each request that an account made."""
_SEED = 20261130


class _Any(Script):
    """Answers whatever comes as the rows do, as often as it comes; one request has one answer."""

    def __init__(self, rows: Sequence[Case]) -> None:
        super().__init__([])
        self._rows = [each for row in rows for each in row.exchanges]

    def answer(self, seen: Seen) -> Reply | Lost:
        """Return the reply of the first row at the request's address."""
        at_address = [row.reply for row in self._rows if row.addresses(seen)]
        return at_address[0] if at_address else Reply(404, text="the table has no such request")


def interleaved_faults(
    table: VendorTable, rows: Sequence[Case], settings: Mapping[str, Any], hint: str
) -> list[str]:
    """Let two accounts ask alone and in turns. Returns what one asks otherwise beside the other."""
    plain = [row for row in rows if not isinstance(row, Webhook) and not row.settings]
    if not plain or not table.emulates_http():
        return []
    with _wire(table, plain) as wire, _held():
        given = [{}, settings]
        before = [_asked(table, wire, plain, given, (number,))[number] for number in (0, 1)]
        turns = [_asked(table, wire, plain, given, order) for order in ((0, 1), (1, 0))]
        after = [_asked(table, wire, plain, given, (number,))[number] for number in (0, 1)]
    names = [
        name
        for number in (0, 1)
        for each in turns
        for name in _otherwise(before[number], each[number], after[number])
    ]
    return [
        f"beside another account at the same address, {name} is not what the account sends alone: {hint}"
        for name in dict.fromkeys(names)
    ][:1]


def _wire(table: VendorTable, rows: Sequence[Case]) -> AbstractContextManager[Wire]:
    if not any(row.exchanges for row in rows):
        return table.wire(rows, Breaks(None))
    script = _Any(rows)
    return answered(script.answer) if table.over_http(rows) else mocked([], script=script)


@contextmanager
def _held() -> Iterator[None]:
    """Hold the clock on the wall."""
    now = time.time_ns()
    with swapped(time, "time", lambda: now / 1e9), swapped(time, "time_ns", lambda: now):
        yield


@contextmanager
def _drawn() -> Iterator[None]:
    """Let chance draw the same as in every other run."""
    state, drawn = random.getstate(), random.Random(_SEED)
    random.seed(_SEED)
    with swapped(os, "urandom", drawn.randbytes), swapped(random, "_urandom", drawn.randbytes):
        try:
            yield
        finally:
            random.setstate(state)


def _asked(
    table: VendorTable,
    wire: Wire,
    rows: Sequence[Case],
    given: Sequence[Mapping[str, Any]],
    order: Sequence[int],
) -> dict[int, Asked]:
    """Make the accounts of `order` in a fresh process, and let them ask in turns. Returns what each asked."""
    asked: dict[int, list[Sequence[tuple[str, str]]]] = {number: [] for number in order}
    with ExitStack() as stack:
        vendor = stack.enter_context(fresh(table.vendor_class()))
        stages = {
            number: stack.enter_context(closing(_stage(table, vendor, wire, given[number])))
            for number in order
        }
        for row in rows:
            for number in order:
                begun = len(wire.seen)
                with _drawn(), suppress(Exception):  # the answers are those to other requests
                    stages[number].call(row.operation, **deepcopy(arguments_of(row)))
                asked[number] += [list(fields_of(seen)) for seen in wire.seen[begun:]]
    return dict(asked)


def _stage(table: VendorTable, vendor: type[Vendor], wire: Wire, given: Mapping[str, Any]) -> Stage:
    with _drawn():
        return Stage(vendor, with_url({**table.settings, **given}, wire.url))


def _otherwise(before: Asked, beside: Asked, after: Asked) -> Iterator[str]:
    """Return the names of what is the same in two lonely runs, and another beside an account."""
    if len(before) != len(after):
        return
    if len(before) != len(beside):
        yield "the number of requests"
        return
    for one, other, again in zip(before, beside, after, strict=True):
        stays = [pair for pair, same in zip(one, again, strict=False) if pair == same]
        yield from (name for name, value in stays if (name, value) not in other)
