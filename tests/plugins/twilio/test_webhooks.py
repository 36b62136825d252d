"""Webhooks that the emulator signs and sends, and signatures over every kind of URL."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from bridge.plugin import MessageStatus, WebhookRejected, WebhookRequest
from bridge.testing import request

from .conftest import Build
from .emulator import Emulator
from .emulator.account import AUTH_TOKEN, NUMBER
from .emulator.callbacks import signature
from .receiver import receiving
from .samples import HOOK, channel, vendor
from .test_sending import to

FORM = {"MessageSid": "SM" + "1" * 32, "MessageStatus": "delivered", "To": "+14155550000", "Empty": ""}
SHARED = "shared-key-secret"


def test_a_message_tells_its_whole_life(twilio: Emulator, build: Build) -> None:
    """Callbacks come signed, with our references; the final one ends the message."""
    with receiving() as receiver:
        vendor = build(hook_url=receiver.url)
        [sent] = vendor.send_batch(vendor.channel, to(1, ref="c9"))
        for status in ("sending", "sent", "delivered"):
            twilio.callbacks.reach(sent.vendor_id, status)
        results = [vendor.parse_webhook(vendor.channel, each) for each in receiver.requests]
    receipts = [result.receipts[0] for result in results]
    assert [receipt.status for receipt in receipts] == [
        MessageStatus.ACCEPTED,
        MessageStatus.ACCEPTED,
        MessageStatus.DELIVERED,
    ]
    assert {(each.message_ref, each.batch_ref, each.vendor_id) for each in receipts} == {
        ("m1", "c9", sent.vendor_id)
    }


def test_callbacks_are_repeated_as_we_asked(twilio: Emulator, build: Build) -> None:
    """A failing bridge is called again: the overrides behind "#" stay with Twilio."""
    with receiving() as receiver:
        receiver.statuses = [500, 503]
        vendor = build(hook_url=receiver.url)
        [sent] = vendor.send_batch(vendor.channel, to(1))
        twilio.callbacks.reach(sent.vendor_id, "delivered")
        assert len(receiver.requests) == 3
        assert len({each.body for each in receiver.requests}) == 1
        assert "#" not in receiver.requests[0].url


def test_behind_a_proxy_the_public_url_counts(twilio: Emulator, build: Build) -> None:
    """Twilio signs the URL it was given, not the one the proxy calls."""
    with receiving() as receiver:
        form = {**FORM, "AccountSid": twilio.account.sid}
        twilio.callbacks.post(f"{receiver.url}/status?m=m1&b=c1", form)
    [request] = receiver.requests
    elsewhere = replace(request, url=request.url.replace("127.0.0.1", "localhost"))
    plugin = build()
    assert plugin.parse_webhook(plugin.channel, request).receipts
    with pytest.raises(WebhookRejected):
        plugin.parse_webhook(plugin.channel, elsewhere)


def test_stop_and_start_come_through(twilio: Emulator, build: Build) -> None:
    """A reply to our number is a reply under its signature; opting out is Twilio's word."""
    with receiving() as receiver:
        for body, kind in (("你好", ""), ("STOP", "STOP"), ("START", "START")):
            extra = {"OptOutType": kind} if kind else {}
            twilio.inbound(f"{receiver.url}/inbound", From="+14155550007", To=NUMBER, Body=body, **extra)
    plugin = build()
    replies = [plugin.parse_webhook(plugin.channel, each).replies[0] for each in receiver.requests]
    assert [(each.content, each.opt_out, each.sign_name) for each in replies] == [
        ("你好", None, "Bell"),
        ("STOP", True, "Bell"),
        ("START", False, "Bell"),
    ]
    assert len({each.vendor_id for each in replies}) == 3


def test_a_reply_to_a_shared_sender_has_no_signature() -> None:
    """Which of two signatures was answered nobody can tell; the bridge looks for the last send."""
    form = {"MessageSid": "SM1", "From": "+14155550007", "To": NUMBER, "Body": "Hi"}
    url = f"{HOOK}/inbound"
    called = request(
        tail="/inbound", form=form, headers={"X-Twilio-Signature": signature(AUTH_TOKEN, url, form)}
    )
    plugin = vendor(senders={"Acme": {"from": NUMBER}, "Bell": {"from": NUMBER}})
    assert plugin.parse_webhook(plugin.channel, called).replies[0].sign_name == ""
    plugin.close()


def signed(url: str, *, seen: str = "", form: dict[str, str] | None = None, **how: Any) -> WebhookRequest:
    """Return a status callback to `url` that the bridge sees as called at `seen`."""
    fields = FORM if form is None else form
    token, algorithm = how.get("token", AUTH_TOKEN), how.get("algorithm", "sha1")
    headers = {"X-Twilio-Signature": signature(token, url, fields, algorithm), **how.get("headers", {})}
    called = request(tail="/status", form=how.get("sent", fields), headers=headers)
    seen = seen or url
    return replace(called, url=seen, query=seen.partition("?")[2].encode())


def settings_header(key: str, algorithm: str) -> dict[str, str]:
    return {"X-Twilio-Webhooks-Signature-Settings": f"key={key},algorithm={algorithm}"}


STATUS = f"{HOOK}/status?m=m1&b=c1"
WITH_PORT = STATUS.replace("example.com", "example.com:443")
CHINESE = f"{HOOK}/status?note=%E4%BD%A0%E5%A5%BD&m=m1"


@pytest.mark.parametrize(
    ("case", "genuine"),
    [
        pytest.param(signed(STATUS), True, id="plain"),
        pytest.param(signed(CHINESE), True, id="an escaped Chinese query"),
        pytest.param(signed(CHINESE, seen=f"{HOOK}/status?note=你好&m=m1"), False, id="the query decoded"),
        pytest.param(signed(CHINESE, seen=CHINESE.replace("%E4", "%e4")), False, id="escaped otherwise"),
        pytest.param(signed(WITH_PORT, seen=STATUS), True, id="signed with the port"),
        pytest.param(signed(STATUS, seen=WITH_PORT), True, id="seen with the port"),
        pytest.param(signed(STATUS, seen=f"{STATUS}#rc=3"), True, id="with the fragment"),
        pytest.param(signed(STATUS, seen=STATUS.replace("https", "http")), False, id="another scheme"),
        pytest.param(signed(STATUS, seen=STATUS.replace("m=m1", "m=m2")), False, id="another message"),
        pytest.param(signed(STATUS, form={**FORM, "Extra": "x", "Zeta": ""}), True, id="unknown fields"),
        pytest.param(signed(STATUS, sent={**FORM, "ErrorCode": "30005"}), False, id="a field added"),
        pytest.param(signed(STATUS, sent={**FORM, "MessageStatus": "failed"}), False, id="a field changed"),
        pytest.param(signed(STATUS, token="other"), False, id="another token"),
        pytest.param(signed(STATUS, headers={"X-Twilio-Signature": ""}), False, id="an empty header"),
        pytest.param(
            signed(STATUS, token=SHARED, algorithm="sha256", headers=settings_header("k1", "HMAC_SHA256")),
            True,
            id="SHA-256 by a shared key",
        ),
        pytest.param(
            signed(STATUS, token=SHARED, headers=settings_header("k1", "HMAC_SHA1")),
            True,
            id="SHA-1 by a shared key",
        ),
        pytest.param(
            signed(STATUS, algorithm="sha256", headers=settings_header("k1", "HMAC_SHA256")),
            False,
            id="SHA-256 by the auth token under the shared key's name",
        ),
        pytest.param(
            signed(STATUS, token=SHARED, algorithm="sha256", headers=settings_header("k2", "HMAC_SHA256")),
            False,
            id="a shared key we do not have",
        ),
        pytest.param(
            signed(STATUS, token=SHARED, headers=settings_header("k1", "HMAC_MD5")),
            False,
            id="an algorithm nobody has",
        ),
    ],
)
def test_signatures(case: WebhookRequest, genuine: bool) -> None:
    """The signature covers the raw URL and every field."""
    plugin = vendor(signing_keys={"k1": SHARED})
    if genuine:
        [receipt] = plugin.parse_webhook(plugin.channel, case).receipts
        assert receipt.status is MessageStatus.DELIVERED
    else:
        with pytest.raises(WebhookRejected):
            plugin.parse_webhook(plugin.channel, case)
    plugin.close()


def test_a_missing_header_is_refused() -> None:
    """The SDK's validator would stumble over it."""
    plugin = vendor()
    with pytest.raises(WebhookRejected, match="no Twilio signature"):
        plugin.parse_webhook(plugin.channel, request(tail="/status", form=FORM))
    plugin.close()


def test_repeated_fields_are_signed_once_each() -> None:
    """Equal values of one field count once, as the SDK's validator counts them."""
    fields = {**FORM, "Tag": "a"}
    called = signed(STATUS, form=fields)
    doubled = replace(called, body=(urlencode(fields) + "&Tag=a").encode())
    plugin = vendor()
    assert plugin.parse_webhook(plugin.channel, doubled).receipts
    plugin.close()


@pytest.mark.parametrize(("fields", "read"), [(490, True), (501, False)])
def test_too_many_fields_are_not_even_verified(fields: int, read: bool) -> None:
    """Whoever knows the address must not make the bridge sort a hundred thousand fields."""
    many = {**FORM, **{f"F{number}": "1" for number in range(fields - len(FORM))}}
    plugin = vendor()
    if read:
        assert plugin.parse_webhook(plugin.channel, signed(STATUS, form=many)).receipts
    else:
        with pytest.raises(WebhookRejected, match="fewer fields"):
            plugin.parse_webhook(plugin.channel, signed(STATUS, form=many))
    plugin.close()


@pytest.mark.parametrize(
    "fields",
    [
        {"ErrorCode": "9" * 5000, "MessageStatus": "failed"},
        {"ErrorCode": "-30003", "MessageStatus": "failed"},
        {"MessageStatus": "x" * 100_000},
        {"To": "1" * 10_000},
        {"To": ""},
        {"MessageSid": ""},
    ],
)
def test_odd_values_are_read_or_left_out(fields: dict[str, str]) -> None:
    """Twilio adds and changes fields without notice: no value of theirs is a bug of ours."""
    plugin = vendor()
    [receipt] = plugin.parse_webhook(plugin.channel, signed(STATUS, form={**FORM, **fields})).receipts
    assert (receipt.message_ref, receipt.batch_ref) == ("m1", "c1")
    assert len(receipt.code) < 50
    plugin.close()


def test_inbound_by_get_is_read_from_the_query() -> None:
    """A number may be configured to call with GET; the signature then covers the URL alone."""
    query = urlencode({"MessageSid": "SM1", "From": "+14155550007", "To": NUMBER, "Body": "a b+c"})
    url = f"{HOOK}/inbound?{query}"
    headers = {"x-twilio-signature": signature(AUTH_TOKEN, url, {})}
    plugin = vendor()
    [reply] = plugin.parse_webhook(
        plugin.channel, WebhookRequest("GET", url, "/inbound", query.encode(), headers, b"")
    ).replies
    assert (reply.content, reply.phone.e164) == ("a b+c", "+14155550007")
    plugin.close()


def test_references_that_are_not_ours_are_left_out() -> None:
    """Only texts of the form of our references are taken for them."""
    plugin = vendor()
    [receipt] = plugin.parse_webhook(plugin.channel, signed(f"{HOOK}/status?m=<x>&b={'a' * 21}")).receipts
    assert (receipt.message_ref, receipt.batch_ref) == ("", "")
    plugin.close()


def test_a_whatsapp_address_is_a_number() -> None:
    """The prefix of the channel is no part of the number."""
    form = {**FORM, "To": "whatsapp:+8613800138000", "MessageStatus": "read"}
    plugin = vendor()
    [receipt] = plugin.parse_webhook(plugin.channel, signed(STATUS, form=form)).receipts
    assert receipt.phone is not None
    assert (receipt.phone.e164, receipt.status) == ("+8613800138000", MessageStatus.DELIVERED)
    plugin.close()


def test_the_channel_of_the_samples_has_a_hook() -> None:
    """The table's callbacks depend on it."""
    assert channel().hook_url == HOOK
