"""The SDK's client under our rules: known hosts, time-outs, quiet logs, nothing quoted."""

import logging
from typing import Any

import pytest

from bridge.plugin import ConfigurationFault, CredentialsRejected, OutcomeUnknown, VendorUnavailable
from bridge_twilio.client import PinnedHttpClient, TwilioAccount
from bridge_twilio.settings import TwilioSettings

from .conftest import Build
from .emulator import Emulator
from .emulator.account import NUMBER, SERVICE_SID
from .samples import settings
from .test_sending import to


def account(url: str, **changes: Any) -> TwilioAccount:
    return TwilioAccount(TwilioSettings.model_validate(settings(base_url=url, **changes)))


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/2010-04-01/Accounts.json",
        "http://api.twilio.com/2010-04-01/Accounts.json",
        "https://api.twilio.com.evil.example/",
        "https://api.twilio.com@evil.example/",
        "https://api.twilio.com:444/",
        "https://lookups.twilio.com/v1/",
    ],
)
@pytest.mark.parametrize("base_url", ["", "https://emulator.example"])
def test_every_other_host_is_refused(url: str, base_url: str) -> None:
    """The credentials go to the three hosts that the plugin needs, or to the emulator alone."""
    client = PinnedHttpClient(base_url=base_url, timeout_s=1, threads=1)
    with pytest.raises(ConfigurationFault):
        client.request("GET", url, auth=("user", "password"))


def test_the_next_page_stays_with_the_emulator(twilio: Emulator) -> None:
    """Lists of v1 name their next page by the real host's absolute address."""
    twilio.account.services[SERVICE_SID].alpha_senders = [f"S{number}" for number in range(150)]
    found = account(twilio.url).alpha_senders(SERVICE_SID)
    assert [each.alpha_sender for each in found] == [f"S{number}" for number in range(150)]
    assert len(twilio.calls) == 2


def test_the_processes_region_changes_nothing(twilio: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """TWILIO_REGION and TWILIO_EDGE would lead the SDK to other hosts."""
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    monkeypatch.setenv("TWILIO_EDGE", "dublin")
    account(twilio.url).ask_anything()
    assert len(twilio.calls) == 1


def test_an_api_key_is_accepted(twilio: Emulator) -> None:
    """Calls go to the account's paths with the key's credentials."""
    key = "SK" + "1" * 32
    twilio.account.api_keys[key] = "secret"
    account(twilio.url, api_key=key, api_secret="secret").ask_anything()
    with pytest.raises(CredentialsRejected):
        account(twilio.url, api_key=key, api_secret="wrong").ask_anything()


def test_an_answer_takes_no_longer_than_allowed(twilio: Emulator) -> None:
    """The SDK on its own would wait for ever."""
    twilio.trouble.hang_s = 5
    twilio.trouble.script = ["hang_after", "hang_after"]
    client = account(twilio.url, timeout_s=0.2)
    with pytest.raises(VendorUnavailable) as reading:
        client.ask_anything()
    with pytest.raises(OutcomeUnknown) as sending:
        client.send(to="+14155550000", from_=NUMBER, body="Hi")
    assert (reading.value.code, sending.value.code) == ("READ_TIMEOUT", "READ_TIMEOUT")


def test_neither_logs_nor_errors_show_a_number(
    twilio: Emulator, build: Build, caplog: pytest.LogCaptureFixture
) -> None:
    """The SDK logs list calls with their numbers, and Twilio's error texts quote them."""
    logging.getLogger("twilio.http_client").setLevel(logging.NOTSET)
    twilio.account.rules["+14155550001"] = {"error": 21211}
    twilio.account.rules["+14155550002"] = {"error": 20003, "status": 401}
    vendor = build(concurrency=1)
    with caplog.at_level(logging.INFO):
        results = vendor.send_batch(vendor.channel, to(3))
        found = vendor.reconcile_batch(vendor.channel, to(3))
    shown = f"{caplog.text} {results!r} {found!r} {vendor!r}"
    assert "41555" not in shown
    assert logging.getLogger("twilio.http_client").level == logging.WARNING


def test_products_are_opened_once(build: Build) -> None:
    """Two threads get the same account."""
    vendor = build()
    assert vendor._open() is vendor._open()
