"""The sandbox vendor reading receipts, replies and reviews of a real carrier."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bridge.plugin import (
    Acknowledgement,
    MessageStatus,
    PollWindow,
    WebhookRejected,
    WebhookRequest,
)

from .lines import Line


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
