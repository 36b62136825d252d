"""Replies: stored once, given to the latest send to their number, acted upon when they say stop."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.ledger import Excerpt, Holder, Ledger, ReplyTerms, Scope
from bridge.ledger.refs import message_ref, to_ref
from bridge.plugin import MoMessage, Phone, from_vendor

from .making import CHANNEL, DAY, NOW, pushed, recorded

HERE = "13800000000"
HOUR = 3_600_000
AT = datetime.fromtimestamp(NOW / 1000, UTC)


def terms(now: int = NOW + 1000, word: str = "") -> ReplyTerms:
    return ReplyTerms(3 * DAY, word, now)


def reply(content: str = "hello", phone: str = "86" + HERE, **fields: object) -> MoMessage:
    return MoMessage(from_vendor(phone), content, AT, **fields)  # type: ignore[arg-type]


def out_ids(ledger: Ledger) -> list[str]:
    jobs = ledger.write(
        lambda c: ledger.outbox.claim(c, Scope(CHANNEL, NOW + 9 * DAY), Holder("p", 1), jobs=9, size=500)
    )
    return [job.out_id for job in jobs for _ in job.entries]


@pytest.mark.parametrize("phone", ["8613800000000", "+8613800000000", "13800000000", "008613800000000"])
def test_a_reply_goes_to_the_number_s_outid_in_quick_audience_s_spelling(ledger: Ledger, phone: str) -> None:
    """Whatever the vendor's spelling, Quick Audience gets its own back."""
    recorded(ledger, [f"+86 {HERE[:3]}-{HERE[3:]}"])
    assert ledger.replies.store(CHANNEL, [reply(phone=phone)], terms()) == 1
    ((entry,),) = pushed(ledger, NOW + DAY)
    assert entry == (f"+86 {HERE[:3]}-{HERE[3:]}", NOW, "hello")


MATCHED = {
    "the latest send": ({}, "t2"),
    "the latest under the signature": ({"sign_name": "Acme"}, "t1"),
    "no send under the signature": ({"sign_name": "Nobody"}, None),
}


@pytest.mark.parametrize(("fields", "expected"), MATCHED.values(), ids=MATCHED)
def test_a_reply_finds_its_send(ledger: Ledger, fields: dict[str, str], expected: str | None) -> None:
    """By number and, if the vendor says it, by signature."""
    recorded(ledger, [HERE], out_id="t1", digest=b"1", sign_name="Acme")
    recorded(ledger, [HERE], out_id="t2", digest=b"2", sign_name="Beta")
    ledger.replies.store(CHANNEL, [reply(**fields)], terms())
    assert out_ids(ledger) == ([expected] if expected else [])


def test_a_reference_is_stronger_than_the_latest_send(ledger: Ledger) -> None:
    """A vendor that echoes our reference names the send itself."""
    first = recorded(ledger, [HERE], out_id="t1", digest=b"1")
    recorded(ledger, [HERE], out_id="t2", digest=b"2")
    ledger.replies.store(CHANNEL, [reply("a", message_ref=message_ref(first.id, 0))], terms())
    ledger.replies.store(CHANNEL, [reply("b", batch_ref=to_ref(first.id))], terms())
    assert out_ids(ledger) == ["t1", "t1"]


@pytest.mark.parametrize(("later", "found"), [(3 * DAY - HOUR, True), (3 * DAY + HOUR, False)])
def test_beyond_the_window_no_outid_is_invented(ledger: Ledger, later: int, found: bool) -> None:
    """Such a reply is kept, and not pushed."""
    recorded(ledger, [HERE])
    assert ledger.replies.store(CHANNEL, [reply()], terms(NOW + later)) == 1
    assert bool(out_ids(ledger)) is found


REPEATS = {
    "the vendor's id": (reply(vendor_id="r1"), reply("other text", vendor_id="r1"), 1),
    "another id": (reply(vendor_id="r1"), reply(vendor_id="r2"), 2),
    "number, text and time": (reply("hi"), reply("hi"), 1),
    "another time": (reply("hi"), reply("hi")._replace(at=AT + timedelta(seconds=1)), 2),
    "another text": (reply("hi"), reply("ho"), 2),
}


@pytest.mark.parametrize(("first", "second", "stored"), REPEATS.values(), ids=REPEATS)
def test_a_repeated_reply_is_stored_once(
    ledger: Ledger, first: MoMessage, second: MoMessage, stored: int
) -> None:
    """By the vendor's id, or by number, text and time."""
    recorded(ledger, [HERE])
    assert sum(ledger.replies.store(CHANNEL, [one], terms()) for one in (first, second)) == stored
    assert len(out_ids(ledger)) == stored


WORDS = {
    "R": (reply("R"), "", True),
    "lower case, full width, blanks": (reply(" ｔｄ "), "", True),
    "退订": (reply("退订"), "", True),
    "a sentence": (reply("R u there"), "", False),
    "the configured word": (reply("away"), "AWAY", True),
    "the vendor's word": (reply("hello", opt_out=True), "", True),
    "the vendor knows better": (reply("R", opt_out=False), "", False),
}


@pytest.mark.parametrize(("given", "word", "left"), WORDS.values(), ids=WORDS)
def test_a_reply_that_says_stop_suppresses_and_is_still_forwarded(
    ledger: Ledger, given: MoMessage, word: str, left: bool
) -> None:
    """The number goes on the signature's list, Quick Audience gets the reply all the same."""
    recorded(ledger, [HERE])
    ledger.replies.store(CHANNEL, [given], terms(word=word))
    assert bool(ledger.suppressions.among(CHANNEL, "Acme", ["86" + HERE])) is left
    assert out_ids(ledger) == ["task-1"]


def test_who_comes_back_is_taken_off_the_list(ledger: Ledger) -> None:
    """A vendor's START clears what its STOP set."""
    recorded(ledger, [HERE])
    ledger.replies.store(CHANNEL, [reply("STOP", opt_out=True, vendor_id="1")], terms())
    ledger.replies.store(CHANNEL, [reply("START", opt_out=False, vendor_id="2")], terms())
    assert ledger.suppressions.among(CHANNEL, "Acme", ["86" + HERE]) == set()


STRANGE: dict[str, dict[str, object]] = {
    "a signature no database holds": {"sign_name": "\0\ud800" + "s" * 5000},
    "words no database holds": {"content": "\0\ud800"},
    "an id no database holds": {"vendor_id": "\0\ud800" + "v" * 5000},
    "a moment at the end of time": {"at": datetime(9999, 12, 31, tzinfo=UTC)},
    "a number in the vendor's own form": {"phone": Phone("tel:\ud800" + "1" * 500, "+8613900000001")},
    "an opt-out under a strange signature": {"sign_name": "\0" + "s" * 5000, "opt_out": True},
}


@pytest.mark.parametrize("fields", STRANGE.values(), ids=STRANGE)
def test_a_strange_reply_does_not_cost_the_others(ledger: Ledger, fields: dict[str, object]) -> None:
    """Both are stored, and the sound one reaches Quick Audience."""
    recorded(ledger, [HERE])
    strange = reply("other", phone="8613900000001")._replace(**fields)  # type: ignore[arg-type]
    assert ledger.replies.store(CHANNEL, [strange, reply("sound")], terms()) == 2
    assert [entry[-1] for entries in pushed(ledger, NOW + DAY) for entry in entries] == ["sound"]


@pytest.mark.parametrize(("days", "new"), [(0, 0), (1, 1)])
def test_the_same_words_without_id_and_time_are_a_repeat_for_a_day(
    ledger: Ledger, days: int, new: int
) -> None:
    """A vendor that names neither repeats its webhook within hours; the next answer "1" is another one."""
    recorded(ledger, [HERE])
    words = MoMessage(from_vendor(HERE), "1")
    assert ledger.replies.store(CHANNEL, [words], terms()) == 1
    assert ledger.replies.store(CHANNEL, [words], terms(NOW + 1000 + days * DAY)) == new


LATEST = [
    ({}, ["third", "second", "first"]),
    ({"limit": 2}, ["third", "second"]),
    ({"since": NOW + 1}, ["third", "second"]),
    ({"until": NOW + 2}, ["second", "first"]),
    ({"channels": ["elsewhere"]}, []),
]


@pytest.mark.parametrize(("asked", "contents"), LATEST)
def test_replies_are_read_the_latest_first(
    ledger: Ledger, asked: dict[str, Any], contents: list[str]
) -> None:
    """Of a span of time, of some channels; neither number nor words stand in a trace of one."""
    for place, content in enumerate(("first", "second", "third")):
        terms = ReplyTerms(DAY, "", NOW + place)
        ledger.replies.store(CHANNEL, [MoMessage(from_vendor("13800000001"), content)], terms)
    wanted: dict[str, Any] = {"channels": [CHANNEL]} | asked
    found = ledger.replies.latest(wanted.pop("channels"), Excerpt(**wanted))
    assert [one.content for one in found] == contents
    assert not any("138" in repr(one) or "first" in repr(one) for one in found)
