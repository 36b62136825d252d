"""The plugin in a whole bridge: what the emulated Aliyun pushes reaches Quick Audience."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from bridge.simulator import TemplateForm
from bridge.testing.play.running import CHANNEL, RunningBridge, await_, running_bridge

from .emulator import Emulator
from .emulator.account import REJECTED
from .samples import SIGN, numbers

HOOK = f"/hooks/{CHANNEL}/kit-hook-token-0123456789/"
OFF = "MOBILE_NOT_ON_SERVICE"


@pytest.fixture
def running(aliyun: Emulator, tmp_path: Path) -> Iterator[RunningBridge]:
    """Yield a bridge with one channel at the emulated Aliyun, which pushes to it."""
    settings = {
        "access_key_id": "testAK",
        "access_key_secret": "testSK",
        "endpoint": aliyun.url,
        "related_sign_name": SIGN,
    }
    with running_bridge(tmp_path, "aliyun", settings) as bridge:
        yield bridge


def push(bridge: RunningBridge, *items: dict[str, object]) -> None:
    """Push these items as Aliyun does, and be acknowledged."""
    answer = requests.post(bridge.url + HOOK, json=list(items), timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (200, 0)


def test_what_aliyun_pushes_arrives(running: RunningBridge, aliyun: Emulator) -> None:
    """From the template's review to the last receipt, in Quick Audience's own numbers and spelling."""
    qa = running.qa
    code = qa.create_text_template(TemplateForm("greeting", "Hello ${name}", 1, "kit"))
    (vendor_code,) = set(aliyun.account.templates) - {"SMS_1", "SMS_2", "SMS_9"}
    assert qa.query_text_template(code)["templateStatus"] == 0
    aliyun.account.review(vendor_code, 1)
    push(running, {"template_code": vendor_code, "template_status": "approved"})
    assert qa.query_text_template(code)["templateStatus"] == 1

    phones = ["+86 13800000000", *numbers(4)[1:]]
    aliyun.account.illegal = {"13800000003"}
    qa.send_list("task-1", phones, [{"name": str(index)} for index in range(4)], SIGN, code)
    await_(lambda: len(aliyun.account.messages) == 3, 120, lambda: running.log)
    await_(lambda: not _waiting(running), 120, lambda: running.log)
    messages = {message.phone: message for message in aliyun.account.messages}
    settle = aliyun.account.settle
    push(
        running,
        settle(messages["13800000000"]),
        settle(messages["13800000001"], OFF),
        {
            "phone_number": "13800000000",
            "content": "R",
            "send_time": "2026-11-02 12:00:00",
            "sequence_id": "1",
        },
    )
    push(running, settle(messages["13800000000"]))

    now = datetime.now(UTC)
    rows, total = qa.send_details("task-1", 1, now - timedelta(days=1), now + timedelta(days=1))
    assert total == 3
    assert {row["phoneNum"]: (row["sendStatus"], row["errCode"]) for row in rows} == {
        "+86 13800000000": (2, "DELIVERED"),
        "13800000001": (1, OFF),
        "13800000003": (1, "isv.MOBILE_NUMBER_ILLEGAL"),
    }


def test_a_signatures_review_is_asked_for_again(running: RunningBridge, aliyun: Emulator) -> None:
    """A push about a signature makes the bridge forget what it knew."""
    qa = running.qa
    assert qa.query_sign(SIGN)["signStatus"] == 1
    sign = aliyun.account.signs[SIGN]
    sign.status, sign.reason = REJECTED, "expired"
    assert qa.query_sign(SIGN)["signStatus"] == 1
    push(running, {"sign_name": SIGN, "sign_status": "rejected"})
    answer = qa.query_sign(SIGN)
    assert (answer["signStatus"], answer["reason"]) == (2, "expired")


def _waiting(bridge: RunningBridge) -> int:
    depth = bridge.ledger.gauges()
    return depth.get((CHANNEL, "ready"), 0) + depth.get((CHANNEL, "calling"), 0)
