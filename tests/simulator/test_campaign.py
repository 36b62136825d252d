"""The campaign against a bridge in memory: all stages, both receipt modes, and every lie is found out."""

import io
import time
from collections.abc import Iterator
from typing import Literal

import pytest
from rich.console import Console

from bridge.simulator import (
    CallbackServer,
    CampaignFailed,
    CampaignRun,
    Plan,
    QuickAudience,
    Result,
    invent,
    reconcile,
)
from bridge.simulator.campaign import Aside
from bridge.simulator.stages import stages_for
from bridge.simulator.timing import Timing

from .fake_bridge import FakeBridge
from .pushing import KEY


@pytest.fixture
def fake(callbacks: CallbackServer) -> Iterator[FakeBridge]:
    with FakeBridge(callbacks.url) as bridge:
        yield bridge


def plan(receipts: Literal["push", "pull"] = "push") -> Plan:
    return Plan(
        run="t",
        sign_name="演示",
        by_list=invent(1200, bad_every=100),
        by_file=invent(60, 1200),
        digital=invent(30, 1260),
        per_send=250,
        receipts=receipts,
        review_s=0.2,
        silence_s=0.2,
    )


def run(fake: FakeBridge, callbacks: CallbackServer, plan: Plan, console: Console | None = None) -> Result:
    qa = QuickAudience(fake.url, KEY)
    stages = stages_for(console or Console(quiet=True))
    try:
        campaign = CampaignRun(
            qa,
            callbacks,
            plan,
            stages,
            aside=Aside(replies_due=lambda: len(callbacks.inbox.replies)),
            timing=Timing(time.monotonic, lambda seconds: time.sleep(seconds / 20)),
        )
        course = campaign.run()
    finally:
        qa.close()
    return reconcile(course.sent, callbacks.inbox, course.details)


@pytest.mark.parametrize("terminal", [True, False])
def test_an_honest_bridge_reconciles(fake: FakeBridge, callbacks: CallbackServer, terminal: bool) -> None:
    console = Console(force_terminal=terminal, record=True, width=120, file=io.StringIO())
    result = run(fake, callbacks, plan(), console)
    assert list(result.findings) == []
    assert (result.sent, result.delivered, result.lost, result.replies) == (1290, 1278, 0, 7)
    assert result.failures == {"INVALID_NUMBER: No mobile number.": 12}
    shown = console.export_text()
    for stage in (
        "Signature status",
        "Modify text template",
        "Send by file",
        "Receipts pushed",
        "Send details",
    ):
        assert stage in shown
    assert "154" not in shown, "no phone number is printed"


def test_receipts_can_be_asked_for(callbacks: CallbackServer) -> None:
    with FakeBridge(callbacks.url, pushes=False) as fake:
        result = run(fake, callbacks, plan("pull"))
    assert list(result.findings) == []
    assert (result.delivered, result.failed, result.lost) == (1278, 12, 0)


LIES = {
    "a receipt is lost": ("tamper", lambda entries: entries[1:], "lost"),
    "a status is turned": (
        "tamper_row",
        lambda row: row | {"sendStatus": 1, "errCode": "EXPIRED"},
        "contradict the receipt",
    ),
    "values go to the neighbour": ("tamper_row", lambda row: row | {"content": "您好"}, "another text"),
    "an outId is changed": (
        "tamper",
        lambda entries: [entry | {"outId": "other"} for entry in entries],
        "lost: sent, and no receipt came",
    ),
    "two outIds share a push": (
        "tamper",
        lambda entries: [entries[0] | {"outId": "other"}, *entries[1:]],
        "refused with 400: The entries of one push must have the same outId",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lying_bridge_is_found_out(lie: str, fake: FakeBridge, callbacks: CallbackServer) -> None:
    attribute, change, words = LIES[lie]
    setattr(fake, attribute, change)
    findings = run(fake, callbacks, plan()).findings
    assert any(words in str(finding) for finding in findings), findings


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sign_status": 2}, "signature 演示 is not approved"),
        ({"sign_status": 0}, "signature 演示 is not over after 0.2 seconds"),
        ({"template_status": 2}, "template T1 is not approved"),
        ({"reviews": 10**6}, "template T1 is not over after 0.2 seconds"),
    ],
)
def test_a_review_that_fails_ends_the_campaign(
    change: dict[str, int], words: str, fake: FakeBridge, callbacks: CallbackServer
) -> None:
    for name, value in change.items():
        setattr(fake, name, value)
    with pytest.raises(CampaignFailed, match=words):
        run(fake, callbacks, plan())
