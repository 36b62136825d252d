"""Bronze and silver, where something is done once more, or is longer and odder than usual."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast
from unittest.mock import patch
from urllib.parse import unquote_plus

from bridge.plugin import Batch, Outcome, TemplateType, TextTemplate
from bridge.plugin.phone import parse

from ..play.breaking import Breaks
from ..play.row import play
from ..play.wires import stumble
from ..table.cases import Poll, Send, Webhook
from ..table.exchanges import Broken, Exchange, Seen
from .bronze import Bronze
from .climbing import rule
from .references import keys_of
from .vendor_table import told

_REFUSED = 4
"""How often a send is refused: a plugin that has had enough by then rests by itself."""
_ODD = 'x"y\\z&to=1;{{0}} %41+é'
"""What hand-made JSON, forms and templates stumble over, or let in as something else."""
_LONG = "0123456789" * 12
_FAR = "退订😀 (two  blanks)\nand a line"
"""What a code page drops, and a plugin joins."""
_INTERNATIONAL = "12025550"
"""How numbers of another country begin that are as long as mainland ones."""
_SHORTEST = 3


class Again(Bronze):
    """Rules about what must not be remembered, and what must arrive whole."""

    @rule("bronze")
    def test_what_was_refused_is_sent_when_asked_again(self, remote_send: Send) -> None:
        """The bridge decides when a send is made again: each time it asks, the vendor is called."""
        requests = self._requests(remote_send)
        if not requests:
            return
        rows = [replace(remote_send, exchanges=[*remote_send.exchanges] * (_REFUSED + 1))]
        with self.wire(rows, Breaks(Broken.THROTTLED)) as wire, self.stage(wire, remote_send) as stage:
            keys: dict[str, set[str]] = {}
            for asked in range(1, _REFUSED + 2):
                before = wire.requests
                play(stage, wire, remote_send, as_bridge=True)
                for name, values in keys_of(wire.seen[before:]).items():
                    assert keys.setdefault(name, values) == values, (
                        f"{name} is another when the same batch is asked for again: the vendor sends twice "
                        "when an answer was lost; make it of the batch's reference"
                    )
                assert wire.requests > before, (
                    f"asked again after {asked - 1} refusals, the plugin made no request: it remembers "
                    "batches, or rests by itself; leave pace and repeats to the bridge"
                )

    @rule("bronze")
    def test_values_arrive_whole(self, remote_send: Send) -> None:
        """Quotes, ampersands, braces and long values: the vendor gets them as they are, or not at all."""
        if not self.emulates_http():
            self.not_proven("odd values: the emulator does not speak HTTP")
            return
        plain = remote_send.batch.messages[0].params
        faults: list[str] = []
        for value in (_ODD, _LONG, _FAR):
            for name, before in plain.items():
                faults += self._changed(remote_send, name, before, value)
        assert not faults, told(faults)

    @rule("bronze")
    def test_a_foreign_number_is_sent_whole(self, remote_send: Send) -> None:
        """A number of another country goes out with its country code, or is refused: nobody else gets it."""
        if not self.emulates_http() or not isinstance(remote_send.batch.template, TextTemplate):
            return
        home = remote_send.batch.messages[0].phone.national
        row = replace(remote_send, batch=_international(remote_send.batch), exchanges=_loose(remote_send))
        with self.wire([row], Breaks(None)) as wire, self.stage(wire, row) as stage:
            outcomes = {each.outcome for each in play(stage, wire, row, as_bridge=True).results}
        texts = [re.sub(r"[^0-9]", "", text) for seen in wire.seen for _, text in _texts(seen)]
        if not wire.requests or any(home in text for text in texts):
            return  # an emulator that answers for the home number alone
        assert any(_INTERNATIONAL in text for text in texts) or Outcome.ACCEPTED not in outcomes, (
            "a number of another country was sent without its country code: somebody else gets the message; "
            "use phone.e164 or phone.digits, or refuse what the vendor does not take"
        )

    def _changed(self, row: Send, name: str, before: str, value: str) -> Iterator[str]:
        """Send one message with another value; the requests must hold it where they held the old one."""
        if len(before) < _SHORTEST:
            return
        one = replace(row, batch=_with_value(row.batch, name, before, before), exchanges=_loose(row))
        other = replace(row, batch=_with_value(row.batch, name, before, value), exchanges=_loose(row))
        with self.wire([one], Breaks(None)) as wire, self.stage(wire, one) as stage:
            play(stage, wire, one, as_bridge=True)
            held = [place for seen in wire.seen for place, text in _texts(seen) if before in text]
        with self.wire([other], Breaks(None)) as wire, self.stage(wire, other) as stage:
            outcomes = {each.outcome for each in play(stage, wire, other, as_bridge=True).results[:1]}
            found = [place for seen in wire.seen for place, text in _texts(seen) if value in text]
        if held and not found and wire.requests and Outcome.ACCEPTED in outcomes:
            yield (
                f"the value {value[:24]!r} for {name} did not arrive whole ({held[0]} held the usual one): "
                "let a library write JSON and forms, and refuse what the vendor would cut"
            )


class AgainSilver(Again):
    """The same for what the vendor brings."""

    @rule("silver")
    def test_a_webhook_that_comes_again_is_read_again(self, genuine_row: Webhook) -> None:
        """The vendor repeats what was not acknowledged: the bridge knows repeats, a plugin forgets."""
        with self.wire([genuine_row]) as wire, self.stage(wire, genuine_row) as stage:
            request = self.sign(genuine_row.request)
            one, again = (play(stage, wire, genuine_row, request=request) for _ in range(2))
        assert repr(one.answer) == repr(again.answer), (
            "the same webhook a second time came to something else: the first may never have been stored, so "
            "a plugin does not sort out repeats"
        )

    @rule("silver")
    def test_a_bug_in_a_page_is_not_passed_over(self, poll_row: Poll) -> None:
        """What could not be read is asked for again: no record is left out of a page that counts as read."""
        brought = getattr(poll_row.expect, "receipts", ()) or getattr(poll_row.expect, "replies", ())
        if not brought or not self.emulates_http():
            return
        with patch.object(type(brought[0]), "__new__", stumble):
            played = self.play(poll_row, as_bridge=True)
        assert played.error is not None, (
            f"a bug while {poll_row.id!r} was read came to {played.answer!r}: let the exception out, and the "
            "same page is asked for again"
        )

    @rule("silver")
    def test_a_page_is_asked_for_by_its_cursor(self, poll_row: Poll) -> None:
        """Where polling goes on stands in the window alone: another process asks for the next page."""
        if not self.emulates_http() or not poll_row.exchanges or poll_row.role != "success":
            return
        rows = [replace(poll_row, exchanges=[*poll_row.exchanges] * 2)]
        with self.wire(rows) as wire, self.stage(wire, poll_row) as stage:
            for _ in range(2):
                play(stage, wire, poll_row, as_bridge=True)
        # What signs in once is no page.
        asked = [_asked(seen) for seen in wire.seen if poll_row.exchanges[-1].addresses(seen)]
        assert asked[: len(asked) // 2] == asked[len(asked) // 2 :], (
            "asked twice for the same page, the plugin asked for another one the second time: keep no "
            "position in the vendor object, take it from `window`"
        )


def _international(batch: Batch) -> Batch:
    """Return the batch to numbers of another country."""
    numbers = [f"+{_INTERNATIONAL}{index % 1000:03d}" for index in range(len(batch.messages))]
    phones = [parse(number, TemplateType.INTERNATIONAL) for number in numbers]
    messages = [each._replace(phone=phone) for each, phone in zip(batch.messages, phones, strict=True)]
    template = replace(cast("TextTemplate", batch.template), type=TemplateType.INTERNATIONAL)
    return replace(batch, template=template, messages=tuple(messages))


def _asked(seen: Seen) -> tuple[str, ...]:
    """Return what a request asks for, without what changes by itself."""
    fixed = {name: value for name, value in seen.query.items() if not _moves(name)}
    return seen.method, seen.path, json.dumps(fixed, sort_keys=True)


def _moves(name: str) -> bool:
    return any(word in name.lower() for word in ("time", "nonce", "sign", "date", "expire"))


def _loose(row: Send) -> list[Exchange]:
    return [Exchange(each.method, each.url, each.reply) for each in row.exchanges]


def _with_value(batch: Batch, name: str, before: str, value: str) -> Batch:
    message = batch.messages[0]
    text = message.text.replace(before, value)
    phone = parse(message.phone.raw, batch.template.type)
    changed = message._replace(params={**message.params, name: value}, text=text, phone=phone)
    return replace(batch, messages=(changed, *batch.messages[1:]))


def _texts(seen: Seen) -> Iterator[tuple[str, str]]:
    """Return the texts of a request as the vendor reads them, each with its place."""
    yield from _leaves("query", seen.query)
    try:
        yield from _leaves("body", seen.json)
    except ValueError:
        try:
            yield from _leaves("body", seen.form)
        except ValueError:
            yield "body", unquote_plus(seen.body.decode("utf-8", "replace"))


def _leaves(place: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(f"{place}.{name}", each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(place, each)
    elif isinstance(value, str):
        yield place, value
        if value[:1] in "[{":
            try:
                yield from _leaves(place, json.loads(value))
            except ValueError:
                return
