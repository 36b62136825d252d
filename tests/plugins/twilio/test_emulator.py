"""The emulator itself: it runs on its own, obeys at run time, and shows what came twice."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from twilio.request_validator import RequestValidator

from bridge.plugin import Outcome

from .emulator import Emulator
from .emulator.account import AUTH_TOKEN
from .emulator.callbacks import signature
from .receiver import receiving
from .samples import vendor
from .test_sending import to


@pytest.fixture
def process() -> Iterator[dict[str, str]]:
    """Yield the emulator as a process of its own; what it prints when it is ready."""
    command = [sys.executable, "-m", "tests.plugins.twilio.emulator", "--faults", '{"latency_s": 0.001}']
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        yield json.loads(running.stdout.readline())
        running.terminate()


def post(url: str, name: str, document: Any) -> Any:
    answer = requests.post(f"{url}/_emulator/{name}", json=document, timeout=5)
    assert answer.status_code == 200
    return answer.json()


def get(url: str, name: str) -> Any:
    return requests.get(f"{url}/_emulator/{name}", timeout=5).json()


def test_a_campaign_runs_against_it_as_a_process(process: dict[str, str]) -> None:
    """Callbacks come, faults obey, and a repeated reference is shown."""
    url = process["url"]
    with receiving() as receiver:
        plugin = vendor(base_url=url, hook_url=receiver.url)
        assert {each.outcome for each in plugin.send_batch(plugin.channel, to(5))} == {Outcome.ACCEPTED}
        assert get(url, "duplicates") == {"messages": 5, "refs": {}, "texts": []}
        post(url, "faults", {"chances": {"throttle": 1}})
        assert {each.outcome for each in plugin.send_batch(plugin.channel, to(5))} == {Outcome.NOT_SENT}
        post(url, "faults", {"chances": {}})
        plugin.send_batch(plugin.channel, to(1))
        assert get(url, "duplicates")["refs"] == {"m1": 2}
        while not get(url, "callbacks")["quiet"]:
            pass
        plugin.close()
    assert get(url, "callbacks")["failures"] == []
    assert len(receiver.requests) == 12
    assert get(url, "calls")["posts"] == 11
    assert {row[4] for row in get(url, "messages")} == {"delivered"}


def test_it_signs_as_the_sdk_verifies() -> None:
    """Two readings of Twilio's documentation agree."""
    url, form = "https://sms.example.com/a?b=%E4%BD%A0", {"B": "2", "A": "1 ä", "C": ""}
    validator = RequestValidator(AUTH_TOKEN)
    assert validator.validate(url, form, signature(AUTH_TOKEN, url, form))
    assert not validator.validate(url, form, signature("other", url, form))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "14155550000"}, 21211),
        ({"MessagingServiceSid": ""}, 21603),
        ({"MessagingServiceSid": "MG" + "0" * 32}, 21705),
        ({"MessagingServiceSid": "", "From": "+14155559999"}, 21659),
        ({"Body": ""}, 21619),
        ({"Body": "x" * 1601}, 21617),
        ({"MediaUrl": ["https://a.example/1.jpg"] * 11}, 21623),
        ({"MediaUrl": "file:///etc/passwd"}, 21620),
        ({"ContentSid": "HX" + "0" * 32}, 21655),
        ({"StatusCallback": "https://a_b.example/status"}, 21609),
        ({"StatusCallback": "nowhere"}, 21609),
        ({"ValidityPeriod": "0"}, 20001),
        ({"Colour": "red"}, 20001),
    ],
)
def test_it_takes_no_message_that_twilio_would_not(
    twilio: Emulator, fields: dict[str, Any], code: int
) -> None:
    """The rules of From, service, body, media and callback."""
    account = twilio.account
    form = {"To": "+14155550000", "MessagingServiceSid": next(iter(account.services)), "Body": "Hi", **fields}
    url = f"{twilio.url}/2010-04-01/Accounts/{account.sid}/Messages.json"
    answer = requests.post(url, data=form, auth=(account.sid, account.auth_token), timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert account.messages == {}


def test_it_lets_nobody_in_without_credentials(twilio: Emulator) -> None:
    """Basic authentication, on every endpoint."""
    url = f"{twilio.url}/2010-04-01/Accounts/{twilio.account.sid}/Messages.json"
    assert requests.get(url, timeout=5).json()["code"] == 20003
    assert requests.get(url, auth=("AC1", "x"), timeout=5).status_code == 401


def test_its_lists_have_pages(twilio: Emulator) -> None:
    """Newest first, each page naming the next."""
    plugin = vendor(base_url=twilio.url, hook_url="", concurrency=1)
    plugin.send_batch(plugin.channel, to(5))
    plugin.close()
    account = twilio.account
    address: str | None = f"/2010-04-01/Accounts/{account.sid}/Messages.json?PageSize=2"
    seen = []
    while address:
        page = requests.get(twilio.url + address, auth=(account.sid, account.auth_token), timeout=5).json()
        seen += [message["sid"] for message in page["messages"]]
        address = page["next_page_uri"]
    assert seen == list(reversed(account.messages))
