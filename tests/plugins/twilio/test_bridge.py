"""The plugin in a whole bridge behind a proxy: what the emulated Twilio reports reaches Quick Audience."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.simulator import TemplateForm
from bridge.testing.play.running import CHANNEL, RunningBridge, await_, running_bridge

from .emulator import Emulator
from .emulator.account import SERVICE_SID
from .samples import settings

PUBLIC = "https://sms.example.com"
HOOK = f"{PUBLIC}/hooks/{CHANNEL}/kit-hook-token-0123456789"
PHONES = ["1415555000 0", "+14155550001", "14155550002", "14155550003"]


@pytest.fixture(scope="module")
def twilio() -> Iterator[Emulator]:
    """Yield a Twilio that delivers by itself."""
    with Emulator() as emulator:
        yield emulator


@pytest.fixture(scope="module")
def running(twilio: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBridge]:
    """Yield a bridge with one channel at the emulated Twilio, which reaches it through a proxy."""
    folder = tmp_path_factory.mktemp("bridge")
    with running_bridge(folder, "twilio", settings(base_url=twilio.url)) as bridge:
        twilio.callbacks.proxies[PUBLIC] = bridge.url
        yield bridge


def send(bridge: RunningBridge, task: str, phones: list[str], code: str) -> None:
    bridge.qa.send_list(task, phones, [{"name": str(index)} for index in range(len(phones))], "Acme", code)


def told(bridge: RunningBridge, task: str) -> dict[str, tuple[int, str]]:
    """Return what Quick Audience is told of a task: status and code by the number as it wrote it."""
    now = datetime.now(UTC)
    rows, _ = bridge.qa.send_details(task, 1, now - timedelta(days=1), now + timedelta(days=1))
    return {row["phoneNum"]: (row["sendStatus"], row["errCode"]) for row in rows}


def test_a_campaign_is_told_to_its_end(running: RunningBridge, twilio: Emulator) -> None:
    """Signed callbacks come through the proxy; numbers come back as Quick Audience wrote them."""
    rules: dict[str, dict[str, Any]] = {
        "+14155550001": {"final": "undelivered", "final_code": 30003},
        "+14155550002": {"error": 21614},
    }
    twilio.account.rules.update(rules)
    code = running.qa.create_text_template(TemplateForm("greeting", "Hello ${name}", 3, "kit"))
    send(running, "task-1", PHONES, code)
    await_(lambda: len(told(running, "task-1")) == len(PHONES), 120, lambda: running.log)
    assert told(running, "task-1") == {
        "1415555000 0": (2, "DELIVERED"),
        "+14155550001": (1, "30003"),
        "14155550002": (1, "21614"),
        "14155550003": (2, "DELIVERED"),
    }
    assert twilio.callbacks.quiet()
    assert twilio.callbacks.failures == []
    assert twilio.faults == []

    stop = {"From": "+14155550003", "To": "+14155550100", "MessagingServiceSid": SERVICE_SID}
    assert twilio.inbound(f"{HOOK}/inbound", Body="STOP", OptOutType="STOP", **stop) == 200
    send(running, "task-2", ["14155550003"], code)
    await_(lambda: bool(told(running, "task-2")), 120, lambda: running.log)
    assert told(running, "task-2") == {"14155550003": (1, "21610")}


def test_nobody_else_can_report(running: RunningBridge, twilio: Emulator) -> None:
    """A callback signed with another token is refused, although it knows the secret path."""
    twilio.account.auth_token = "not-the-channels-token"
    form = {"MessageSid": "SM" + "1" * 32, "MessageStatus": "delivered", "To": "+14155550000"}
    assert twilio.callbacks.post(f"{HOOK}/status?m=m1&b=c1", form) == 403
