"""What is read whole or not at all: the word of a success, a person's reply, and types in any letters.

What decides that a send was taken is found by changing the answer: a word in whose place any other ends the
acceptance. Then no word that only resembles it may be taken for it.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode

from bridge.plugin import Outcome, WebhookRequest

from ..play.breaking import Breaks, Fate
from ..play.row import Played, play
from ..table.cases import Send, Webhook
from ..table.exchanges import Reply
from .bronze import Bronze
from .climbing import rule
from .guesses import resembling
from .trust import with_status
from .vendor_table import VendorTable, told

Place = tuple[str | int, ...]
"""Where a value stands in an answer: () for a text as a whole."""

_STRANGE = "kit-strange"
_STRANGE_NUMBER = 987654
_WORD = re.compile(r"[A-Za-z][A-Za-z_. -]{0,29}")
_NUMBER = re.compile(r"-?[0-9]{1,6}")
_MARKUP = ("<", "{", "[")
_MOST_PLACES = 24
_TOLD = 6
"""Letters from which on a value of the request is known again in the answer."""
_GONE = object()
_SAID = 'Ja, "gern" & <bald>; 100% \\o/ 退订😀 ' + "0123456789" * 20
"""What a person may write: odd signs, and longer than one message."""
_TYPES = {
    "application/json": "Application/JSON; Charset=UTF-8",
    "application/x-www-form-urlencoded": "Application/X-WWW-Form-URLEncoded; Charset=UTF-8",
}


class Wholly(Bronze):
    """Rules of the lowest rung about answers to a send."""

    @rule("bronze")
    def test_only_the_word_of_a_success_is_one(self, remote_send: Send) -> None:
        """A word that resembles the one by which the vendor says yes may be its no ("unsuccessful")."""
        requests = self._requests(remote_send)
        if not requests or not self.emulates_http():
            return
        recorded = _Altered((), None)
        known = self._under(remote_send, recorded, requests)
        faults = [
            fault
            for place, value in _places(recorded.body, known)
            for fault in self._taken_for(remote_send, requests, place, value)
        ]
        assert not faults, told([*faults, "compare whole words, as the vendor documents them"])

    def _taken_for(self, row: Send, requests: int, place: Place, value: Any) -> Iterator[str]:
        """Say which words near this one are taken for it, if it decides anything."""
        decided = self._refused_under(row, requests, place, _other(value))
        if not decided:
            return
        where = ".".join(map(str, place)) or "the answer"
        for near in _near(value):
            if self._taken_under(row, requests, _Altered(place, near), decided):
                said = "without it" if near is _GONE else f"{near!r}"
                yield f"{where} decides that a send was taken: {value!r} does, and {said} was accepted too"
        if place and self._taken_under(row, requests, _Altered(place, _other(value), beside=True), decided):
            yield f"{where} decides that a send was taken, but {value!r} was found elsewhere in the answer"

    def _taken_under(self, row: Send, requests: int, fate: "_Altered", decided: Sequence[int]) -> bool:
        results = self._under(row, fate, requests).results
        return any(results[index].outcome is Outcome.ACCEPTED for index in decided)

    def _refused_under(self, row: Send, requests: int, place: Place, other: Any) -> list[int]:
        results = self._under(row, _Altered(place, other), requests).results
        return [index for index, each in enumerate(results) if each.outcome is not Outcome.ACCEPTED]

    def _under(self, row: Send, fate: "_Altered", requests: int) -> Played:
        return self.play(row, breakage=Breaks(fate, since=requests), as_bridge=True)

    @rule("bronze")
    def test_an_answer_may_name_its_type_in_any_letters(self, remote_send: Send) -> None:
        """`Application/JSON; Charset=UTF-8` is application/json: HTTP does not tell letters apart there."""
        requests = self._requests(remote_send)
        if not requests or not self.emulates_http():
            return
        played = self.play(remote_send, breakage=Breaks(_typed, since=requests), as_bridge=True)
        outcomes = {result.outcome for result in played.results}
        assert outcomes == {Outcome.ACCEPTED}, (
            f"the usual answer, its content type written in other letters, gives {outcomes}: compare the "
            "type in small letters and without its parameters"
        )

    @rule("bronze")
    def test_a_success_is_one_whatever_its_head_says(self, remote_send: Send) -> None:
        """`Retry-After` beside a success, or 202 for 200: nothing that was taken is called not sent."""
        requests = self._requests(remote_send)
        if not requests or not self.emulates_http():
            return
        faults = []
        for what, fate in _SUCCESSES:
            played = self.play(remote_send, breakage=Breaks(fate, since=requests), as_bridge=True)
            wrong = {each.outcome for each in played.results} - {Outcome.ACCEPTED, Outcome.UNKNOWN}
            if wrong or played.wire.requests > requests:
                faults.append(f"the usual answer {what} gives {wrong}, {played.wire.requests} requests")
        assert not faults, told([*faults, "what the vendor took is sent again, or called failed"])


class WhollySilver(VendorTable):
    """Rules of the middle rung about webhooks."""

    @rule("silver")
    def test_a_webhook_may_name_its_type_in_any_letters(self, genuine_row: Webhook) -> None:
        """A gateway on the way may write `Application/JSON; Charset=UTF-8`: it is as genuine."""
        kind = genuine_row.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in _TYPES:
            return
        headers = {**genuine_row.request.headers, "content-type": _TYPES[kind]}
        one, other = self._both(genuine_row, replace(genuine_row.request, headers=headers))
        assert repr(one.answer) == repr(other.answer), (
            f"{genuine_row.id!r}, its content type written {_TYPES[kind]!r}, came to "
            f"{other.error or other.answer!r}: compare the type in small letters and without its parameters"
        )

    @rule("silver")
    def test_a_reply_arrives_whole(self, genuine_row: Webhook) -> None:
        """What a person wrote is what Quick Audience gets: not cut, not cleaned, whatever signs it holds."""
        for index, reply in enumerate(genuine_row.replies):
            request = _saying(genuine_row.request, reply.content)
            if request is None:
                continue
            _, played = self._both(genuine_row, request)
            replies = getattr(played.answer, "replies", ())
            got = replies[index].content if len(replies) > index else played.error or played.answer
            assert got == _SAID, f"the reply {_SAID!r} came to {got!r}"

    @rule("silver")
    def test_every_record_of_a_webhook_is_read(self, genuine_row: Webhook) -> None:
        """A vendor pushes one record or many: the second is read like the first."""
        for kind, mark in _marks(genuine_row):
            request = _doubled(genuine_row.request, mark)
            if request is None:
                continue
            one, two = self._both(genuine_row, request)
            if two.error is not None:
                continue
            before, after = (len(getattr(each.answer, kind)) for each in (one, two))
            assert after == 2 * before, (
                f"{genuine_row.id!r} with its record twice, as two messages, came to {after} {kind}: a "
                "record that is passed over is lost, for the webhook is acknowledged"
            )

    def _both(self, row: Webhook, other: WebhookRequest) -> tuple[Played, Played]:
        with self.wire([row]) as wire, self.stage(wire, row) as stage:
            first = play(stage, wire, row, request=self.sign(row.request))
            return first, play(stage, wire, row, request=self.sign(other), quiet=True)


class _Altered:
    """The fate of an answer with another value in one place; it keeps the answer as it was.

    With `beside` the answer also holds what it was, under a name of its own.
    """

    def __init__(self, place: Place, value: Any, *, beside: bool = False) -> None:
        self._place = place
        self._value = value
        self._beside = beside
        self.body: Any = None

    def __call__(self, reply: Reply) -> Reply:
        """Return the altered answer."""
        try:
            self.body = json.loads(reply.body)
        except ValueError:
            self.body = reply.body.decode("utf-8", "replace")
        if self._value is None:
            return reply
        if not self._place:
            return replace(reply, json=None, text="" if self._value is _GONE else str(self._value))
        body = _with(self.body, self._place, self._value)
        if self._beside and isinstance(body, dict):
            body["kit-request"] = self.body
        return replace(reply, json=body, text=None)


def _with(body: Any, place: Place, value: Any) -> Any:
    first, rest = place[0], place[1:]
    items = list(enumerate(body)) if isinstance(body, list) else list(body.items())
    changed = [
        (key, (_with(each, rest, value) if rest else value) if key == first else each) for key, each in items
    ]
    kept = [(key, each) for key, each in changed if each is not _GONE]
    return [each for _, each in kept] if isinstance(body, list) else dict(kept)


def _places(body: Any, known: Played) -> Iterator[tuple[Place, Any]]:
    """Return where words and short numbers stand in an answer that are none of the request's or its ids."""
    ids = {str(result.vendor_id) for result in known.results}
    asked = "\n".join(f"{seen.url}\n{seen.body.decode('utf-8', 'replace')}" for seen in known.wire.seen)
    found = [(place, value) for place, value in _leaves((), body) if _is_word(value)]
    for place, value in found[:_MOST_PLACES]:
        if str(value) not in ids and not (len(str(value)) >= _TOLD and str(value) in asked):
            yield place, value


def _leaves(place: Place, value: Any) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves((*place, key), each)
    else:
        yield place, value


def _is_word(value: Any) -> bool:
    if isinstance(value, str):
        return bool(_WORD.fullmatch(value) or _NUMBER.fullmatch(value)) or not value.startswith(_MARKUP)
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _STRANGE_NUMBER


def _other(value: Any) -> Any:
    """Return a value of the same kind that says something else."""
    if isinstance(value, int):
        return _STRANGE_NUMBER
    return str(_STRANGE_NUMBER) if _NUMBER.fullmatch(value) else _STRANGE


def _near(value: Any) -> Sequence[Any]:
    """Return what resembles a value, and is not it."""
    if isinstance(value, int):
        return [-1, 70, _GONE] if value == 0 else [int(f"{value}7"), int(f"7{abs(value)}"), _GONE]
    if _NUMBER.fullmatch(value):
        return [f"{value}7", f"7{value}", _GONE]
    if _WORD.fullmatch(value):
        return [*resembling(value), f"not {value}", f"un{value}ful", _GONE]
    return [f"un{value}", f"ERROR not {value}"]


def _typed(reply: Reply) -> Reply:
    """Return the answer with its type in other letters."""
    named = {key: each for key, each in reply.headers.items() if key.lower() != "content-type"}
    given = next((each for key, each in reply.headers.items() if key.lower() == "content-type"), "")
    kind = (given or reply.content_type).partition(";")[0].strip().lower()
    other = _TYPES.get(kind, kind.title() + "; Charset=UTF-8")
    return replace(reply, headers={**named, "Content-Type": other})


def _hurried(reply: Reply) -> Reply:
    """Return the answer as a vendor gives it whose limit is reached by this very call."""
    limits = {"Retry-After": "1", "X-RateLimit-Remaining": "0", "Warning": '199 - "slow down"'}
    return replace(reply, headers={**reply.headers, **limits})


_SUCCESSES: Sequence[tuple[str, Fate]] = [
    ("with a header Retry-After", _hurried),
    *((f"with status {status}", partial(with_status, status)) for status in (201, 202, 203, 207)),
]


def _saying(request: WebhookRequest, content: str) -> WebhookRequest | None:
    """Return the webhook of a reply with another text; None where the text does not stand in it as it is."""
    try:
        page = json.loads(request.body)
    except ValueError:
        pairs = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
        if [value for _, value in pairs].count(content) != 1:
            return None
        return replace(
            request,
            body=urlencode([(name, _SAID if value == content else value) for name, value in pairs]).encode(),
        )
    places = [place for place, value in _leaves((), page) if value == content]
    if len(places) != 1 or not places[0]:
        return None
    return replace(request, body=json.dumps(_with(page, places[0], _SAID)).encode())


def _marks(row: Webhook) -> Iterator[tuple[str, str]]:
    """Return by what the records of a webhook of one record are known."""
    if len(row.receipts) == 1:
        yield "receipts", row.receipts[0].vendor_id or row.receipts[0].message_ref
    if len(row.replies) == 1:
        yield "replies", row.replies[0].content


def _doubled(request: WebhookRequest, mark: str) -> WebhookRequest | None:
    """Return the webhook with its record twice, of two messages; None where no list holds records."""
    try:
        page = json.loads(request.body)
    except ValueError:
        return None
    for place, value in _lists((), page):
        marked = [inner for inner, leaf in _leaves((), value) if mark and str(leaf) == mark]
        if len(value) == 1 and len(marked) == 1 and len(marked[0]) > 1:
            other = _with(value, marked[0], f"{mark}2")
            whole = [*value, *other]
            return replace(request, body=json.dumps(_with(page, place, whole) if place else whole).encode())
    return None


def _lists(place: Place, value: Any) -> Iterator[tuple[Place, list[Any]]]:
    """Return the lists of a page, the outer before the inner."""
    if isinstance(value, list):
        yield place, value
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _lists((*place, key), each)
