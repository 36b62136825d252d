"""Every waiting batch knows why it waits, until when, and in whose words."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from sqlalchemy import update

from bridge.contract.bodies import SendListBody
from bridge.ledger import Account
from bridge.ledger.database import tables
from bridge.ledger.scope import Holder
from bridge.ledger.sending.accounts import save
from bridge.plugin import (
    ConfigurationRefused,
    CredentialsRejected,
    HeldUntil,
    Kind,
    NotAccepted,
    VendorThrottled,
    VendorUnavailable,
    Verdict,
    not_sent,
)
from bridge.services.campaigns.controlling import CampaignControlling
from bridge.services.campaigns.seeing import Seeing
from bridge.services.desk.operating import Operating
from bridge.services.desk.overview import Overview, SeenChannel, SeenHold
from bridge.web.gauges import KEPT, LedgerGauges

from ..conftest import Worlds
from ..world import NAME, World

PHONES = ["13800138000", "13900139000", "13700137000"]


def seen(world: World) -> SeenChannel:
    """Return what an operator sees of the only channel."""
    [channel] = Overview(world.settings, world.ledger, lambda: world.now).channels()
    return channel


def held(world: World) -> list[SeenHold]:
    return list(seen(world).accounts[0].held)


def refusing(error: NotAccepted) -> Callable[[World], None]:
    """Prepare a vendor that takes nothing."""

    def prepare(world: World) -> None:
        world.vendor.answer = lambda batch: [not_sent(error)] * len(batch.messages)

    return prepare


def quiet(world: World) -> None:
    until = datetime.fromtimestamp(world.now + 7200, UTC)
    world.screen.decide = lambda number: Verdict(reason="Night.", defer_until=until)


def wordless(world: World) -> None:
    until = datetime.fromtimestamp(world.now + 7200, UTC)
    world.screen.decide = lambda number: Verdict(defer_until=until)


def broken_policy(world: World) -> None:
    def decide(number: str) -> Verdict:
        raise RuntimeError("no list")

    world.screen.decide = decide


def paused_by_a_person(world: World) -> None:
    world.ledger.coordination.pause_until_resumed(NAME, "Wrong prices.")


def resting(world: World) -> None:
    now = int(world.now * 1000)
    account = Account(NAME, "obedient", opens=1, open_until=now + 5000, reason="HTTP 503")
    world.ledger.write(lambda connection: save(connection, account))
    world.cold = True  # leaves the account as it is


class Row(NamedTuple):
    """Why messages wait, and what an operator reads."""

    prepare: Callable[[World], None]
    reason: str
    words: str
    least_s: float | None
    most_s: float | None = None


def until(world: World) -> datetime:
    return datetime.fromtimestamp(world.now + 3600, UTC)


UNTIL = datetime.fromtimestamp(1_795_400_000 + 3600, UTC)
ROWS = {
    "quiet hours": Row(quiet, "policy", "screen: Night.", 7190, 7200),
    "a policy without words": Row(wordless, "policy", "screen", 7190, 7200),
    "a policy that fails": Row(broken_policy, "retry", "The plugin screen failed (RuntimeError).", 50, 61),
    "the vendor's night": Row(
        refusing(HeldUntil("Closed at night.", until=UNTIL, code="NIGHT")),
        "vendor_hours",
        "Closed at night. (NIGHT)",
        3500,
        3640,
    ),
    "throttled": Row(
        refusing(VendorThrottled("Slow down.", code="429", retry_after=30)),
        "throttled",
        "Slow down. (429)",
        30,
        37,
    ),
    "a template under review": Row(
        refusing(ConfigurationRefused("The template is not approved.", code="TPL")),
        "review",
        "The template is not approved. (TPL)",
        10,
        31,
    ),
    "no contact": Row(
        refusing(VendorUnavailable("Connection refused for 13800138000.", code="REFUSED")),
        "retry",
        "Connection refused for 138******00. (REFUSED)",
        0.9,
        2.1,
    ),
    "an empty balance": Row(
        refusing(CredentialsRejected("The balance is used up.", code="NO_MONEY")),
        "pause",
        "The balance is used up. (NO_MONEY)",
        0.9,
        2.1,
    ),
    "a person": Row(paused_by_a_person, "pause", "Wrong prices.", None),
    "the breaker": Row(resting, "breaker", "HTTP 503", 4.9, 5),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_what_waits_says_why(world: World, row: Row) -> None:
    """The reason, the words and the end; nothing of it counts as ready."""
    world.send(PHONES)
    row.prepare(world)
    world.hand_over()
    [one] = held(world)
    assert (one.reason, one.words, one.messages) == (row.reason, row.words, len(PHONES))
    if row.least_s is None:
        assert one.until is None
    else:
        assert one.until is not None
        assert row.most_s is not None
        assert row.least_s <= one.until / 1000 - world.now <= row.most_s
    assert seen(world).accounts[0].ready == 0


def test_a_rate_that_is_used_up_is_a_reason(worlds: Worlds) -> None:
    """What is due waits for the bucket."""
    world = worlds(rate_per_s=2)
    world.send([f"138{number:08d}" for number in range(6)])
    world.hand_over()
    [one] = held(world)
    assert (one.reason, one.words, one.messages) == ("rate", "2 messages a second", 4)
    assert one.until is not None
    assert one.until / 1000 == pytest.approx(world.now + 1, abs=0.1)


def test_a_person_s_pause_is_no_error_of_the_vendor(world: World) -> None:
    """Its words stand with what waits, and the vendor has said nothing."""
    world.send(PHONES)
    paused_by_a_person(world)
    account = seen(world).accounts[0]
    assert (account.held[0].words, account.error) == ("Wrong prices.", "")


def test_a_reason_ends_with_the_wait(world: World) -> None:
    """What is due again is ready; what is sent is gone; the vendor's last words stay until a success."""
    world.send(PHONES)
    refusing(VendorUnavailable("No contact.", code="REFUSED"))(world)
    world.hand_over()
    account = seen(world).accounts[0]
    assert account.error == "No contact."
    assert account.next_try == held(world)[0].until
    world.now += 3
    assert held(world) == []
    assert seen(world).accounts[0].ready == len(PHONES)
    world.vendor.answer = type(world.vendor)(world.vendor.channel).answer
    world.hand_over()
    assert (seen(world).accounts[0].ready, len(world.sent())) == (0, 2 * len(PHONES))


def test_reasons_are_kept_apart(world: World) -> None:
    """One batch is cut by what its messages wait for; each reason counts its own."""
    at = datetime.fromtimestamp(world.now + 7200, UTC)
    decisions = {PHONES[0]: Verdict(reason="Night.", defer_until=at)}
    world.screen.decide = lambda number: decisions.get(number, Verdict())
    refusing(VendorThrottled("Slow down.", code="429"))(world)
    world.send(PHONES)
    world.hand_over()
    assert {one.reason: one.messages for one in held(world)} == {"policy": 1, "throttled": 2}


def test_a_vendor_s_changing_words_are_one_reason(world: World) -> None:
    """A request id in every answer makes no list of a thousand lines."""
    world.vendor.size = 1
    numbers = iter(range(100))
    world.vendor.answer = lambda batch: [not_sent(VendorThrottled(f"Slow down, request {next(numbers)}."))]
    world.send(PHONES)
    world.hand_over()
    [one] = held(world)
    assert one.messages == len(PHONES)
    assert one.words.startswith("Slow down, request ")


def test_unread_files_say_why(world: World) -> None:
    """The host's answer, and when it is asked again."""
    from bridge.ledger import NewFile, NewSend, Terms

    now = int(world.now * 1000)
    new = NewSend(NAME, "task-1", "Acme", "T1", '{"type": 1, "code": "T1"}', b"d")
    world.ledger.sends.accept(new, Terms(now, now + 10**7, 10**7, 100), NewFile("https://x.example/f.csv"))
    job = world.ledger.files.claim(NAME, Holder("worker", 1000), now=now)
    assert job is not None
    world.ledger.files.again(job, due=now + 5000, error="The host answered 404.")
    [file] = seen(world).files
    assert (file.error, file.next_try, file.lines) == ("The host answered 404.", now + 5000, 0)


def test_callbacks_show_quick_audience_s_last_answer(world: World) -> None:
    """What waits, and the words of the latest refusal."""
    world.send(PHONES[:1])
    world.screen.decide = lambda number: Verdict("SUPPRESSED", "on the list")
    world.hand_over()
    assert world.pusher.cycle(0) == 1
    while world.pusher.busy:
        world.pusher.cycle(0.05)
    world.pusher.cycle(0)
    channel = seen(world)
    assert (channel.callbacks, channel.answer) == (1, "CONNECTION_REFUSED")


def test_weights_are_shown_as_they_are_now(world: World) -> None:
    """What a guard changed, and what is configured."""
    from bridge.ledger import Change

    now = int(world.now * 1000)
    world.ledger.weights.change(NAME, {"main": 70, "spare": 30}, [Change("main", 70, 60, "slow", now)])
    weights = {NAME: {"main": 70, "spare": 30}}
    found = LedgerGauges((NAME,), world.ledger, lambda: world.now, weights).collect()
    [family] = [family for family in found if family.name == "sms_bridge_account_weight"]
    assert {one.labels["account"]: one.value for one in family.samples} == {"main": 60, "spare": 30}


def test_an_account_that_is_paused_is_told_while_there_is_one(world: World) -> None:
    """Whoever paused it; one that was taken out, as the guide says, raises no alarm."""
    desk = Operating(world.settings, world.ledger, lambda: world.now)
    desk.pause(NAME, "Their maintenance.", "obedient")
    told = []
    for accounts in ("obedient",), ("another",):
        found = LedgerGauges((NAME,), world.ledger, lambda: world.now, {}, {NAME: accounts}).collect()
        [family] = [family for family in found if family.name == "sms_bridge_account_paused"]
        told.append({one.labels["account"]: one.value for one in family.samples})
    assert told == [{"obedient": 1}, {}]


def paused(world: World) -> None:
    """A person pauses the campaign."""
    controlling = CampaignControlling(Seeing(world.ledger), world.ledger, lambda: world.now, "shell:x")
    controlling.pause([NAME], "task-1", "Wrong prices.")


def carried_out(world: World) -> None:
    """Pause it, and let a worker take its batches out of the queue."""
    paused(world)
    world.duties.control()


def throttled_before(world: World) -> None:
    """What waits for its vendor too."""
    refusing(VendorThrottled("Slow down.", code="429", retry_after=30))(world)
    world.hand_over()
    paused(world)


def accepted_later(world: World) -> None:
    """A send joins the campaign when it is paused already."""
    carried_out(world)
    world.send(["13600136000"], digest=b"later")


# how the campaign of three messages comes to wait -> how many of its messages wait then
PAUSED: dict[str, tuple[Callable[[World], None], int]] = {
    "at once": (paused, 3),
    "carried out": (carried_out, 3),
    "throttled before": (throttled_before, 3),
    "accepted later": (accepted_later, 4),
}


@pytest.mark.parametrize("others", [0, 2], ids=["alone", "beside another campaign"])
@pytest.mark.parametrize(("prepare", "messages"), PAUSED.values(), ids=PAUSED)
def test_what_a_paused_campaign_has_is_held_and_not_ready(
    world: World, prepare: Callable[[World], None], messages: int, others: int
) -> None:
    """From the moment on at which it is paused: in lists, on pages and for alerts."""
    world.send(PHONES)
    prepare(world)
    if others:
        raw: dict[str, Any] = {"outId": "another", "phoneNumberJson": PHONES[:others], "signName": "Acme"}
        raw |= {"templateCode": world.template(), "templateParamJson": [{"name": "n"}] * others}
        body = SendListBody.parse(json.dumps(raw).encode())
        world.services.accepting.send_list(body, b"another", Kind.TEXT)
    world.now += 60
    [one] = held(world)
    told = (one.reason, one.words, one.messages, one.until)
    assert told == ("campaign", "task-1: Wrong prices.", messages, None)
    assert Seeing(world.ledger).find([NAME], one.campaign).name == "task-1"
    assert seen(world).accounts[0].ready == others
    families = {one.name: one for one in LedgerGauges((NAME,), world.ledger, lambda: world.now).collect()}
    depth = {one.labels["state"]: one.value for one in families["sms_bridge_queue_depth"].samples}
    assert depth == {"ready": others, "held": messages, "calling": 0, "unknown": 0}
    by_reason = {one.labels["reason"]: one.value for one in families["sms_bridge_queue_held"].samples}
    assert {reason: value for reason, value in by_reason.items() if value} == {"campaign": messages}
    [overdue] = families["sms_bridge_queue_overdue_seconds"].samples
    assert overdue.value == (60 if others else 0)


def test_a_paused_campaign_is_told_by_its_name(world: World) -> None:
    """Which is no phone number, however much it looks like one; a number in the reason is masked."""
    world.send(PHONES)
    named = update(tables.campaign).values(name=(name := "2026112900456"))
    world.ledger.write(lambda connection: connection.execute(named))
    controlling = CampaignControlling(Seeing(world.ledger), world.ledger, lambda: world.now, "shell:x")
    controlling.pause([NAME], name, "As 13800138000 asked.")
    assert [one.words for one in held(world)] == [f"{name}: As 138******00 asked."]


def test_gauges_count_by_reason(world: World) -> None:
    """Each reason has its gauge, also when nothing waits for it."""
    world.send(PHONES)
    quiet(world)
    world.hand_over()
    gauges = LedgerGauges((NAME,), world.ledger, lambda: world.now).collect()
    [family] = [family for family in gauges if family.name == "sms_bridge_queue_held"]
    values = {sample.labels["reason"]: sample.value for sample in family.samples}
    assert values == {reason: float(len(PHONES) if reason == "policy" else 0) for reason in KEPT}
    assert json.dumps(values)
