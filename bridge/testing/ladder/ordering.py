"""The order of results by the table's own rows: what the vendor said of a number is its message's result.

The messages are sent backwards, so that whoever sorts them is seen, and an answer that names the numbers or
our references comes in another order once more. Whose an id is, is read off the wire.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_plus

from bridge.plugin import Message, SubmitResult

from ..play.breaking import Breaks
from ..play.row import play
from ..play.stage import Stage, with_url
from ..play.wires import MOCKED_URL, Wire
from ..table.cases import Send
from ..table.exchanges import Exchange, Reply
from ..table.rows import all_accepted, sends_in
from .vendor_table import VendorTable

_ONE_FATE = "the vendor says the same of all messages of a call"
_UNREAD = "no row with several messages has answers in which their ids can be told apart"


def order_faults(table: VendorTable, row: Send) -> tuple[list[str], str]:
    """Send each row of several messages backwards. Returns the faults, and why nothing is proved, if so."""
    why = "" if _sends_singly(table, row) else _UNREAD
    for each in _rows(table, row):
        for fate in (None, Turned(len(each.batch.messages))):
            results, wire, messages = _backwards(table, each, fate)
            ids = [str(result.vendor_id) for result in results]
            if len(set(ids)) < len(messages):
                why = _ONE_FATE if len(set(ids)) == 1 and ids[0] else why
                break
            owners = _owners(wire, messages, ids, named_only=fate is not None)
            if owners is None:
                break
            why = ""
            strange = [m for m, given in zip(messages, ids, strict=True) if owners[m.phone.national] != given]
            if strange:
                return [_sentence(len(strange), len(messages), turned=fate is not None)], ""
    return [], why


def _sends_singly(table: VendorTable, row: Send) -> bool:
    vendor, settings = table.vendor_class(), {**table.settings, **row.settings}
    with closing(Stage(vendor, with_url(settings, MOCKED_URL))) as stage:
        return stage.vendor.limits.for_call(row.batch.uniform) == 1


def _sentence(strange: int, messages: int, *, turned: bool) -> str:
    when = ", when the answer names them in another order," if turned else ", sent backwards,"
    return (
        f"{strange} of {messages} messages{when} got another's result: whatever the order, results stand in "
        "that of the batch, or a receipt is given to somebody else's message"
    )


def _rows(table: VendorTable, row: Send) -> Iterator[Send]:
    sends = [row, *(each for each in sends_in(table.cases) if each is not row)]
    for each in sends:
        if each.operation == row.operation and all_accepted(each) and len(each.batch.messages) > 1:
            yield each


def _backwards(
    table: VendorTable, row: Send, fate: "Turned | None"
) -> tuple[Sequence[SubmitResult], Wire, Sequence[Message]]:
    messages = tuple(reversed(row.batch.messages))
    exchanges = [Exchange(each.method, each.url, each.reply) for each in row.exchanges]
    other = replace(row, batch=replace(row.batch, messages=messages), exchanges=exchanges)
    with table.wire([other], Breaks(fate)) as wire, table.stage(wire, other) as stage:
        return play(stage, wire, other, as_bridge=True).results, wire, messages


def _owners(
    wire: Wire, messages: Sequence[Message], ids: Sequence[str], *, named_only: bool
) -> dict[str, str] | None:
    """Return the id of each number as the vendor gave it; None where that cannot be told."""
    numbers = [message.phone.national for message in messages]
    owner = {word: number for number, m in zip(numbers, messages, strict=True) for word in (number, m.ref)}
    found: dict[str, str] = {}
    for seen, told in wire.told:
        if not isinstance(told, Reply):
            continue
        answer = told.body.decode("utf-8", "replace")
        asked = _in_order(answer, numbers) or _in_order(answer, [message.ref for message in messages])
        if not asked and not named_only:
            # An answer that names nobody follows the request.
            asked = _in_order(unquote_plus(f"{seen.url}\n{seen.body.decode('utf-8', 'replace')}"), numbers)
        given = _in_order(answer, ids)
        if len(asked) == len(given):
            found |= {owner[word]: each for word, each in zip(asked, given, strict=True)}
    return found if found.keys() == set(numbers) else None


def _in_order(text: str, words: Sequence[str]) -> list[str]:
    """Return the words that stand in a text, in its order; a number may have a country code in front."""
    places: dict[str, int] = {}
    for word in words:
        if found := re.search(rf"(?:86|(?<![A-Za-z0-9])){re.escape(word)}(?![A-Za-z0-9])", text):
            places[word] = found.start()
    return sorted(places, key=places.__getitem__)


class Turned:
    """The fate of an answer that names the numbers in lists: these come the other way round."""

    def __init__(self, messages: int) -> None:
        self._messages = messages

    def __call__(self, reply: Reply) -> Reply:
        """Return the answer with its lists of so many things turned round."""
        try:
            answer = json.loads(reply.body)
        except ValueError:
            return reply
        return replace(reply, json=self._turned(answer), text=None)

    def _turned(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._turned(each) for name, each in value.items()}
        if isinstance(value, list):
            return value[::-1] if len(value) == self._messages else [self._turned(each) for each in value]
        return value
