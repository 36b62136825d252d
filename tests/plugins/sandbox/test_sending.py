"""The sandbox vendor sending, and looking up what became unknown, against a real carrier."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import responses

from bridge.channels.hooks import Hooks
from bridge.plugin import (
    Batch,
    Channel,
    ConfigurationRefused,
    Message,
    Outcome,
    SubmitResult,
    TemplateType,
    TextTemplate,
    VendorUnavailable,
    accepted,
    rejected,
)
from bridge.plugin.phone import parse
from bridge.testing.play.stage import MemoryHistory
from bridge_sandbox.carrier.faults import AFTER, BEFORE
from bridge_sandbox.settings import SandboxSettings
from bridge_sandbox.vendor import Sandbox

from .lines import INTERNATIONAL, SALE, Line, digital


@pytest.mark.parametrize(
    ("template", "numbers", "results"),
    [
        (SALE, ["13800138000", "13900139000"], [accepted("1"), accepted("2")]),
        (SALE, ["+86 138 0013 8000"], [accepted("1")]),
        (INTERNATIONAL, ["14155552671", "85261234567"], [accepted("1"), accepted("2")]),
    ],
)
def test_a_send(line: Line, template: TextTemplate, numbers: list[str], results: list[SubmitResult]) -> None:
    assert line.hooks.send(line.batch(line.approved(template), *numbers)) == results


def test_a_digital_send_skips_the_carrier_that_said_no(line: Line, picture: list[dict[str, Any]]) -> None:
    template = digital("https://media.example.com", "partial")
    template = replace(template, vendor_code=line.hooks.create_digital_template(template).vendor_code or "")
    results = line.hooks.send(line.batch(template, "13800138000", "18900139000"))
    assert results[0] == accepted("1")
    assert (results[1].outcome, results[1].code) == (Outcome.REJECTED, "CARRIER_NOT_APPROVED")


def test_who_left_is_refused_and_marked(line: Line) -> None:
    hooks = line.open(reply_rate=1)
    numbers = [f"138{index:08d}" for index in range(20)]
    batch = line.batch(line.approved(), *numbers)
    hooks.send(batch)
    line.webhook.wait_for("replies", 20)
    left = {reply["from"] for reply in line.webhook.entries("replies") if reply["opted_out"]}
    assert left
    again = hooks.send(batch)
    refused = [result for result in again if result.outcome is Outcome.REJECTED]
    assert len(refused) == len(left)
    assert set(refused) == {
        rejected("OPTED_OUT", "The recipient has opted out of this signature.", opted_out=True)
    }


@pytest.mark.parametrize(
    ("change", "outcome", "code"),
    [
        ({"sign_name": "rejected"}, Outcome.NOT_SENT, "SIGN_NOT_APPROVED"),
        ({"sign_name": "unknown"}, Outcome.NOT_SENT, "UNKNOWN_SIGN"),
        ({"template": replace(SALE, vendor_code="99")}, Outcome.NOT_SENT, "UNKNOWN_TEMPLATE"),
        ({"template": replace(SALE, vendor_code="?")}, Outcome.REJECTED, "BAD_REQUEST"),
        ({"called_at": datetime(2026, 11, 1, tzinfo=UTC)}, Outcome.NOT_SENT, "CALL_EXPIRED"),
    ],
)
def test_a_refused_call(line: Line, change: Mapping[str, Any], outcome: Outcome, code: str) -> None:
    batch = replace(line.batch(line.approved(), "13800138000", "13900139000"), **change)
    assert [(result.outcome, result.code) for result in line.hooks.send(batch)] == [(outcome, code)] * 2
    assert line.accepted() == 0


def test_an_unapproved_template_is_refused(line: Line) -> None:
    result = line.hooks.send(line.batch(line.approved(replace(SALE, name="reject")), "13800138000"))[0]
    assert (result.outcome, result.code) == (Outcome.NOT_SENT, "TEMPLATE_NOT_APPROVED")
    assert isinstance(result.error, ConfigurationRefused)


@pytest.mark.parametrize(
    ("fault", "outcome", "code"),
    [
        ("lost_answer", Outcome.UNKNOWN, "CONNECTION_LOST"),
        ("hang", Outcome.UNKNOWN, "READ_TIMEOUT"),
        ("reset_after", Outcome.UNKNOWN, "CONNECTION_LOST"),
        ("error_after", Outcome.UNKNOWN, "HTTP_502"),
        ("garbled_after", Outcome.UNKNOWN, "UNREADABLE_ANSWER"),
        ("reset_before", Outcome.UNKNOWN, "CONNECTION_LOST"),
        ("error_before", Outcome.UNKNOWN, "HTTP_503"),
        ("throttle", Outcome.NOT_SENT, "THROTTLED"),
    ],
)
def test_a_fault_leaves_only_what_is_certain(line: Line, fault: str, outcome: Outcome, code: str) -> None:
    """A look-up settles every unknown: found is accepted, absent is proof once the call is out of date."""
    hooks = line.open(timeout_s=1 if fault == "hang" else 20)
    batch = line.batch(line.approved(), "13800138000", "13900139000")
    hooks.check()
    line.faults(**{fault: 1})
    assert [(result.outcome, result.code) for result in hooks.send(batch)] == [(outcome, code)] * 2
    assert line.accepted() == (2 if fault in AFTER else 0)
    looked_up = hooks.reconcile(batch)
    if fault in AFTER:
        assert looked_up == [accepted("1"), accepted("2")]
    else:
        assert [result.outcome for result in looked_up] == [Outcome.UNKNOWN] * 2
        line.clock.now += 61
        assert [result.outcome for result in hooks.reconcile(batch)] == [Outcome.NOT_SENT] * 2
    assert fault in AFTER + BEFORE


@pytest.mark.parametrize(
    ("status", "body", "outcome", "code"),
    [
        (422, {"error": {"code": "NEW_RULE", "message": "?"}}, Outcome.UNKNOWN, "HTTP_422"),
        (400, "<html>", Outcome.UNKNOWN, "HTTP_400"),
        (429, {"error": {"code": "NEW_RULE"}}, Outcome.NOT_SENT, "HTTP_429"),
        (429, "<html>", Outcome.NOT_SENT, "HTTP_429"),
        (429, "", Outcome.NOT_SENT, "HTTP_429"),
        (200, {"results": [{"code": "NEW_RULE", "reason": "?"}]}, Outcome.UNKNOWN, "NEW_RULE"),
        (200, {"results": [{"code": "INVALID_NUMBER", "reason": "No."}]}, Outcome.REJECTED, "INVALID_NUMBER"),
        (200, {"results": [{}]}, Outcome.UNKNOWN, "UNREADABLE_ANSWER"),
        (200, {"results": {"id": "1"}}, Outcome.UNKNOWN, "UNREADABLE_ANSWER"),
        (200, {"results": ["1"]}, Outcome.UNKNOWN, "UNREADABLE_ANSWER"),
        (200, [1], Outcome.UNKNOWN, "UNREADABLE_ANSWER"),
        (200, {"results": [{"id": ""}]}, Outcome.UNKNOWN, "UNREADABLE_ANSWER"),
        (307, "", Outcome.UNKNOWN, "HTTP_307"),
    ],
)
@responses.activate
def test_what_nobody_documents_ends_nobody(status: int, body: object, outcome: Outcome, code: str) -> None:
    """An unknown code, at the whole call or at one message, may have been accepted; a 429 was not."""
    responses.put("http://carrier.test/accounts/promo", json={})
    text = body if isinstance(body, str) else json.dumps(body)
    responses.post("http://carrier.test/accounts/promo/messages", body=text, status=status)
    settings = SandboxSettings.model_validate({"url": "http://carrier.test", "key": "k", "poll": True})
    vendor = Sandbox(Channel("promo", "Acme", settings, MemoryHistory(), allow_private=True))
    phone = parse("13800138000", TemplateType.PROMOTION)
    batch = Batch("b1", "out", "Acme", SALE, (Message("b1-0", phone, {"name": "x"}),), datetime.now(UTC))
    [result] = Hooks(vendor).send(batch)
    assert (result.outcome, result.code) == (outcome, code)


def test_a_throttled_send_says_when_to_come_back(line: Line) -> None:
    batch = line.batch(line.approved(), "13800138000")
    line.faults(throttle=1)
    error = line.hooks.send(batch)[0].error
    assert error is not None
    assert error.retry_after == 1


def test_a_failed_introduction_leaves_nothing_unknown(line: Line) -> None:
    """Nothing was sent before the account was opened, so the messages may be sent again."""
    hooks = line.open(url="http://127.0.0.1:9")
    result = hooks.send(line.batch(SALE, "13800138000"))[0]
    assert (result.outcome, result.code) == (Outcome.NOT_SENT, "CONNECTION_REFUSED")


def test_a_look_up_that_fails_settles_nothing(line: Line) -> None:
    batch = line.batch(line.approved(), "13800138000")
    line.hooks.send(batch)
    line.clock.now += 61
    line.faults(error_elsewhere=1)
    assert [result.outcome for result in line.hooks.reconcile(batch)] == [Outcome.UNKNOWN]


def test_a_message_refused_beside_accepted_ones_is_found_absent(line: Line) -> None:
    """The carrier takes a call whole: what it shows no trace of, it did not take."""
    template = line.approved(replace(SALE, content="Hi ${nobody}"))
    batch = line.batch(template, "13800138000", "13900139000")
    has = batch.messages[0]._replace(params={"nobody": "x"})
    batch = replace(batch, messages=(has, batch.messages[1]))
    assert [result.outcome for result in line.hooks.send(batch)] == [Outcome.ACCEPTED, Outcome.REJECTED]
    line.clock.now += 61
    found = line.hooks.reconcile(batch)
    assert [result.outcome for result in found] == [Outcome.ACCEPTED, Outcome.NOT_SENT]
    assert isinstance(found[1].error, VendorUnavailable)
