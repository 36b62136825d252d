"""The sandbox vendor with its account, signatures and templates, against a real carrier."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridge.plugin import (
    Carrier,
    Channel,
    ConfigurationFault,
    CredentialsRejected,
    Event,
    EventName,
    NoSuchResource,
    ReviewStatus,
    VendorRejected,
)
from bridge.plugin.http import FetchFailed
from bridge.testing.play.stage import MemoryHistory
from bridge_sandbox.codes import ERRORS
from bridge_sandbox.settings import SandboxSettings
from bridge_sandbox.vendor import Sandbox

from .carrying import KEY, serving
from .lines import SALE, Line, digital


def test_the_channel_is_well_when_the_carrier_knows_its_account(line: Line) -> None:
    assert line.hooks.check().ok


def test_a_wrong_key_is_a_matter_for_a_person(line: Line) -> None:
    line.hooks.check()
    intruder = line.open(key="other")
    assert isinstance(intruder.check().error, CredentialsRejected)
    result = intruder.send(line.batch(SALE, "13800138000"))[0]
    assert isinstance(result.error, CredentialsRejected)


def test_a_channel_without_a_way_for_reports_does_not_open() -> None:
    settings = SandboxSettings.model_validate({"url": "http://127.0.0.1:1", "key": KEY})
    with pytest.raises(ConfigurationFault, match="public_url"):
        Sandbox(Channel("promo", "Acme", settings, MemoryHistory()))


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
        vendor = line.views[-1]
        vendor.settings = vendor.settings.model_copy(update={"url": third.url})
        assert not hooks.check().ok
        hooks.event(Event("promo", EventName.CHANNEL_RESUMED, datetime.now(UTC)))
        assert hooks.check().ok


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


def test_a_digital_template_from_creation_to_deletion(line: Line, picture: list[dict[str, Any]]) -> None:
    template = digital("https://media.example.com", "partial")
    created = line.hooks.create_digital_template(template)
    template = replace(template, vendor_code=created.vendor_code or "")
    assert picture == [
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
        line.hooks.create_digital_template(digital(line.webhook.url))


def test_a_refused_template_says_why(line: Line) -> None:
    with pytest.raises(VendorRejected) as caught:
        line.hooks.create_template(replace(SALE, content=""))
    assert (caught.value.code, caught.value.reason) == ("NO_CONTENT", ERRORS["NO_CONTENT"][1])
