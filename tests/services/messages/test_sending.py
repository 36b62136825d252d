"""From the vendor's answer to statuses: the one table that decides what is sent again and what never is."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from bridge import metrics
from bridge.plugin import (
    Batch,
    Carrier,
    CarrierReview,
    ConfigurationRefused,
    CredentialsRejected,
    DeliveryReceipt,
    DigitalTemplateReview,
    HeldUntil,
    Kind,
    MessageStatus,
    MoMessage,
    NotAccepted,
    OutcomeUnknown,
    ReviewStatus,
    SubmitResult,
    UnsupportedOperation,
    VendorRejected,
    VendorThrottled,
    VendorUnavailable,
    Verdict,
    accepted,
    from_vendor,
    not_sent,
    rejected,
    unknown,
)

from ..conftest import Worlds
from ..world import NAME, World

SOON = datetime(2020, 1, 1, tzinfo=UTC)
PHONES = ["13800000000", "13800000001", "13800000002"]


def raising(error: Exception) -> Callable[[Batch], Sequence[SubmitResult]]:
    def answer(batch: Batch) -> Sequence[SubmitResult]:
        raise error

    return answer


def giving(*results: SubmitResult) -> Callable[[Batch], Sequence[SubmitResult]]:
    return lambda batch: results


# What the vendor does -> codes of what ended at once, how many are in question, how many go again.
ANSWERS: dict[str, tuple[Callable[[Batch], Sequence[SubmitResult]], list[str], int, int]] = {
    "all accepted": (giving(accepted("1"), accepted("2"), accepted("3")), [], 0, 0),
    "one refused": (giving(accepted(), rejected("BAD", "no"), accepted()), ["BAD"], 0, 0),
    "one unknown": (giving(accepted(), unknown("?"), accepted()), [], 1, 0),
    "one not sent": (giving(accepted(), not_sent(VendorThrottled("slow")), accepted()), [], 0, 1),
    "refused for good": (raising(VendorRejected("no", code="NO")), ["NO"] * 3, 0, 0),
    "cannot send": (raising(UnsupportedOperation("no")), ["UNSUPPORTED_OPERATION"] * 3, 0, 0),
    "throttled": (raising(VendorThrottled("slow")), [], 0, 3),
    "no contact": (raising(VendorUnavailable("down")), [], 0, 3),
    "not accepted": (raising(NotAccepted("busy")), [], 0, 3),
    "credentials": (raising(CredentialsRejected("key")), [], 0, 3),
    "configuration": (raising(ConfigurationRefused("template")), [], 0, 3),
    "night and template": (
        giving(not_sent(HeldUntil("night", until=SOON)), not_sent(ConfigurationRefused("no")), accepted()),
        [],
        0,
        2,
    ),
    "answer lost": (raising(OutcomeUnknown("lost")), [], 3, 0),
    "a bug": (raising(KeyError("oops")), [], 3, 0),
    "too few results": (giving(accepted()), [], 3, 0),
    "no results": (lambda batch: None, [], 3, 0),  # type: ignore[dict-item, return-value]
    "strange results": (giving("x", "y", "z"), [], 3, 0),  # type: ignore[arg-type]
}


@pytest.mark.parametrize(("answer", "codes", "in_question", "again"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_has_its_consequence(
    world: World,
    answer: Callable[[Batch], Sequence[SubmitResult]],
    codes: list[str],
    in_question: int,
    again: int,
) -> None:
    """Whatever happens later, the numbers called again are exactly those that were certainly not sent."""
    world.vendor.answer = answer
    world.send(PHONES)
    world.hand_over()
    assert sorted(world.ended().values()) == codes
    gauges = world.ledger.gauges()
    assert gauges.get((NAME, "unknown"), 0) == (3 if in_question else 0)
    assert gauges.get((NAME, "ready"), 0) == again
    called = len(world.sent())
    world.vendor.answer = lambda batch: [accepted() for _ in batch.messages]
    world.now += 3600
    world.hand_over()
    assert len(world.sent()) - called == again


# What the vendor does -> the code under which the call counts as failed.
FAILED = {
    "all accepted": "",
    "one refused": "",
    "refused for good": "",
    "one unknown": "OUTCOME_UNKNOWN",
    "throttled": "VENDOR_THROTTLED",
    "no contact": "VENDOR_UNAVAILABLE",
    "credentials": "CREDENTIALS_REJECTED",
    "answer lost": "OUTCOME_UNKNOWN",
    "a bug": "PLUGIN_FAULT",
}


@pytest.mark.parametrize("name", FAILED)
@pytest.mark.parametrize(("kind", "hook"), [(Kind.TEXT, "send_batch"), (Kind.DIGITAL, "send_digital_batch")])
def test_a_call_is_measured_and_a_failed_one_counted(world: World, name: str, kind: Kind, hook: str) -> None:
    """Once, under its hook, however many messages it was for; a refused message is no failed call."""
    world.vendor.answer = ANSWERS[name][0]
    approved = CarrierReview(ReviewStatus.APPROVED)
    world.vendor.digital_review = DigitalTemplateReview(dict.fromkeys(Carrier, approved))
    world.send(PHONES, code=world.digital() if kind is Kind.DIGITAL else world.template(), kind=kind)
    before = counted(hook)
    world.hand_over()
    after = counted(hook)
    assert after.pop("calls") - before.pop("calls") == 1
    assert {code for code in after if after[code] > before.get(code, 0)} == {FAILED[name]} - {""}
    assert sum(after.values()) - sum(before.values()) == (1 if FAILED[name] else 0)


def counted(hook: str) -> dict[str, float]:
    """Failed calls by code, and all calls."""
    found = {"calls": 0.0}
    for metric in metrics.registry().collect():
        for sample in metric.samples:
            if sample.labels.get("hook") != hook:
                continue
            if sample.name == "sms_bridge_vendor_errors_total":
                found[sample.labels["code"]] = sample.value
            if sample.name == "sms_bridge_vendor_call_seconds_count":
                found["calls"] = sample.value
    return found


BAD: dict[str, tuple[str, dict[str, str] | None, str]] = {
    "letters": ("hello", {"name": "a"}, "INVALID_NUMBER"),
    "too short": ("1380000", {"name": "a"}, "INVALID_NUMBER"),
    "American under a domestic template": ("+14155552671", {"name": "a"}, "INVALID_NUMBER"),
    "empty": ("", {"name": "a"}, "INVALID_NUMBER"),
    "a lone surrogate": ("\ud800", {"name": "a"}, "INVALID_NUMBER"),
    "value missing": ("13800000009", {"other": "a"}, "MISSING_VARIABLE"),
}


@pytest.mark.parametrize(("phone", "values", "code"), BAD.values(), ids=BAD)
def test_a_bad_recipient_fails_alone(world: World, phone: str, values: dict[str, str], code: str) -> None:
    """The others are sent; the bad one becomes a failed receipt with the number as it was written."""
    from bridge.ledger import Recipients, Terms
    from bridge.ledger.sending.sends import NewSend
    from bridge.services.snapshots import snapshot

    template = world.ledger.templates.get(NAME, world.template())
    assert template is not None
    recipients = Recipients([PHONES[0], phone], [{"name": "x"}, values])
    new = NewSend(NAME, "task-1", "Acme", template.code, snapshot(template), b"d", "{}", [recipients])
    now = int(world.now * 1000)
    world.ledger.sends.accept(new, Terms(now, now + 10**9, 10**6, 10**6))
    world.hand_over()
    assert world.sent() == [PHONES[0]]
    assert list(world.ended().values()) == [code]
    if phone.isascii():
        assert list(world.ended()) == [phone]


def test_values_are_put_in_once(world: World) -> None:
    """A value that looks like a placeholder arrives as it is, numbers keep their digits."""
    code = world.template("${a} and ${b}")
    world.send([PHONES[0]], code=code, params=[{"a": "${b}", "b": "1.10"}])
    world.hand_over()
    assert world.vendor.batches[0].messages[0].text == "${b} and 1.10"


def test_a_number_occurs_once_in_a_call(world: World) -> None:
    """Repeated numbers, however written, are sent in calls of their own, each message once."""
    world.send(["13800000000", "+86 138 0000 0000", "13800000001", "008613800000000"])
    world.hand_over()
    assert sorted(len(batch.messages) for batch in world.vendor.batches) in ([1, 1, 2], [1, 3], [2, 2])
    for batch in world.vendor.batches:
        numbers = [message.phone.e164 for message in batch.messages]
        assert len(numbers) == len(set(numbers))
    assert len(world.sent()) == 4


def test_the_limit_sends_the_first_and_fails_the_rest(world: World) -> None:
    """QA's limit is a cap; who is beyond it gets a clear code."""
    world.send(PHONES, limit=2)
    world.hand_over()
    assert world.sent() == PHONES[:2]
    assert world.ended() == {PHONES[2]: "LIMIT_EXCEEDED"}


@pytest.mark.parametrize(("hours", "calls"), [(0, 1), (23.9, 1), (24.1, 2)])
def test_a_request_that_is_repeated_within_a_day_sends_nothing(
    world: World, hours: float, calls: int
) -> None:
    """It gets the first answer again; after a day the same words are another send."""
    code = world.template()
    first = world.send(PHONES, code=code, digest=b"same")
    world.hand_over()
    world.now += hours * 3600
    again = world.send(PHONES, code=code, digest=b"same")
    world.hand_over()
    assert (again == first, len(world.sent())) == (calls == 1, calls * len(PHONES))


def test_policies_refuse_and_defer_message_by_message(world: World) -> None:
    """A refusal ends the message, a deferral waits for its time, the rest goes now."""
    until = datetime.fromtimestamp(world.now + 7200, UTC)
    decisions = {PHONES[0]: Verdict("SUPPRESSED", "on the list"), PHONES[1]: Verdict(defer_until=until)}
    world.screen.decide = lambda number: decisions.get(number, Verdict())
    world.send(PHONES)
    world.hand_over()
    assert world.sent() == [PHONES[2]]
    assert world.ended() == {PHONES[0]: "SUPPRESSED"}
    decisions.clear()
    world.now += 7000
    world.hand_over()
    assert world.sent() == [PHONES[2]]
    world.now += 300
    world.hand_over()
    assert world.sent() == [PHONES[2], PHONES[1]]


def test_a_failing_policy_holds_the_batch(world: World) -> None:
    """Nothing is sent while a policy cannot decide, and nothing is lost."""

    def broken(number: str) -> Verdict:
        raise RuntimeError("no list")

    world.screen.decide = broken
    world.send(PHONES)
    world.hand_over()
    assert world.sent() == []
    world.screen.decide = lambda number: Verdict()
    world.now += 61
    world.hand_over()
    assert world.sent() == PHONES


def test_refused_credentials_pause_the_channel_and_a_success_ends_the_pause(world: World) -> None:
    """All messages stay queued; after the pause one call tries, and its success frees the rest."""
    world.vendor.size = 1
    world.vendor.answer = raising(CredentialsRejected("The key is refused."))
    world.send(PHONES)
    world.hand_over()
    state = world.ledger.coordination.channel_state(NAME)
    assert state.paused_until > world.now * 1000
    called = len(world.sent())
    world.hand_over()
    assert len(world.sent()) == called, "a paused channel does not call"
    world.vendor.answer = lambda batch: [accepted() for _ in batch.messages]
    world.now = state.paused_until / 1000 + 30
    world.hand_over()
    assert world.ledger.coordination.channel_state(NAME).pauses == 0
    assert set(world.sent()[called:]) == set(PHONES)
    assert not world.ledger.gauges()


def test_a_template_that_a_person_must_mend_does_not_pause_the_channel(world: World) -> None:
    """The messages wait, longer than for a rate, and go out by themselves once it is mended."""
    world.vendor.answer = raising(ConfigurationRefused("The template is not approved."))
    world.send(PHONES)
    world.hand_over()
    assert not world.ledger.coordination.channel_state(NAME).pauses
    called = len(world.sent())
    world.now += 10
    world.hand_over()
    assert len(world.sent()) == called
    world.vendor.answer = lambda batch: [accepted() for _ in batch.messages]
    world.now += 60
    world.hand_over()
    assert not world.ledger.gauges()


def test_a_vendor_that_is_closed_is_asked_when_it_opens(world: World) -> None:
    """Nothing is called before the moment it named, and the channel is neither paused nor slowed."""
    opens = datetime.fromtimestamp(world.now + 7200, UTC)
    world.vendor.answer = raising(HeldUntil("Not at night.", until=opens))
    world.send(PHONES)
    world.hand_over()
    called = len(world.sent())
    world.vendor.answer = lambda batch: [accepted() for _ in batch.messages]
    world.now += 7100
    world.hand_over()
    assert len(world.sent()) == called
    world.now += 200
    world.hand_over()
    assert len(world.sent()) == called + len(PHONES)


def test_an_opt_out_told_by_the_vendor_is_remembered(world: World) -> None:
    """The number is on the signature's list when the answer is recorded."""
    world.vendor.answer = giving(rejected("21610", "opted out", opted_out=True))
    world.send(PHONES[:1])
    world.hand_over()
    assert world.ledger.suppressions.among(NAME, "Acme", ["86" + PHONES[0]]) == {"86" + PHONES[0]}


def test_a_rate_is_kept(worlds: Worlds) -> None:
    """Two a second: a second's worth at once, and then as time passes."""
    world = worlds(rate_per_s=2)
    world.send([f"138{index:08d}" for index in range(10)])
    counts = []
    for _ in range(5):
        world.hand_over()
        counts.append(len(world.sent()))
        world.now += 1
    assert counts == [2, 4, 6, 8, 10]


@pytest.mark.parametrize(("rate", "most"), [(0.5, 1), (1, 1), (2.5, 2), (0, 9)])
def test_a_call_holds_no_more_than_a_second_s_worth(worlds: Worlds, rate: float, most: int) -> None:
    """And one message where the rate is below one; without a rate the vendor's limits alone count."""
    world = worlds(rate_per_s=rate)
    world.vendor.size = 9
    world.send([f"138{index:08d}" for index in range(9)])
    world.hand_over()
    assert len(world.vendor.batches[0].messages) == most


def test_a_message_that_could_not_be_sent_in_time_expires(worlds: Worlds) -> None:
    """After the deadline it is not sent any more, and Quick Audience is told."""
    world = worlds(unknown_deadline_h=1)
    world.vendor.answer = raising(VendorUnavailable("down"))
    world.send(PHONES)
    world.hand_over()
    world.now += 3601
    world.settle()
    assert world.ended() == dict.fromkeys(PHONES, "NOT_SENT_IN_TIME")
    called = len(world.sent())
    world.now += 9999
    world.hand_over()
    assert len(world.sent()) == called


@pytest.mark.parametrize("at_once", [True, False], ids=["by the answer", "by a look-up"])
def test_every_segment_of_a_message_is_waited_for(world: World, at_once: bool) -> None:
    """A vendor names each segment; the message is delivered when a receipt has come for each."""
    named = giving(accepted("s1", "s2", "s3"))
    world.vendor.answer = named if at_once else giving(unknown("lost"))
    world.vendor.look_up = named
    world.send(PHONES[:1])
    world.hand_over()
    world.now += 600
    world.settle()
    for vendor_id, ended in (("s3", {}), ("s1", {}), ("s2", {PHONES[0]: "DELIVERED"})):
        world.services.receiving.store_reports(
            [DeliveryReceipt(MessageStatus.DELIVERED, vendor_id=vendor_id)], [], "webhook"
        )
        assert world.ended() == ended


@pytest.mark.parametrize("written", ["886 0912 345 678", "+886-912-345-678", "\u202d8860912345678\u202c"])
def test_one_person_is_one_number_however_it_is_written(worlds: Worlds, written: str) -> None:
    """In suppression, duplicates, caps, receipts and replies; Quick Audience gets its own writing back."""
    caps = {"frequency": {"caps": [{"messages": 2, "hours": 24}], "types": ["international"]}}
    one, digits = "+886912345678", "886912345678"
    world = worlds(policies=["frequency", "suppression"], policy_settings=caps)
    template = world.template("Hi ${name}", type_=3)
    world.send([written, one], code=template)
    world.hand_over()
    assert [m.phone.e164 for batch in world.vendor.batches for m in batch.messages] == [one, one]
    assert [len(batch.messages) for batch in world.vendor.batches] == [1, 1], "no number twice in a call"
    first = world.vendor.batches[0]
    receiving = world.services.receiving
    receipt = DeliveryReceipt(MessageStatus.DELIVERED, batch_ref=first.ref, phone=from_vendor(one))
    receiving.store_reports([receipt], [], "webhook")
    assert world.ended() == {first.messages[0].phone.raw: "DELIVERED"}
    world.send(["00" + digits], code=template, digest=b"capped")
    world.hand_over()
    assert world.ended()["00" + digits] == "FREQUENCY_CAP"
    stop = MoMessage(from_vendor("8860912345678"), "T")
    assert receiving.store_reports([], [stop], "webhook").replies == 1
    assert world.ledger.suppressions.among(NAME, "Acme", [digits]) == {digits}
    world.send([written], code=template, digest=b"again")
    world.hand_over()
    assert len(world.vendor.batches) == 2
