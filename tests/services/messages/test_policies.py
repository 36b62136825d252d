"""The built-in policies in a running sender: who is not written to, when not, and how often not."""

from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bridge.ledger.scope import Scope
from bridge.plugin import (
    Batch,
    Carrier,
    CarrierReview,
    DeliveryReceipt,
    DigitalTemplateReview,
    Kind,
    MessageStatus,
    MoMessage,
    ReviewStatus,
    SubmitResult,
    accepted,
    from_vendor,
    rejected,
)

from ..conftest import Worlds
from ..world import NAME, World

ANNA, BOB = "13800000000", "13900000001"
CAPTCHA, NOTIFICATION, PROMOTION = 0, 1, 2
DAY = 86_400


def send(world: World, phones: Sequence[str], type_: int = PROMOTION, sign: str = "Acme") -> list[str]:
    """Send a new text of a type; the numbers the vendor was called with."""
    before = len(world.sent())
    world.send(phones, code=world.template(type_=type_), sign=sign, digest=str(world.now).encode())
    world.hand_over()
    return world.sent()[before:]


def answers(text: str, *, opt_out: bool | None = None) -> Callable[[World], None]:
    """Anna replies."""

    def reply(world: World) -> None:
        mo = MoMessage(from_vendor("86" + ANNA), text, sign_name="Acme", opt_out=opt_out)
        world.services.receiving.store_reports([], [mo], "webhook")

    return reply


def refused(world: World) -> None:
    """The vendor says with its answer that Anna has opted out."""
    world.vendor.answer = lambda batch: [rejected("21610", "opted out", opted_out=True)]
    assert send(world, [ANNA], NOTIFICATION) == [ANNA]
    world.vendor.answer = everything


def reported(world: World) -> None:
    """The vendor says it with a receipt."""
    ref = world.vendor.batches[0].messages[0].ref
    gone = DeliveryReceipt(MessageStatus.UNDELIVERABLE, message_ref=ref, code="UNSUBSCRIBED", opted_out=True)
    world.services.receiving.store_reports([gone], [], "webhook")


def listed(world: World) -> None:
    """The operator puts Anna on the list, under every signature."""
    world.ledger.suppressions.add(Scope(NAME, 1), "", ["86" + ANNA], "operator")


def everything(batch: Batch) -> list[SubmitResult]:
    return [accepted() for _ in batch.messages]


# How Anna opts out -> whether another signature may still write to her.
OPT_OUTS: dict[str, tuple[Callable[[World], None], bool]] = {
    "a reply": (answers("R"), True),
    "a reply in the vendor's eyes": (answers("please stop", opt_out=True), True),
    "the vendor's answer": (refused, True),
    "a receipt": (reported, True),
    "the operator": (listed, False),
}


@pytest.mark.parametrize(("opt_out", "elsewhere"), OPT_OUTS.values(), ids=OPT_OUTS)
def test_who_opted_out_is_not_written_to(
    worlds: Worlds, opt_out: Callable[[World], None], elsewhere: bool
) -> None:
    """Under that signature, but for a captcha she asked for; others are, and Quick Audience is told."""
    world = worlds(policies=["screen", "suppression"])
    world.vendor.signs["Beta"] = world.vendor.signs["Acme"]
    assert send(world, [ANNA, BOB]) == [ANNA, BOB]
    opt_out(world)
    assert send(world, [ANNA, BOB]) == [BOB]
    assert world.ended()[ANNA] in ("SUPPRESSED", "UNSUBSCRIBED", "21610")
    assert "SUPPRESSED" in codes(world)
    assert send(world, [ANNA], CAPTCHA) == [ANNA]
    assert send(world, [ANNA], sign="Beta") == ([ANNA] if elsewhere else [])


def test_a_question_is_no_opt_out(worlds: Worlds) -> None:
    """Other replies change nothing."""
    world = worlds(policies=["screen", "suppression"])
    send(world, [ANNA])
    answers("when?")(world)
    assert send(world, [ANNA]) == [ANNA]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/London"])
def test_promotions_wait_for_the_morning(worlds: Worlds, zone: str) -> None:
    """By the channel's clocks, text and digital; notifications do not wait, and nothing is sent twice."""
    world = worlds(policies=["screen", "quiet_hours"], timezone=zone)

    def at(day: int, hour: int, minute: int) -> None:
        world.now = datetime(2026, 11, day, hour, minute, tzinfo=ZoneInfo(zone)).timestamp()

    approved = CarrierReview(ReviewStatus.APPROVED)
    world.vendor.digital_review = DigitalTemplateReview(dict.fromkeys(Carrier, approved))
    at(2, 22, 30)
    assert send(world, [ANNA]) == []
    assert send(world, [BOB], NOTIFICATION) == [BOB]
    world.send([BOB], code=world.digital(), kind=Kind.DIGITAL, digest=b"digital")
    world.hand_over()
    for day, hour, minute in ((2, 23, 59), (3, 3, 0), (3, 7, 59)):
        at(day, hour, minute)
        world.hand_over()
        assert world.sent() == [BOB]
    at(3, 8, 0)
    world.hand_over()
    assert sorted(world.sent()) == [ANNA, BOB, BOB]
    assert not world.ledger.gauges()


def test_nobody_is_written_to_too_often(worlds: Worlds) -> None:
    """Two a day: the third is told why not; what the vendor refused does not count, and a day later all may
    be written to again."""
    caps = [{"messages": 2, "hours": 24}]
    world = worlds(policies=["screen", "frequency"], policy_settings={"frequency": {"caps": caps}})
    world.vendor.answer = lambda batch: [rejected("NO", "no") for _ in batch.messages]
    assert send(world, [ANNA]) == [ANNA]
    world.vendor.answer = everything
    assert send(world, [ANNA], NOTIFICATION) == [ANNA]
    assert send(world, [ANNA, BOB]) == [ANNA, BOB]
    assert send(world, [ANNA, BOB]) == [BOB]
    assert "FREQUENCY_CAP" in codes(world)
    assert send(world, [ANNA], NOTIFICATION) == [ANNA], "a cap stops promotions only"
    world.now += DAY
    assert send(world, [ANNA, BOB]) == [ANNA, BOB]


def test_the_first_that_objects_decides(worlds: Worlds) -> None:
    """Who opted out is told so at night, and does not wait for the morning first."""
    world = worlds(policies=["screen", "suppression", "quiet_hours"])
    world.now = datetime(2026, 11, 2, 22, 0, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()
    listed(world)
    assert send(world, [ANNA, BOB]) == []
    assert world.ended() == {ANNA: "SUPPRESSED"}
    world.now += 12 * 3600
    world.hand_over()
    assert world.sent() == [BOB]


def codes(world: World) -> set[str]:
    """Return the codes of everything that ended."""
    details = world.ledger.history.by_number(
        NAME, "86" + ANNA, since=0, until=int(world.now * 1000) + 1, limit=99
    )
    return {detail.code for detail in details}


def test_a_policy_asks_for_no_moment_without_a_zone(worlds: Worlds) -> None:
    """In the zone of whatever host it runs on, its window would be hours off."""
    history = worlds().vendor.channel.history
    with pytest.raises(ValueError, match="since has no time zone"):
        history.recent_sends([from_vendor("86" + ANNA)], datetime(2026, 11, 1))
