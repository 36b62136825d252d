"""Settings: what cannot work is told before anything is sent."""

import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from bridge.plugin import Channel, ConfigurationFault
from bridge_twilio.settings import SenderKind, TwilioSettings
from bridge_twilio.vendor import Twilio

from .emulator.account import ACCOUNT_SID, AUTH_TOKEN, NUMBER, SERVICE_SID
from .samples import FakeHistory, settings

KEY = "SK" + "1" * 32


@pytest.mark.parametrize(
    ("changes", "where", "problem"),
    [
        ({"account_sid": "AC12"}, "account_sid", "match pattern"),
        ({"auth_token": ""}, "auth_token", "needed beside an API key"),
        ({"api_key": KEY}, "", "api_key and api_secret go together"),
        ({"api_secret": "x"}, "", "api_key and api_secret go together"),
        ({"api_key": "AC12", "api_secret": "x"}, "api_key", "match pattern"),
        ({"senders": {}}, "senders", "at least 1 item"),
        ({"senders": {"Acme": {}}}, "senders.Acme", "messaging_service_sid or from"),
        ({"senders": {"Acme": {"from": "LONGERTHAN11"}}}, "senders.Acme.from", "sender ID"),
        ({"senders": {"Acme": {"from": "+0123"}}}, "senders.Acme.from", "sender ID"),
        (
            {"senders": {"Acme": {"messaging_service_sid": "MG1"}}},
            "senders.Acme.messaging_service_sid",
            "match",
        ),
        ({"senders": {"Acme": {"from": f"whatsapp:{NUMBER}"}}}, "", "WhatsApp sender needs template_mode"),
        ({"base_url": "https://proxy.example/twilio"}, "base_url", "without a path"),
        ({"base_url": "ftp://proxy.example"}, "base_url", "a scheme and a host"),
        ({"validity_s": 36_001}, "validity_s", "less than or equal to 36000"),
        ({"concurrency": 0}, "concurrency", "greater than or equal to 1"),
        ({"mms_countries": ["usa"]}, "mms_countries.0", "match pattern"),
        ({"error_classes": {"21408": "ignore"}}, "error_classes.21408", "'throttled', 'unavailable'"),
        ({"error_classes": {"21408": "retry"}}, "error_classes", 'called "throttled" now'),
        ({"error_classes": {"21408": "permanent"}}, "error_classes", 'called "rejected" now'),
        ({"error_classes": {"21408": "hold"}}, "error_classes", "names no moment"),
        ({"colour": "red"}, "colour", "Extra inputs"),
    ],
)
def test_faults_name_their_place(changes: dict[str, Any], where: str, problem: str) -> None:
    """Each with its path and no value of a secret."""
    with pytest.raises(ValidationError) as fault:
        TwilioSettings.model_validate(settings(**changes))
    [error] = fault.value.errors()
    assert ".".join(map(str, error["loc"])) == where
    assert problem in error["msg"]
    assert AUTH_TOKEN not in str(fault.value)


@pytest.mark.parametrize(
    ("sender", "kind", "in_text"),
    [
        ({"messaging_service_sid": SERVICE_SID}, SenderKind.SERVICE, True),
        ({"from": NUMBER}, SenderKind.NUMBER, True),
        ({"from": "+18005550100"}, SenderKind.TOLL_FREE, True),
        ({"from": "+18015550100"}, SenderKind.NUMBER, True),
        ({"from": "70712"}, SenderKind.SHORT_CODE, True),
        ({"from": "ACME 24"}, SenderKind.ALPHANUMERIC, False),
        ({"from": "ACME", "messaging_service_sid": SERVICE_SID}, SenderKind.ALPHANUMERIC, False),
        ({"from": f"whatsapp:{NUMBER}"}, SenderKind.WHATSAPP, False),
        ({"from": "ACME", "sign_in_text": True}, SenderKind.ALPHANUMERIC, True),
        ({"from": NUMBER, "sign_in_text": False}, SenderKind.NUMBER, False),
    ],
)
def test_kinds_of_senders(sender: dict[str, Any], kind: SenderKind, in_text: bool) -> None:
    """The form of `from` decides; the signature goes into the text where no name is shown."""
    model = TwilioSettings.model_validate(settings(senders={"Acme": sender}, template_mode="whatsapp"))
    assert (model.senders["Acme"].kind, model.senders["Acme"].shows_sign_in_text) == (kind, in_text)


def test_brackets_of_a_signature_do_not_count() -> None:
    """The bridge asks for signatures by their bare names."""
    model = TwilioSettings.model_validate(settings(senders={"【Acme】": {"from": NUMBER}}))
    assert list(model.senders) == ["Acme"]


def test_an_api_key_signs_in() -> None:
    """The auth token is then for webhooks only."""
    plain = TwilioSettings.model_validate(settings())
    keyed = TwilioSettings.model_validate(settings(api_key=KEY, api_secret="s"))
    assert plain.credentials == (ACCOUNT_SID, AUTH_TOKEN)
    assert keyed.credentials == (KEY, "s")


@pytest.mark.parametrize(
    ("base_url", "hook_url", "problem"),
    [
        ("http://127.0.0.1:1", "https://sms.example.com/hooks/a/b", "base_url must be https"),
        ("", "https://sms_test.example.com/hooks/a/b", "underscore"),
    ],
)
def test_addresses_that_cannot_work(base_url: str, hook_url: str, problem: str) -> None:
    """Plain http is for emulators; Twilio calls no host with an underscore."""
    model = TwilioSettings.model_validate(settings(base_url=base_url))
    with pytest.raises(ConfigurationFault, match=problem):
        Twilio(Channel("promo", "Acme SMS", model, FakeHistory(), hook_url))


def test_without_the_sdk_the_plugin_loads_and_the_channel_does_not() -> None:
    """The fault names what to install."""
    program = (
        "import sys; sys.modules['twilio'] = None\n"
        "import bridge_twilio\n"
        "from tests.plugins.twilio.samples import vendor\n"
        "print([each.name for each in bridge_twilio.register_vendors()])\n"
        "try: vendor()\n"
        "except Exception as fault: print(type(fault).__name__, fault)\n"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines() == [
        "['twilio']",
        "ConfigurationFault SDK_MISSING: The Twilio SDK is missing: "
        "install qa-sms-bridge with its extra `twilio`.",
    ]


def test_the_sdks_client_is_loaded_by_the_first_call_only() -> None:
    """A web process that only verifies webhooks stays small."""
    program = (
        "import sys\n"
        "from tests.plugins.twilio.samples import vendor\n"
        "vendor()\n"
        "print('twilio.rest' in sys.modules, 'twilio' in sys.modules)\n"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["False", "True"]
