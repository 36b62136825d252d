"""Sending a batch: grouped as the vendor takes it, nothing sent twice, nobody lost."""

import json
from pathlib import Path
from typing import Any

import pytest

from bridge.plugin import Limits, Outcome, OutcomeUnknown, TemplateType, VendorThrottled, VendorUnavailable
from bridge_http.answer.errors import VendorAnswer
from bridge_http.bench import NoHistory
from bridge_http.request.building import Built

from .making import HEAD, SEND, Script, answer, batch_of, vendor_for

OK = answer('{"ok": true, "id": "B"}')
A, R, N, U = Outcome.ACCEPTED, Outcome.REJECTED, Outcome.NOT_SENT, Outcome.UNKNOWN


def recipe(tmp_path: Path, extra: str = "", body: str = "") -> Path:
    """Return a recipe file with these tables, and these lines in its JSON body."""
    path = tmp_path / "acme.toml"
    path.write_text(HEAD + SEND.replace("request.json]", "request.json]\n" + body) + extra, encoding="utf-8")
    return path


def numbers(built: Built) -> list[str]:
    """Return the numbers a request goes to."""
    return list(json.loads(built.body)["to"])


VALUES = [{"name": "a"}, {"name": "b"}, {"name": "a"}, {"name": "b"}, {"name": "a"}]

# (mode, max, numbers of each call as places)
GROUPS: list[tuple[str, int, list[list[int]]]] = [
    ("single", 1, [[0], [1], [2], [3], [4]]),
    ("same_text", 10, [[0, 2, 4], [1, 3]]),
    ("same_vars", 2, [[0, 2], [4], [1, 3]]),
    ("per_recipient_text", 10, [[0, 1, 2, 3, 4]]),
    ("per_recipient_vars", 3, [[0, 1, 2], [3, 4]]),
]


@pytest.mark.parametrize(("mode", "most", "calls"), GROUPS)
def test_messages_that_may_share_a_call_do(
    tmp_path: Path, mode: str, most: int, calls: list[list[int]]
) -> None:
    """By mode and maximum; results come back in the batch's order."""
    rule = f'[batch]\nmode = "{mode}"\n' + ("" if mode == "single" else f"max = {most}\n")
    script = Script(*[answer(json.dumps({"ok": True, "id": f"B{i}"})) for i in range(len(calls))])
    vendor = vendor_for(recipe(tmp_path, rule), script)
    results = vendor.send_batch(vendor.channel, batch_of(*VALUES))
    phones = [f"+{8_613_800_138_000 + place}" for place in range(5)]
    assert [numbers(built) for built in script.built] == [[phones[place] for place in call] for call in calls]
    for index, call in enumerate(calls):
        assert {results[place].vendor_id for place in call} == {f"B{index}"}


def test_mainland_and_foreign_numbers_are_kept_apart(tmp_path: Path) -> None:
    """Where the vendor takes only one kind per call."""
    rule = '[phone]\nsplit = "by_country"\n[batch]\nmode = "per_recipient_text"\nmax = 10\n'
    script = Script(OK)
    vendor = vendor_for(recipe(tmp_path, rule), script)
    batch = batch_of(
        *VALUES[:3],
        phones=["8613800138000", "12025550123", "8613800138001"],
        type_=TemplateType.INTERNATIONAL,
    )
    vendor.send_batch(vendor.channel, batch)
    assert [numbers(built) for built in script.built] == [
        ["+8613800138000", "+8613800138001"],
        ["+12025550123"],
    ]


# (form, number)
FORMS = [("e164", "+8613800138000"), ("national", "13800138000"), ("digits", "8613800138000")]


@pytest.mark.parametrize(("form", "number"), FORMS)
def test_numbers_are_written_as_the_vendor_wants_them(tmp_path: Path, form: str, number: str) -> None:
    """With plus, without country code, or digits only."""
    script = Script(OK)
    vendor = vendor_for(recipe(tmp_path, f'[phone]\nsend_as = "{form}"\n'), script)
    vendor.send_batch(vendor.channel, batch_of({"name": "a"}))
    assert numbers(script.built[0]) == [number]


# (as Quick Audience writes it, calling code and the rest)
APART = [
    ("8613800138000", "(86)13800138000"),
    ("12025550123", "(1)2025550123"),
    ("447700900123", "(44)7700900123"),
    ("390612345678", "(39)0612345678"),
]


@pytest.mark.parametrize(("number", "apart"), APART)
def test_the_calling_code_may_stand_apart(tmp_path: Path, number: str, apart: str) -> None:
    """For vendors that put brackets or a blank behind it."""
    script = Script(OK)
    vendor = vendor_for(recipe(tmp_path, "", 'apart = "({{ r.country }}){{ r.local }}"\n'), script)
    batch = batch_of({"name": "a"}, phones=[number], type_=TemplateType.INTERNATIONAL)
    vendor.send_batch(vendor.channel, batch)
    assert json.loads(script.built[0].body)["apart"] == apart


MANY = '[batch]\nmode = "per_recipient_vars"\nmax = 100\n'
JOINED = "names = \"{{ recipients | map(attribute='args') | map('first') | strict_join(',') }}\"\n"


def test_a_value_that_cannot_be_sent_refuses_its_recipient_only(tmp_path: Path) -> None:
    """The others go out, in one call."""
    script = Script(OK)
    vendor = vendor_for(recipe(tmp_path, MANY, JOINED), script)
    values = [{"name": f"n{i}"} for i in range(40)]
    for place in (0, 17, 39):
        values[place] = {"name": "a,b"}
    results = vendor.send_batch(vendor.channel, batch_of(*values))
    assert [place for place, result in enumerate(results) if result.outcome is R] == [0, 17, 39]
    assert {result.outcome for result in results} == {A, R}
    assert results[17].code == "UNSENDABLE_VALUE"
    assert "a,b" not in results[17].reason
    assert len(script.built) == 1
    assert len(numbers(script.built[0])) == 37


def test_a_call_that_fails_only_as_a_whole_is_refused(tmp_path: Path) -> None:
    """Nothing is sent, nothing is left unknown: no request ever left."""
    script = Script(OK)
    body = "names = \"{{ recipients | map(attribute='text') | join | most(10) }}\"\n"
    vendor = vendor_for(recipe(tmp_path, MANY, body), script)
    results = vendor.send_batch(vendor.channel, batch_of({"name": "a"}, {"name": "b"}))
    assert [(result.outcome, result.code) for result in results] == [(R, "UNSENDABLE_VALUE")] * 2
    assert script.built == []


def test_nobody_left_is_no_call(tmp_path: Path) -> None:
    """When every recipient is refused, the vendor is not called."""
    script = Script(OK)
    vendor = vendor_for(recipe(tmp_path, MANY, JOINED), script)
    results = vendor.send_batch(vendor.channel, batch_of({"name": ","}, {"name": "x,"}))
    assert [result.outcome for result in results] == [R, R]
    assert script.built == []


HOSTILE = [
    '"',
    "\\",
    "\n",
    "\r\nX-Evil: 1",
    "&a=b",
    "%41",
    "+",
    "~",
    "😀",
    "{{ 7*7 }}",
    "#x#",
    "00123",
    "<a>&amp;",
]


@pytest.mark.parametrize("body", ["json", "form", "xml"])
def test_hostile_values_arrive_as_they_are(tmp_path: Path, body: str) -> None:
    """In every kind of body; what a body cannot carry refuses its recipient."""
    from urllib.parse import parse_qs
    from xml.etree import ElementTree

    tables = {
        "json": 'text = "{{ r.text }}"\nto = "=[r.phone]"',
        "form": 'text = "{{ r.text }}"',
        "xml": 'sms = { text = "{{ r.text }}" }',
    }
    path = tmp_path / "acme.toml"
    head, _, response = SEND.partition("[operations.send_batch.request.json]")
    tail = response[response.index("[operations.send_batch.response]") :]
    path.write_text(
        f"{HEAD}{head}[operations.send_batch.request.{body}]\n{tables[body]}\n{tail}", encoding="utf-8"
    )
    readers: dict[str, Any] = {
        "json": lambda data: json.loads(data)["text"],
        "form": lambda data: parse_qs(data.decode(), keep_blank_values=True)["text"][0],
        "xml": lambda data: ElementTree.fromstring(data).findtext("text"),
    }
    for value in HOSTILE:
        script = Script(OK)
        vendor = vendor_for(path, script)
        vendor.send_batch(vendor.channel, batch_of({"name": value}, content="${name}"))
        got = readers[body](script.built[0].body)
        assert got == (value.replace("\r\n", "\n") if body == "xml" else value)
    for value in ("\ud800", *(["\x00", "\x0b"] if body == "xml" else [])):
        script = Script(OK)
        vendor = vendor_for(path, script)
        (result,) = vendor.send_batch(vendor.channel, batch_of({"name": value}, content="${name}"))
        assert (result.outcome, result.code, script.built) == (R, "UNSENDABLE_VALUE", [])


def test_a_charset_refuses_what_it_cannot_write(tmp_path: Path) -> None:
    """GBK has no emoji: that recipient is refused, the others' bytes are GBK."""
    path = recipe(tmp_path, MANY, "names = \"=recipients | map(attribute='text') | list\"\n")
    text = path.read_text(encoding="utf-8").replace('path = "/send"', 'path = "/send"\ncharset = "gbk"')
    path.write_text(text, encoding="utf-8")
    script = Script(OK)
    vendor = vendor_for(path, script)
    results = vendor.send_batch(vendor.channel, batch_of({"name": "张"}, {"name": "😀"}))
    assert [result.outcome for result in results] == [A, R]
    assert "张".encode("gbk") in script.built[0].body


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\x00", "名"])
def test_a_header_cannot_be_smuggled(tmp_path: Path, value: str) -> None:
    """What no header can carry is refused before anything is sent."""
    path = recipe(tmp_path)
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace('path = "/send"', 'path = "/send"\nheaders = { X-Name = "{{ r.text }}" }'),
        encoding="utf-8",
    )
    script = Script(OK)
    vendor = vendor_for(path, script)
    (result,) = vendor.send_batch(vendor.channel, batch_of({"name": value}, content="${name}"))
    assert (result.outcome, script.built) == (R, [])


# (what the second of three calls meets, outcomes, calls made)
HALTS = [
    (VendorUnavailable("no contact"), [A, N, N], 2),
    (answer("", 401), [A, N, N], 2),
    (answer("", 429), [A, N, N], 2),
    (OutcomeUnknown("lost"), [A, U, A], 3),
    (answer('{"ok": false, "code": "1"}'), [A, U, A], 3),
    (answer("<html>", 502), [A, U, A], 3),
]


@pytest.mark.parametrize(("second", "outcomes", "calls"), HALTS)
def test_calls_after_a_refused_contact_are_not_made(
    tmp_path: Path, second: Any, outcomes: list[Outcome], calls: int
) -> None:
    """What would meet the same fate is handed back unsent; a lost answer costs its own call only."""
    script = Script(OK, second, OK)
    vendor = vendor_for(recipe(tmp_path), script)
    results = vendor.send_batch(vendor.channel, batch_of(*VALUES[:3]))
    assert [result.outcome for result in results] == outcomes
    assert len(script.built) == calls


def test_a_slow_vendor_does_not_outlast_the_lease(tmp_path: Path) -> None:
    """After a minute no further call of a batch is begun."""
    now = [0.0]

    def slow(built: Built) -> VendorAnswer:
        now[0] += 31
        return OK

    vendor = vendor_for(recipe(tmp_path), Script(slow))
    vendor._senders["send_batch"]._clock = lambda: now[0]
    results = vendor.send_batch(vendor.channel, batch_of(*VALUES))
    assert [result.outcome for result in results] == [A, A, N, N, N]
    assert results[2].code == "TIME_BUDGET"


class Rates(NoHistory):
    """A rate bucket that asks to wait."""

    def __init__(self, *waits: float) -> None:
        self.waits = list(waits)
        self.asked: list[tuple[str, float, float]] = []

    def take(self, bucket: str, units: float, per_second: float) -> float:
        """Return the next wait."""
        self.asked.append((bucket, units, per_second))
        return self.waits.pop(0)


def test_the_vendors_rate_is_kept_by_all_workers(tmp_path: Path) -> None:
    """A short wait is waited, a long one hands the messages back."""
    path = recipe(tmp_path)
    path.write_text(
        path.read_text(encoding="utf-8").replace("[secrets]", "rate_per_s = 5\n[secrets]"), encoding="utf-8"
    )
    history = Rates(0.0, 0.4, 9.0)
    slept: list[float] = []
    vendor = vendor_for(path, Script(OK), history=history)
    vendor._senders["send_batch"]._sleep = slept.append
    results = vendor.send_batch(vendor.channel, batch_of(*VALUES[:4]))
    assert [result.outcome for result in results] == [A, A, N, N]
    assert isinstance(results[2].error, VendorThrottled)
    assert results[2].error.retry_after == 9.0
    assert slept == [0.4]
    assert history.asked == [("recipe.calls", 1, 5.0)] * 3


@pytest.mark.parametrize("clock", ["_clock", "_wall"])
def test_a_worker_that_was_stopped_in_its_wait_calls_nobody(tmp_path: Path, clock: str) -> None:
    """Its lease may have lapsed: another worker looks for the messages, and sends what is absent."""
    path = recipe(tmp_path)
    path.write_text(
        path.read_text(encoding="utf-8").replace("[secrets]", "rate_per_s = 5\n[secrets]"), encoding="utf-8"
    )
    now, script = [1_793_500_000.0], Script(OK)
    vendor = vendor_for(path, script, history=Rates(0.0, 0.4))
    sender = vendor._senders["send_batch"]
    setattr(sender, clock, lambda: now[0])
    sender._sleep = lambda _seconds: now.__setitem__(0, now[0] + 600)
    results = vendor.send_batch(vendor.channel, batch_of(*VALUES[:3]))
    assert [result.outcome for result in results] == [A, N, N]
    assert results[1].code == "TIME_BUDGET"
    assert len(script.built) == 1


# (batch table, limits)
LIMITS = [
    ("", Limits(messages=10)),
    ('mode = "per_recipient_vars"\nmax = 500', Limits(messages=500)),
    ('mode = "same_vars"\nmax = 200', Limits(messages=10, uniform=200)),
    ('mode = "same_text"\nmax = 5', Limits(messages=5, uniform=5)),
]


@pytest.mark.parametrize(("rule", "limits"), LIMITS)
def test_limits_keep_a_batch_to_few_calls(tmp_path: Path, rule: str, limits: Limits) -> None:
    """What a crash may leave unknown is bounded."""
    assert vendor_for(recipe(tmp_path, f"[batch]\n{rule}\n")).limits == limits


def test_hooks_without_an_operation_are_withheld(tmp_path: Path) -> None:
    """The bridge keeps templates and signatures itself then."""
    withheld = set(vendor_for(recipe(tmp_path)).withheld())
    assert {"query_sign", "create_template", "parse_webhook", "poll_receipts", "reconcile_batch"} <= withheld
    assert "send_batch" not in withheld
    full = set(vendor_for("yunpian", secrets={"apikey": "k"}).withheld())
    assert not full & {"query_sign", "create_template", "delete_template", "parse_webhook", "poll_receipts"}
