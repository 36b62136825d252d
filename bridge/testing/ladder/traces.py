"""The rule for traces: whatever the disguise, a log that changes with the numbers alone tells of them.

A row is played with other numbers, other values and other secrets. What is said aloud must stay the same;
what changes from one play to the next by itself, such as a time, counts for nothing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bridge.plugin import Outcome

from ..play.doubling import of_other_values, to_others
from ..play.row import Played
from ..table.cases import Send
from ..table.exchanges import Exchange
from .accounts import other_secrets
from .vendor_table import VendorTable

Said = Sequence[tuple[str, list[str]]]
"""Where something was said, and its words."""
_PIECES = re.compile(r"\s+")
_ADDRESS = re.compile(r"\b0x[0-9a-f]+|127\.0\.0\.1:[0-9]+")


def trace_faults(table: VendorTable, row: Send) -> Iterator[str]:
    """Play the row twice, then with something else in it. Returns each line that changed with that alone."""
    one, again = _said(table, row), _said(table, row)
    for what, changed, settings in _variants(table, row):
        if one is None or again is None or (other := _said(table, changed, settings)) is None:
            continue
        yield from (
            f"{place} tells of {what} in some disguise: {shown}"
            for place, shown in _told_by(one, again, other)
        )


def _variants(table: VendorTable, row: Send) -> Iterator[tuple[str, Send, Mapping[str, Any]]]:
    yield "the numbers", to_others(row), {}
    yield "the values", of_other_values(row), {}
    if secrets := other_secrets(table):
        loose = [Exchange(each.method, each.url, each.reply) for each in row.exchanges]
        yield "the secrets", replace(row, exchanges=loose), secrets


def _said(table: VendorTable, row: Send, settings: Mapping[str, Any] | None = None) -> Said | None:
    """Return what was said aloud; None where the messages were not taken, so that nothing can be compared."""
    with table.wire([row]) as wire, table.stage(wire, row, **(settings or {})) as stage:
        played = table.played(stage, wire, row)
        if played.error is not None or {each.outcome for each in played.results} != {Outcome.ACCEPTED}:
            return None
        return [(place, _words(text, row)) for place, text in _aloud(played)]


def _aloud(played: Played) -> Iterator[tuple[str, str]]:
    yield from ((f"the log ({at})", text) for at, text in played.said)
    yield "what was printed", played.watch.printed
    yield "a repr", repr((played.stage.vendor, played.stage.channel.settings))
    for result in played.results:
        yield "a result", f"{result.code} {result.reason}"


def _words(text: str, row: Send) -> list[str]:
    for message in row.batch.messages:
        text = text.replace(repr(message.phone), "").replace(str(message.phone), "")
    return _PIECES.split(_ADDRESS.sub("", text))


def _told_by(one: Said, again: Said, other: Said) -> Iterator[tuple[str, str]]:
    if not len(one) == len(again) == len(other):
        return
    for (place, words), (_, same), (_, changed) in zip(one, again, other, strict=True):
        if len(words) != len(same):
            continue
        if len(words) != len(changed):
            yield place, "it has another number of words"
        elif any(a == b != c for a, b, c in zip(words, same, changed, strict=True)):
            yield place, " ".join(a if a == c else "…" for a, c in zip(words, changed, strict=True))[:200]
