"""What plugins hear: what has happened, once, with its fields, whoever made it happen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any

import pytest

from bridge import metrics
from bridge.clock import moment
from bridge.contract.callbacks import CallbackAnswer
from bridge.ledger import AccountKey
from bridge.ledger.refs import message_ref
from bridge.plugin import (
    BridgeError,
    CredentialsRejected,
    DeliveryReceipt,
    EventName,
    MessageStatus,
    MoMessage,
    OutcomeUnknown,
    ReviewStatus,
    TemplateReview,
    VendorUnavailable,
    Verdict,
    accepted,
    from_vendor,
    rejected,
)
from bridge.services.desk.operating import Operating
from bridge.worker import Duties
from bridge.worker.loop import Station

from .conftest import Worlds
from .two_accounts import two
from .world import NAME, World

PHONES = ["13800000000", "13800000001"]
Fields = Mapping[str, str | int | float]
Told = list[tuple[EventName, Fields]]


def send(world: World, phones: Sequence[str] = PHONES) -> None:
    """Accept a send of its own, with a template of the channel."""
    world.send(phones, digest=str((world.now, len(world.screen.events))).encode())


def turn(world: World, later_s: float = 0) -> None:
    """Send what is due then, and tell what was halted or freed."""
    world.now += later_s
    world.hand_over()
    world.duties.announce()


def answers(error: BridgeError | None) -> Callable[[World], None]:
    """Return a send that the vendor answers so."""

    def play(world: World) -> None:
        vendor_says(world, error)
        send(world)
        turn(world)

    return play


def vendor_says(world: World, error: BridgeError | None) -> None:
    def answer(batch: Any) -> Any:
        if error is not None:
            raise error
        return [accepted(f"v-{message.ref}") for message in batch.messages]

    for vendor in world.vendors.values():
        vendor.answer = answer


def desk(world: World) -> Operating:
    return Operating(world.settings, world.ledger, lambda: world.now)


def decides(verdict: Verdict, of: str = "138") -> Callable[[World], None]:
    """Return a send of which a policy decides so."""

    def play(world: World) -> None:
        world.screen.decide = lambda number: verdict if number.startswith(of) else Verdict()
        send(world)
        turn(world)

    return play


def some_refused(world: World) -> None:
    world.vendor.answer = lambda batch: [accepted("v"), rejected("E1", "No.")]
    send(world)
    turn(world)


def none_readable(world: World) -> None:
    send(world, ["12", "13"])
    turn(world)


def too_late_to_be_sent(world: World) -> None:
    send(world)
    world.now += 100 * 3600
    world.settle()


def worker_dies(world: World) -> None:
    send(world)
    world.claimed()
    turn(world, 61)
    world.settle()


def worker_stood_still(world: World) -> None:
    send(world)
    [claimed] = world.claimed()
    world.now += 59
    sent = world.services.sending.run(claimed)
    assert not sent.outcomes and not world.vendor.batches


def receipts(world: World) -> None:
    """One for a message, one that comes before its own."""
    answers(None)(world)
    ref = world.vendor.batches[0].messages[0].ref
    early = DeliveryReceipt(MessageStatus.DELIVERED, message_ref=message_ref(1 << 60, 0))
    for one in (DeliveryReceipt(MessageStatus.DELIVERED, message_ref=ref), early):
        world.services.receiving.store_reports([one], [], "webhook")


def replies(world: World) -> None:
    reply = MoMessage(from_vendor("86" + PHONES[0]), "Hello")
    world.services.receiving.store_reports([], [reply], "webhook")


def pushes(*outcomes: str) -> Callable[[World], None]:
    """Return a callback that Quick Audience answers so, one time after the other."""

    def play(world: World) -> None:
        answers(None)(world)
        replies(world)
        for outcome in outcomes:
            answer = CallbackAnswer(outcome, "")  # type: ignore[arg-type]
            world.services.pushing._post = lambda kind, body, answer=answer: answer  # type: ignore[method-assign, misc]
            while world.pusher.cycle(0.05 if world.pusher.busy else 0) or world.pusher.busy:
                pass
            world.duties.announce()
            world.now += 3600

    return play


def callbacks_freed_by_a_person(world: World) -> None:
    pushes("auth")(world)
    desk(world).resume(NAME)
    world.duties.announce()


def refused_then_well(world: World) -> None:
    answers(CredentialsRejected("no such key"))(world)
    turn(world, 61)
    vendor_says(world, None)
    turn(world, 121)


def refused_then_resumed(world: World) -> None:
    answers(CredentialsRejected("no such key"))(world)
    vendor_says(world, None)
    desk(world).resume(NAME)
    turn(world)


def refused_then_another(world: World) -> None:
    answers(CredentialsRejected("no such key"))(world)
    world.services.renewing.run()
    world.hooks.identity = "another"
    world.services.renewing._looked = False
    world.services.renewing.run()
    world.duties.announce()


def paused_amid_the_trial(world: World) -> None:
    """A person pauses while the call after the bridge's own pause goes on."""
    answers(CredentialsRejected("no such key"))(world)

    def answer(batch: Any) -> Any:
        desk(world).pause(NAME, "Not now.")
        return [accepted("v") for _ in batch.messages]

    world.vendor.answer = answer
    turn(world, 61)
    assert world.ledger.coordination.channel_state(NAME).pause_reason == "Not now."


def by_a_person(account: str = "") -> Callable[[World], None]:
    def play(world: World) -> None:
        desk(world).pause(NAME, "Not now.", account)
        world.duties.announce()
        world.duties.announce()
        desk(world).resume(NAME, account)
        world.duties.announce()

    return play


def main_refused(world: World) -> None:
    now = int(world.now * 1000)
    world.ledger.accounts.pause(AccountKey(NAME, "main"), "no such key", now=now, base_ms=1, longest_ms=1)
    world.duties.announce()
    world.ledger.accounts.resume(AccountKey(NAME, "main"), now)
    world.duties.announce()


def rests(*after: str) -> Callable[[World], None]:
    """Return three calls that fail, and what is done then."""

    def play(world: World) -> None:
        vendor_says(world, VendorUnavailable("Down."))
        send(world, PHONES[:1])
        for _ in range(3):
            turn(world, 600)
        for what in after:
            vendor_says(world, None if what == "well" else VendorUnavailable("Down."))
            turn(world, 600)

    return play


def drifts(world: World) -> None:
    world.template()
    world.now += 120
    world.services.templates.refresh_pending()
    world.vendor.review = TemplateReview(ReviewStatus.REJECTED, "Spam.")
    world.services.drifting.ask()


def recorded(accepted: int = 0, rejected: int = 0, not_sent: int = 0) -> tuple[EventName, Fields]:
    return EventName.BATCH_RECORDED, {"accepted": accepted, "rejected": rejected, "not_sent": not_sent}


def lost(unknown: int) -> tuple[EventName, Fields]:
    return EventName.BATCH_UNKNOWN, {"accepted": 0, "rejected": 0, "not_sent": 0, "unknown": unknown}


@dataclass(frozen=True)
class Row:
    """What happens, what is told of it behind `send.accepted`, and how often the vendor is called.

    `cold`: the account has not worked for a while.
    """

    happens: Callable[[World], None]
    told: Told
    calls: int = 0
    several: bool = False
    cold: bool = False


LATER = Verdict(defer_until=moment(1_795_500_000_000))
NO = Verdict("NO", "Not today.")
PAUSE: Told = [(EventName.CHANNEL_PAUSED, {})]
RESUME: Told = [(EventName.CHANNEL_RESUMED, {})]
MAIN = {"account": "main"}
REFUSED: Told = [recorded(not_sent=2), *PAUSE]
REPLIED: Told = [recorded(accepted=2), (EventName.REPLIES_STORED, {"replies": 1})]
STOPPED: Told = [*REPLIED, (EventName.PUSH_FAILED, {"entries": 1})]
REST: Told = [*[recorded(not_sent=1)] * 3, (EventName.ACCOUNT_RESTING, {"account": "obedient", "rest_s": 5})]

ROWS: dict[str, Row] = {
    "taken": Row(answers(None), [recorded(accepted=2)], 1),
    "some refused by the vendor": Row(some_refused, [recorded(accepted=1, rejected=1)], 1),
    "the vendor unavailable": Row(answers(VendorUnavailable("Down.")), [recorded(not_sent=2)], 1),
    "no answer": Row(answers(OutcomeUnknown("Lost.")), [lost(2)], 1),
    "put off by a policy": Row(decides(LATER), []),
    "refused by a policy": Row(decides(NO), []),
    "one refused by a policy": Row(decides(NO, PHONES[0]), [recorded(accepted=1)], 1),
    "no number readable": Row(none_readable, []),
    "never sent in time": Row(too_late_to_be_sent, []),
    "the worker dies": Row(worker_dies, [lost(2)]),
    "the worker stood still": Row(worker_stood_still, []),
    "receipts": Row(
        receipts,
        [
            recorded(accepted=2),
            (EventName.RECEIPTS_APPLIED, {"ended": 1, "parked": 0}),
            (EventName.RECEIPTS_APPLIED, {"ended": 0, "parked": 1}),
        ],
        1,
    ),
    "a callback taken": Row(pushes("ok"), [*REPLIED, (EventName.PUSH_DONE, {"entries": 1})], 1),
    "a callback failed": Row(pushes("failed"), STOPPED, 1),
    "callbacks refused, then taken": Row(
        pushes("auth", "ok"),
        [
            *STOPPED,
            (EventName.CALLBACKS_STOPPED, {"rest_s": 60}),
            (EventName.PUSH_DONE, {"entries": 1}),
            (EventName.CALLBACKS_RESUMED, {}),
        ],
        1,
    ),
    "callbacks refused, then freed": Row(
        callbacks_freed_by_a_person,
        [*STOPPED, (EventName.CALLBACKS_STOPPED, {"rest_s": 60}), (EventName.CALLBACKS_RESUMED, {})],
        1,
    ),
    "refused once more, then taken": Row(
        refused_then_well, [*REFUSED, *REFUSED, recorded(accepted=2), *RESUME], 3
    ),
    "refused, then resumed": Row(refused_then_resumed, [*REFUSED, recorded(accepted=2), *RESUME], 2),
    "refused, then another account": Row(refused_then_another, [*REFUSED, *RESUME], 1),
    "paused by a person": Row(by_a_person(), [*PAUSE, *RESUME]),
    "paused by a person amid the trial": Row(paused_amid_the_trial, [*REFUSED, recorded(accepted=2)], 2),
    "one of several paused by a person": Row(
        by_a_person("main"),
        [(EventName.ACCOUNT_PAUSED, MAIN), (EventName.ACCOUNT_RESUMED, MAIN)],
        several=True,
    ),
    "one of several refused": Row(
        main_refused,
        [(EventName.ACCOUNT_PAUSED, MAIN), (EventName.ACCOUNT_RESUMED, MAIN)],
        several=True,
    ),
    "calls fail": Row(rests(), REST, 3, cold=True),
    "calls fail, then succeed": Row(
        rests("well"),
        [*REST, recorded(accepted=1), (EventName.ACCOUNT_RECOVERED, {"account": "obedient"})],
        4,
        cold=True,
    ),
    "calls fail, then the trial": Row(
        rests("down"),
        [*REST, recorded(not_sent=1), (EventName.ACCOUNT_RESTING, {"account": "obedient", "rest_s": 10})],
        4,
        cold=True,
    ),
    "templates differ": Row(
        drifts, [(EventName.TEMPLATES_DRIFTED, {"account": "obedient", "differences": 1})]
    ),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_what_happens_is_told(worlds: Worlds, row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what was called, and no more, is what the metrics count."""
    monkeypatch.setattr("bridge.ledger.sending.account.random.uniform", lambda low, high: 1.0)
    world = two(worlds) if row.several else worlds(cold=row.cold)
    counted = outcomes()
    row.happens(world)
    told = [(one.name, one.fields) for one in world.screen.events if one.name != EventName.SEND_ACCEPTED]
    assert told == row.told
    assert len(world.vendor.batches) == row.calls
    called = sum(float(count) for name, of in row.told if name.startswith("batch") for count in of.values())
    assert outcomes() - counted == called


def outcomes() -> float:
    """Return how many recipients were counted by the outcomes of calls."""
    return sum(
        sample.value
        for metric in metrics.OUTCOMES.collect()
        for sample in metric.samples
        if sample.name.endswith("_total") and not sample.labels["outcome"].startswith("reconciled")
    )


def test_every_event_is_played() -> None:
    """By a row above; what every send is told by, stands in each."""
    assert {name for row in ROWS.values() for name, _ in row.told} == set(EventName) - {
        EventName.SEND_ACCEPTED
    }


def test_a_send_is_told_of(world: World) -> None:
    """Once, however often it is repeated; its time is that of the clock that was handed in."""
    code = world.template()
    for _ in range(2):
        world.send(PHONES, code=code, digest=b"same")
    [event] = world.screen.events
    assert (event.name, event.fields) == (EventName.SEND_ACCEPTED, {"recipients": 2})
    assert event.at.timestamp() == world.now


def test_of_several_workers_one_tells(world: World) -> None:
    """Also of what was halted before it started; one that starts later says it to nobody again."""
    station = Station(world.all_services, world.ledger, world.settings.bridge, "other", lambda: world.now)
    desk(world).pause(NAME, "Restored.")
    for duties in (world.duties, Duties(station)):
        next(duty for duty in duties.all(Event()) if duty.name == "announce").work()
    assert [one.name for one in world.screen.events] == [EventName.CHANNEL_PAUSED]


def test_what_is_halted_costs_a_look_no_write(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers look every second."""
    desk(world).pause(NAME, "Not now.")
    world.duties.announce()
    monkeypatch.setattr(world.ledger.halts, "changes", None)
    world.duties.announce()
