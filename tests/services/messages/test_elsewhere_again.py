"""What waits is looked at again: after keys, accounts, reviews and refusals have changed."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from bridge.ledger import Callee, Chosen, Holder, Scope
from bridge.plugin import (
    Carrier,
    CarrierReview,
    ConfigurationRefused,
    CreatedTemplate,
    DigitalTemplateReview,
    Kind,
    NotAccepted,
    OutcomeUnknown,
    ReviewStatus,
    TemplateReview,
    TextTemplate,
    VendorThrottled,
    VendorUnavailable,
    VendorUnreachable,
    Verdict,
    accepted,
    not_sent,
)
from bridge.services.campaigns.controlling import CampaignControlling
from bridge.services.campaigns.seeing import Seeing
from bridge.services.desk.operating import Operating
from bridge.services.desk.unknowns import UnknownOutcomes

from ..conftest import Worlds
from ..two_accounts import PHONES, numbers_of, raising, sent, soon, two
from ..world import NAME, World

FIRST, SECOND = PHONES
NO_TEMPLATE = ConfigurationRefused("no such template", code="T1")
UNREACHABLE = VendorUnreachable("refused", retry_after=5)


def desk(world: World) -> Operating:
    """Return an operator."""
    return Operating(world.settings, world.ledger, lambda: world.now)


def again(worlds: Worlds, world: World, **channel: Any) -> World:
    """Return the channel after a restart with other settings."""
    later = two(worlds, **channel)
    later.now = world.now
    return later


def works(world: World, name: str) -> None:
    """Let an account take everything from now on."""
    world.vendors[name].answer = lambda batch: [accepted() for _ in batch.messages]


def reviewed_often(world: World, times: int = 3) -> None:
    """Let the duties look after templates and signatures."""
    for _ in range(times):
        world.now += 100
        world.services.templates.refresh_pending()


class Renewed(NamedTuple):
    """What an account with another identity says of the code it is asked about; templates made there then."""

    review: TemplateReview
    made: int


A = ReviewStatus.APPROVED
CONTENT = "Dear ${name}"
KEYS: dict[str, Renewed] = {
    "it is the same account with a new key": Renewed(TemplateReview(A, content=CONTENT), 0),
    "it has another text by that code": Renewed(TemplateReview(A, content="Buy!"), 1),
    "it does not tell the text": Renewed(TemplateReview(A), 1),
}


@pytest.mark.parametrize("row", KEYS.values(), ids=KEYS)
def test_a_primary_with_another_identity_gets_its_templates(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch, row: Renewed
) -> None:
    """Filed again unless it shows that it has them; then it sends."""
    world = two(worlds, routes=[{"accounts": ["main"]}])
    code, main = world.template(), world.vendors["main"]
    made: list[str] = []
    hooks = world.services.channel.accounts["main"].hooks
    create = hooks.create_template

    def noted(one: TextTemplate) -> CreatedTemplate:
        made.append(one.name)
        return create(one)

    monkeypatch.setattr(hooks, "create_template", noted)
    main.review = row.review
    hooks.identity = "main's new key"
    reviewed_often(world)
    assert len(made) == row.made
    world.send(PHONES, code=code)
    soon(world, 3)
    assert sent(world)["main"] == 2


def test_accounts_in_another_order_keep_their_templates(worlds: Worlds) -> None:
    """The spare that is the primary now uses what it has, and the other too."""
    first = two(worlds)
    code = first.template()
    order = {"spare": {"vendor": "obedient"}, "main": {"vendor": "obedient"}}
    world = again(worlds, first, accounts=order)
    reviewed_often(world)
    world.send([FIRST], code=code, digest=b"1")
    soon(world, 2)
    world.vendors["spare"].answer = raising(UNREACHABLE)
    world.send([SECOND], code=code, digest=b"2")
    soon(world, 5)
    assert (numbers_of(world.vendors["spare"])[0], numbers_of(world.vendors["main"])) == (FIRST, [SECOND])


def test_an_account_that_is_added_in_an_outage_takes_the_queue(worlds: Worlds) -> None:
    """No new send is needed for it to be asked about the signature."""
    first = worlds()
    code = first.template()
    first.vendor.answer = raising(UNREACHABLE)
    first.send(PHONES, code=code)
    first.hand_over()
    own = first.services.channel.primary.hooks.identity
    accounts = {"obedient": {"vendor": "obedient"}, "spare": {"vendor": "obedient"}}
    world = again(worlds, first, accounts=accounts)
    world.services.channel.accounts["obedient"].hooks.identity = own
    world.vendors["obedient"].answer = raising(UNREACHABLE)
    for _ in range(3):
        reviewed_often(world, 1)
        soon(world, 5)
    assert sorted(numbers_of(world.vendors["spare"])) == PHONES


def test_a_signature_that_is_mended_is_asked_about(worlds: Worlds) -> None:
    """It was rejected at the spare, and is not any more."""
    world = two(worlds)
    main, spare = world.vendors.values()
    spare.signs, signs = {}, spare.signs
    main.answer = raising(UNREACHABLE)
    world.send(PHONES)
    soon(world, 3)
    spare.signs = signs
    reviewed_often(world)
    soon(world, 10)
    assert sorted(numbers_of(spare)) == PHONES


ALL = dict.fromkeys((Carrier.MOBILE, Carrier.UNICOM, Carrier.TELCOM), CarrierReview(ReviewStatus.APPROVED))
SOME = {**ALL, Carrier.UNICOM: CarrierReview(ReviewStatus.REJECTED, "no")}


@pytest.mark.parametrize(("main", "spare"), [(SOME, ALL), (ALL, SOME)])
def test_a_worker_that_dies_leaves_all_in_question(
    worlds: Worlds, main: Mapping[Carrier, CarrierReview], spare: Mapping[Carrier, CarrierReview]
) -> None:
    """Whatever another account has approved; and all are looked up."""
    world = two(worlds, reconcile_after_s=2)
    vendors = list(world.vendors.values())
    for vendor, reviews in zip(vendors, (main, spare), strict=True):
        vendor.digital_review = DigitalTemplateReview(dict(reviews))
    code = world.digital()
    reviewed_often(world, 2)
    desk(world).pause(NAME, "Maintenance.", "main")
    world.send(["13800138000", "13000000001"], code=code, kind=Kind.DIGITAL)
    world.services.routing.distribute()
    scope, holder = Scope(NAME, int(world.now * 1000)), Holder("dead", 60_000)
    callee = Callee("spare", "spare", alone=False)
    world.ledger.write(lambda c: world.ledger.batches.claim(c, scope, holder, callee, limit=10))
    world.now += 61
    world.duties.take_over()
    assert world.ended() == {}
    vendors[1].look_up = lambda batch: [not_sent(NotAccepted("absent")) for _ in batch.messages]
    for _ in range(3):
        world.now += 300
        world.settle()
    asked = {message.phone.raw for batch in vendors[1].looked_up for message in batch.messages}
    assert asked == {"13800138000", "13000000001"}


ONLY_MAIN = [{"prefix": ["138"], "accounts": ["main"]}]


@pytest.mark.parametrize("phones", [["13800000001", "13900000001"], ["13900000001", "13800000001"]])
def test_messages_that_are_refused_together_go_by_their_own_routes(worlds: Worlds, phones: list[str]) -> None:
    """One goes elsewhere, and the other waits for the account to be mended."""
    world = two(worlds, routes=ONLY_MAIN)
    world.vendors["main"].answer = raising(NO_TEMPLATE)
    world.send(phones)
    soon(world, 3)
    assert numbers_of(world.vendors["spare"]) == ["13900000001"]
    works(world, "main")
    desk(world).resume(NAME)
    soon(world, 2)
    assert numbers_of(world.vendors["main"])[2:] == ["13800000001"]


def test_numbers_of_several_routes_do_not_wait_for_each_other(worlds: Worlds) -> None:
    """Each has an account of its own beside the one that is paused."""
    accounts = {name: {"vendor": "obedient"} for name in ("main", "spare", "third")}
    routes = [
        {"prefix": ["138"], "accounts": ["main", "spare"]},
        {"prefix": ["139"], "accounts": ["main", "third"]},
        {"accounts": ["third"]},
    ]
    world = two(worlds, accounts=accounts, routes=routes)
    world.vendors["main"].answer = raising(VendorThrottled("slower", retry_after=5))
    world.send(["13800000001", "13900000001", "13700000001"])
    soon(world, 2)
    for name in ("main", "spare"):
        desk(world).pause(NAME, "Maintenance.", name)
    soon(world, 15)
    assert "13900000001" in numbers_of(world.vendors["third"])


def removed(worlds: Worlds, world: World) -> World:
    """Return a world in which the account that took over is not there any more."""
    accounts = {"main": {"vendor": "obedient"}, "third": {"vendor": "obedient"}}
    return again(worlds, world, accounts=accounts, routes=[{"accounts": ["main"]}])


def paused(worlds: Worlds, world: World) -> World:
    """Return a world in which a person paused the account that took over."""
    desk(world).pause(NAME, "The contract ended.", "spare")
    return world


@pytest.mark.parametrize("change", [removed, paused])
def test_an_account_that_refused_is_shown_messages_again(
    worlds: Worlds, change: Callable[[Worlds, World], World]
) -> None:
    """When a person says so, or when there is no other any more."""
    first = two(worlds)
    first.vendors["main"].answer = raising(NO_TEMPLATE)
    first.vendors["spare"].answer = raising(VendorThrottled("slower", retry_after=60))
    first.send(PHONES)
    soon(first, 3)
    world = change(worlds, first)
    world.vendors["main"].batches.clear()
    works(world, "main")
    world.now += 100
    if change is paused:
        desk(world).resume(NAME)
    soon(world, 100)
    assert sorted(numbers_of(world.vendors["main"])) == PHONES


def test_what_is_cut_for_a_rate_leaves_like_what_is_not(worlds: Worlds) -> None:
    """A batch of a hundred, at an account of one message a second."""
    accounts = {"main": {"vendor": "obedient", "rate_per_s": 1}, "spare": {"vendor": "obedient"}}
    world = two(worlds, accounts=accounts)
    phones = [f"138000000{number:02d}" for number in range(100)]
    world.send(phones, params=[{"name": "n"}] * 100)
    soon(world, 15)
    assert sent(world)["main"] >= 8
    assert sorted(numbers_of(world.vendors["main"]) + numbers_of(world.vendors["spare"])) == phones


def test_what_waits_for_the_morning_keeps_no_account_from_its_trial(worlds: Worlds) -> None:
    """An account whose breaker opened at night is tried by what is due."""
    world = two(worlds)
    at, main = datetime.fromtimestamp(world.now + 36_000, UTC), world.vendors["main"]
    code = world.template()

    def decide(number: str) -> Verdict:
        return Verdict(reason="Night.", defer_until=at) if number.startswith("139") else Verdict()

    world.screen.decide = decide
    world.send(["13900000001"], code=code, digest=b"night")
    world.hand_over()
    world.cold = True
    main.answer = raising(VendorUnavailable("busy", retry_after=1))
    for number in range(5):
        world.send([f"1380000000{number}"], code=code, digest=b"%d" % number)
        soon(world, 2)
    works(world, "main")
    before = sent(world)["main"]
    for number in range(5):
        world.now += 400
        world.send([f"1380000001{number}"], code=code, digest=b"later %d" % number)
        soon(world, 2)
    assert sent(world)["main"] > before


def test_resuming_a_channel_leaves_an_account_to_the_person_who_paused_it(worlds: Worlds) -> None:
    """It is resumed by its name."""
    world = two(worlds)
    desk(world).pause(NAME, "Their maintenance.", "main")
    desk(world).resume(NAME)
    world.send(PHONES)
    soon(world, 2)
    assert sent(world) == {"main": 0, "spare": 2}


def test_nothing_of_a_cancelled_campaign_is_sent_once_more(worlds: Worlds) -> None:
    """What is unknown of it stays so, until its receipt or its deadline."""
    world = worlds()
    world.vendor.answer = raising(OutcomeUnknown("no answer"))
    world.send(PHONES)
    world.hand_over()
    controlling = CampaignControlling(Seeing(world.ledger), world.ledger, lambda: world.now, "shell:x")
    controlling.cancel([NAME], "task-1", "Wrong.")
    unknowns = UnknownOutcomes(world.settings, world.ledger, lambda: world.now)
    assert unknowns.resendable(Chosen(NAME)) == 0
    assert unknowns.resend(Chosen(NAME), "Lost.").messages == 0
    world.hand_over()
    world.duties.control()
    assert (len(world.sent()), world.ended()) == (2, {})


def test_a_wait_that_a_clock_ahead_has_set_ends(worlds: Worlds) -> None:
    """Another account takes a throttled message soon after the clock was put right."""
    world = two(worlds)
    world.template()
    world.vendors["main"].answer = raising(VendorThrottled("slower", retry_after=1))
    world.now += 7200
    world.send(PHONES)
    world.hand_over()
    world.now -= 7200
    world.duties.bring_back()
    soon(world, 15)
    assert sorted(numbers_of(world.vendors["spare"])) == PHONES
