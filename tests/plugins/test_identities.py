"""What makes an account the one it is: another identity, and a look-up that finds nothing proves nothing."""

from collections.abc import Mapping
from typing import Any

import pytest

from bridge.plugin import Channel
from bridge.testing.play.stage import MemoryHistory
from bridge_aliyun.settings import AliyunSettings
from bridge_aliyun.vendor import Aliyun
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
    """The identity of a channel's account with these settings."""
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
