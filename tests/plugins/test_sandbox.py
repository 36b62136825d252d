"""The sandbox vendor, every hook of it, against a real carrier behind a real socket."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from bridge.channels.dispatch import Dispatch
from bridge.plugin import (
    Acknowledgement,
    Batch,
    Carrier,
    Channel,
    ConfigurationFault,
    CredentialsRejected,
    DigitalPart,
    DigitalTemplate,
    Event,
    Message,
    MessageStatus,
    NoSuchResource,
    Outcome,
    PollWindow,
    ReviewStatus,
    SubmitResult,
    Template,
    TemplateType,
    TextTemplate,
    VendorRejected,
    VendorUnavailable,
    WebhookRejected,
    WebhookRequest,
    accepted,
    rejected,
)
from bridge.plugin.http import FetchFailed
from bridge.plugin.phone import parse
from bridge.testing.stage import MemoryRecords
from bridge_sandbox.carrier.faults import AFTER, BEFORE
from bridge_sandbox.codes import ERRORS
from bridge_sandbox.settings import SandboxSettings
from bridge_sandbox.vendor import Sandbox

from .carrying import KEY, Clock, Webhook, serving

SALE = TextTemplate("T1", "sale", "Hi ${name}", TemplateType.PROMOTION, sign_name="Acme")
ABROAD = replace(SALE, type=TemplateType.INTERNATIONAL)


class Line:
    """A sandbox channel, the carrier behind it and the webhook in front."""

    def __init__(self, url: str, webhook: Webhook, clock: Clock) -> None:
        self.url = url
        self.webhook = webhook
        self.clock = clock
        self._opened: list[Sandbox] = []
        self.hooks = self.open()

    def open(self, **changes: Any) -> Dispatch:
        """Another process's view of the channel, with other settings."""
        quick = {"receipt_delay_s": 0, "review_delay_s": 0, "failure_rate": 0, "reply_rate": 0}
        settings = SandboxSettings.model_validate({"url": self.url, "key": KEY} | quick | changes)
        vendor = Sandbox(
            Channel("promo", "Acme", settings, MemoryRecords(), hook_url=self.webhook.url, allow_private=True)
        )
        self._opened.append(vendor)
        return Dispatch(vendor)

    def close(self) -> None:
        """Close every view."""
        for vendor in self._opened:
            vendor.close()

    def approved(self, template: TextTemplate = SALE) -> TextTemplate:
        """The template as the carrier approved it."""
        return replace(template, vendor_code=self.hooks.create_template(template).vendor_code or "")

    def batch(self, template: Template, *numbers: str, ref: str = "b1", sign: str = "Acme") -> Batch:
        """A batch called now, with the references b1-0, b1-1 and so on."""
        messages = tuple(
            Message(f"{ref}-{index}", parse(number, template.type), {"name": "Li"}, "Hi Li")
            for index, number in enumerate(numbers)
        )
        return Batch(ref, "out-1", sign, template, messages, datetime.fromtimestamp(self.clock.now, UTC))

    def faults(self, **faults: float) -> None:
        """The carrier's faults from now on."""
        requests.put(f"{self.url}/faults", json=faults, timeout=5).raise_for_status()

    def accepted(self) -> int:
        """How many messages the carrier has accepted."""
        return int(requests.get(f"{self.url}/record/summary", timeout=5).json()["accepted"])

    def received(self) -> WebhookRequest:
        """The last webhook, as the bridge hands it over."""
        headers, body = self.webhook.requests[-1]
        return WebhookRequest(
            "POST", "https://sms.example.com/hooks/promo/t/reports", "/reports", b"", headers, body
        )


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    webhook = Webhook()
    yield webhook
    webhook.close()


@pytest.fixture
def line(tmp_path: Path, webhook: Webhook) -> Iterator[Line]:
    clock = Clock()
    with serving(tmp_path / "carrier.db", clock) as server:
        line = Line(server.url, webhook, clock)
        yield line
        line.close()


# The account


def test_the_channel_is_well_when_the_carrier_knows_its_account(line: Line) -> None:
    assert line.hooks.check().ok


def test_a_wrong_key_is_a_matter_for_a_person(line: Line) -> None:
    line.hooks.check()
    stranger = line.open(key="other")
    assert isinstance(stranger.check().error, CredentialsRejected)
    result = stranger.send(line.batch(SALE, "13800138000"))[0]
    assert isinstance(result.error, CredentialsRejected)


def test_a_channel_without_a_way_for_reports_does_not_open() -> None:
    settings = SandboxSettings.model_validate({"url": "http://127.0.0.1:1", "key": KEY})
    with pytest.raises(ConfigurationFault, match="public_url"):
        Sandbox(Channel("promo", "Acme", settings, MemoryRecords()))


def test_reports_are_pushed_or_polled_never_both(line: Line) -> None:
    pushed = {"parse_webhook", "poll_receipts", "poll_replies"} & line.hooks.operations
    polled = {"parse_webhook", "poll_receipts", "poll_replies"} & line.open(poll=True).operations
    assert (pushed, polled) == ({"parse_webhook"}, {"poll_receipts", "poll_replies"})


def test_a_call_carries_as_many_messages_as_the_settings_say(line: Line) -> None:
    assert line.hooks.limits.messages == 1000
    assert line.open(messages_per_call=10).limits.messages == 10


def test_a_resumed_channel_introduces_itself_again(line: Line, tmp_path: Path) -> None:
    """Another carrier, or the same with an empty record, knows nothing of the account before."""
    line.hooks.check()
    with serving(tmp_path / "other.db", line.clock) as other:
        hooks = line.open(url=other.url)
        assert hooks.check().ok
    with serving(tmp_path / "third.db", line.clock) as third:
        vendor = line._opened[-1]
        vendor.settings = vendor.settings.model_copy(update={"url": third.url})
        assert not hooks.check().ok
        hooks.event(Event("promo", "channel.resumed", datetime.now(UTC)))
        assert hooks.check().ok


# Signatures and templates


@pytest.mark.parametrize(
    ("sign", "status"),
    [
        ("Acme", ReviewStatus.APPROVED),
        ("阿里 云/?#", ReviewStatus.APPROVED),
        ("Rejected", ReviewStatus.REJECTED),
        ("Pending", ReviewStatus.PENDING),
    ],
)
def test_signatures(line: Line, sign: str, status: ReviewStatus) -> None:
    review = line.hooks.query_sign(sign)
    assert (review.status, bool(review.reason)) == (status, status is ReviewStatus.REJECTED)
    assert review.created_at == datetime.fromtimestamp(line.clock.now, UTC)


def test_an_unknown_signature(line: Line) -> None:
    with pytest.raises(NoSuchResource):
        line.hooks.query_sign("unknown")


def test_a_text_template_from_creation_to_rejection(line: Line) -> None:
    hooks = line.open(review_delay_s=2)
    created = hooks.create_template(SALE)
    assert created.status is ReviewStatus.PENDING
    template = replace(SALE, vendor_code=created.vendor_code or "")
    line.clock.now += 2
    assert hooks.query_template(template).status is ReviewStatus.APPROVED
    changed = hooks.update_template(replace(template, name="reject"))
    assert (changed.vendor_code, changed.status) == (created.vendor_code, ReviewStatus.PENDING)
    line.clock.now += 2
    review = hooks.query_template(template)
    assert (review.status, bool(review.reason)) == (ReviewStatus.REJECTED, True)


def _digital(webhook_url: str, name: str = "show", suffix: str = "png") -> DigitalTemplate:
    parts = (DigitalPart("txt", text="Hi ${name}"), DigitalPart(suffix, url=f"{webhook_url}/picture"))
    return DigitalTemplate("D1", name, parts, sign_name="Acme")


@pytest.fixture
def picture(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Media come from anywhere; what is fetched is a picture."""
    asked: list[dict[str, Any]] = []

    def fetch(url: str, **options: Any) -> tuple[bytes, str]:
        asked.append({"url": url} | options)
        return b"\x89PNG", "image/png"

    monkeypatch.setattr("bridge_sandbox.vendor.fetch", fetch)
    return lambda: asked


def test_a_digital_template_from_creation_to_deletion(line: Line, picture: Callable[..., Any]) -> None:
    template = _digital("https://media.example.com", "partial")
    created = line.hooks.create_digital_template(template)
    template = replace(template, vendor_code=created.vendor_code or "")
    assert picture() == [
        {"url": "https://media.example.com/picture", "max_bytes": 1_900_000, "allow_private": True}
    ]
    review = line.hooks.query_digital_template(template)
    assert (review.status, review.carriers[Carrier.TELCOM].status) == (
        ReviewStatus.PARTIAL,
        ReviewStatus.REJECTED,
    )
    assert line.hooks.update_digital_template(replace(template, name="show")).status is ReviewStatus.APPROVED
    assert line.hooks.delete_digital_template(template)
    assert line.hooks.delete_digital_template(template)
    with pytest.raises(NoSuchResource):
        line.hooks.query_digital_template(template)


def test_a_medium_that_cannot_be_fetched_fails_the_template(line: Line) -> None:
    with pytest.raises(FetchFailed):
        line.hooks.create_digital_template(_digital(line.webhook.url))


def test_a_refused_template_says_why(line: Line) -> None:
    with pytest.raises(VendorRejected) as caught:
        line.hooks.create_template(replace(SALE, content=""))
    assert (caught.value.code, caught.value.reason) == ("NO_CONTENT", ERRORS["NO_CONTENT"][1])


# Sending


@pytest.mark.parametrize(
    ("template", "numbers", "results"),
    [
        (SALE, ["13800138000", "13900139000"], [accepted("1"), accepted("2")]),
        (SALE, ["+86 138 0013 8000"], [accepted("1")]),
        (ABROAD, ["14155552671", "85261234567"], [accepted("1"), accepted("2")]),
    ],
)
def test_a_send(line: Line, template: TextTemplate, numbers: list[str], results: list[SubmitResult]) -> None:
    assert line.hooks.send(line.batch(line.approved(template), *numbers)) == results


def test_a_digital_send_skips_the_carrier_that_said_no(line: Line, picture: Callable[..., Any]) -> None:
    template = _digital("https://media.example.com", "partial")
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
        ({"sign_name": "rejected"}, Outcome.REJECTED, "SIGN_NOT_APPROVED"),
        ({"sign_name": "unknown"}, Outcome.REJECTED, "UNKNOWN_SIGN"),
        ({"template": replace(SALE, vendor_code="99")}, Outcome.REJECTED, "UNKNOWN_TEMPLATE"),
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
    assert (result.outcome, result.code) == (Outcome.REJECTED, "TEMPLATE_NOT_APPROVED")


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
    hooks = line.open(timeout_s=0.3 if fault == "hang" else 20)
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


# What became of it


def test_a_webhook_brings_receipts_replies_and_reviews(line: Line) -> None:
    hooks = line.open(failure_rate=0.5, reply_rate=0.5)
    batch = line.batch(line.approved(), *(f"138{index:08d}" for index in range(40)))
    line.webhook.wait_for("reviews", 1)
    review = line.hooks.parse_webhook(line.received()).reviews[0]
    assert review.vendor_code == batch.template.vendor_code
    assert review.review is not None
    hooks.send(batch)
    line.webhook.wait_for("receipts", 40)
    result = hooks.parse_webhook(line.received())
    by_ref = {receipt.message_ref: receipt for receipt in result.receipts}
    assert set(by_ref) == {message.ref for message in batch.messages}
    for message in batch.messages:
        receipt = by_ref[message.ref]
        assert (receipt.phone, receipt.batch_ref) == (message.phone, "b1")
        assert receipt.status.final
        assert (receipt.status is MessageStatus.DELIVERED) is (receipt.code == "DELIVRD")
    assert {reply.message_ref for reply in result.replies} <= set(by_ref)
    assert {reply.opt_out for reply in result.replies} == {True, None}
    assert {reply.sign_name for reply in result.replies} == {"Acme"}
    assert result.acknowledgement == Acknowledgement(b'{"received": true}', "application/json")


def _changed(request: WebhookRequest, **headers: str) -> WebhookRequest:
    return replace(request, headers={**request.headers, **headers})


@pytest.mark.parametrize(
    "forge",
    [
        lambda request: replace(request, body=request.body + b" "),
        lambda request: _changed(request, **{"x-carrier-signature": "0" * 64}),
        lambda request: _changed(request, **{"x-carrier-signature": "ü"}),
        lambda request: _changed(request, **{"x-carrier-timestamp": "1"}),
        lambda request: replace(request, headers={}),
    ],
)
def test_a_forged_webhook_is_refused(line: Line, forge: Callable[[WebhookRequest], WebhookRequest]) -> None:
    line.hooks.send(line.batch(line.approved(), "13800138000"))
    line.webhook.wait_for("receipts", 1)
    assert line.hooks.parse_webhook(line.received()).receipts
    with pytest.raises(WebhookRejected):
        line.hooks.parse_webhook(forge(line.received()))


def test_an_old_webhook_is_refused(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    line.hooks.send(line.batch(line.approved(), "13800138000"))
    line.webhook.wait_for("receipts", 1)
    later = datetime.now(UTC).timestamp() + 301
    monkeypatch.setattr("bridge_sandbox.vendor.time.time", lambda: later)
    with pytest.raises(WebhookRejected, match="too long ago"):
        line.hooks.parse_webhook(line.received())


def test_polling_pages_through_receipts_and_replies(line: Line) -> None:
    hooks = line.open(poll=True, reply_rate=1)
    batch = line.batch(line.approved(), *(f"138{index:08d}" for index in range(600)))
    hooks.send(batch)
    now = datetime.now(UTC)
    first = hooks.poll_receipts(PollWindow(now, now))
    second = hooks.poll_receipts(PollWindow(now, now, first.cursor))
    assert (len(first.receipts), first.more, len(second.receipts), second.more) == (500, True, 100, False)
    found = {receipt.message_ref for receipt in (*first.receipts, *second.receipts)}
    assert found == {message.ref for message in batch.messages}
    replies = hooks.poll_replies(PollWindow(now, now))
    assert (len(replies.replies), replies.cursor, replies.more) == (500, "500", True)
