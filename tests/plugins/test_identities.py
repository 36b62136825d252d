"""What makes an account the one it is: another identity, and a look-up that finds nothing proves nothing."""

from collections.abc import Mapping
from typing import Any

import pytest

from bridge.plugin import Channel
from bridge.testing.play.stage import MemoryHistory
from bridge_aliyun.settings import AliyunSettings
from bridge_aliyun.vendor import Aliyun
from bridge_http.settings import HttpSettings
from bridge_http.vendor import HttpVendor
from bridge_sandbox.settings import SandboxSettings
from bridge_sandbox.vendor import Sandbox
from bridge_twilio.settings import TwilioSettings
from bridge_twilio.vendor import Twilio

SID, SUB, KEY = "AC" + "1" * 32, "AC" + "2" * 32, "SK" + "1" * 32
VENDORS: Mapping[str, tuple[type[Any], type[Any], Mapping[str, Any]]] = {
    "aliyun": (Aliyun, AliyunSettings, {"access_key_id": "LTAI1", "access_key_secret": "old"}),
    "twilio": (
        Twilio,
        TwilioSettings,
        {"account_sid": SID, "auth_token": "old", "senders": {"Acme": {"from": "+14155550100"}}},
    ),
    "sandbox": (Sandbox, SandboxSettings, {"url": "http://127.0.0.1:9/", "key": "old", "poll": True}),
}


def identity(vendor: str, channel: str = "promo", **changes: Any) -> tuple[str, ...]:
    """Return the identity of a channel's account with these settings."""
    kind, model, base = VENDORS[vendor]
    settings = model.model_validate({**base, **changes})
    built = kind(Channel(channel, "Acme SMS", settings, MemoryHistory(), allow_private=True))
    try:
        return tuple(built.identity())
    finally:
        built.close()


@pytest.mark.parametrize(
    ("vendor", "changes", "same"),
    [
        ("aliyun", {}, True),
        ("aliyun", {"access_key_secret": "new"}, True),
        ("aliyun", {"send_timeout_s": 20, "related_sign_name": "Acme", "numbers_per_call": 10}, True),
        ("aliyun", {"endpoint": "https://DYSMSAPI.aliyuncs.com"}, True),
        ("aliyun", {"access_key_id": "LTAI2"}, False),
        ("aliyun", {"endpoint": "dysmsapi.ap-southeast-1.aliyuncs.com"}, False),
        ("aliyun", {"endpoint": "http://127.0.0.1:8099"}, False),
        ("twilio", {}, True),
        ("twilio", {"auth_token": "new"}, True),
        ("twilio", {"api_key": KEY, "api_secret": "s"}, True),
        ("twilio", {"senders": {"Bell": {"from": "BELL"}}, "resend_unknown": True}, True),
        ("twilio", {"account_sid": SUB}, False),
        ("twilio", {"base_url": "https://emulator.example"}, False),
        ("sandbox", {}, True),
        ("sandbox", {"key": "new", "failure_rate": 0.5, "timeout_s": 3}, True),
        ("sandbox", {"url": "http://127.0.0.1:9"}, True),
        ("sandbox", {"account": "promo"}, True),
        ("sandbox", {"account": "other"}, False),
        ("sandbox", {"url": "http://127.0.0.1:10/"}, False),
    ],
)
def test_what_makes_another_account(vendor: str, changes: dict[str, Any], same: bool) -> None:
    """A rotated secret is the same account; another id, subaccount or service is another."""
    assert (identity(vendor, **changes) == identity(vendor)) is same


def test_a_sandbox_account_is_named_after_its_channel() -> None:
    """Two channels of one carrier are two accounts unless they name one."""
    assert identity("sandbox", "promo") != identity("sandbox", "alerts")
    assert identity("sandbox", "promo", account="x") == identity("sandbox", "alerts", account="x")


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_identity_holds_no_secret(vendor: str) -> None:
    """It is kept, though as a digest, with every call."""
    assert "old" not in "".join(identity(vendor))


SINCH: Mapping[str, Any] = {"recipe": "sinch", "secrets": {"token": "t1"}, "values": {"plan": "p1"}}
TELNYX: Mapping[str, Any] = {"recipe": "telnyx", "secrets": {"key": "t1"}, "values": {"profile": "p1"}}


def of_recipe(base: Mapping[str, Any], **changes: Any) -> tuple[str, ...]:
    """Return the identity of a recipe's account with these settings; tables are changed by key."""
    merged = {**base}
    for name, value in changes.items():
        merged[name] = {**merged.get(name, {}), **value} if isinstance(value, dict) else value
    settings = HttpSettings.model_validate(merged)
    built = HttpVendor(Channel("promo", "Acme SMS", settings, MemoryHistory(), allow_private=True))
    try:
        return tuple(built.identity())
    finally:
        built.close()


@pytest.mark.parametrize(
    ("base", "changes", "same"),
    [
        (SINCH, {}, True),
        (SINCH, {"templates": {"T1": "10001"}}, True),
        (SINCH, {"proxy": "http://127.0.0.1:3128"}, True),
        (SINCH, {"secrets": {"webhook_secret": "w"}}, True),
        (SINCH, {"base_url": "https://US.sms.api.sinch.com/"}, True),
        (SINCH, {"secrets": {"token": "t2"}}, False),
        (SINCH, {"values": {"plan": "p2"}}, False),
        (SINCH, {"base_url": "https://eu.sms.api.sinch.com"}, False),
        (TELNYX, {"values": {"public_key": "A" * 43 + "="}}, True),
        (TELNYX, {"values": {"profile": "p2"}}, False),
    ],
)
def test_what_makes_another_account_of_a_recipe(
    base: Mapping[str, Any], changes: dict[str, Any], same: bool
) -> None:
    """What its requests hold, for each secret in them may be the account's name; nothing else."""
    assert (of_recipe(base, **changes) == of_recipe(base)) is same


def test_two_recipes_are_two_accounts() -> None:
    """Whatever their settings."""
    assert of_recipe(SINCH) != of_recipe(TELNYX)
