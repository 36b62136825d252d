"""What waits for an account goes on: slow, silent, by other hours, at other settings, or with a reason."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from bridge.clock import moment
from bridge.ledger.refs import from_message_ref
from bridge.plugin import (
    ConfigurationRefused,
    ReceiptPage,
    ReviewChange,
    ReviewStatus,
    TemplateReview,
    VendorThrottled,
    VendorUnavailable,
    Verdict,
)
from bridge.services.desk.overview import Overview
from bridge.worker.distribution import Distribution
from bridge.worker.lanes import lanes_of

from ..conftest import Worlds
from ..two_accounts import numbers_of, raising, sent, soon, two
from ..world import NAME, World

TWENTY = [f"138000000{number:02d}" for number in range(20)]
THROTTLES = {"with no word how long": None, "for a second": 1.0, "for an hour": 3600.0}


@pytest.mark.parametrize("asked", THROTTLES.values(), ids=THROTTLES)
def test_what_waits_behind_a_throttled_call_goes_elsewhere(worlds: Worlds, asked: float | None) -> None:
    """Also what was never called, once they waited for `failover_after_s`."""
    world = two(worlds)
    main, _ = world.vendors.values()
    main.size = 1
    main.answer = raising(VendorThrottled("slower", retry_after=asked))
    world.send(TWENTY)
    soon(world, 9)
    assert sent(world)["spare"] == 0
    soon(world, 5)
    assert sorted(numbers_of(world.vendors["spare"])) == TWENTY


def test_what_waits_behind_a_silent_call_goes_elsewhere(worlds: Worlds) -> None:
    """After a few seconds, and only what was not called."""
    world = two(worlds)
    world.send(TWENTY)
    world.services.routing.distribute()
    assert world.ledger.moving.depth(NAME) == {("main", "ready"): 20}
    lanes = lanes_of(world.all_services)
    distribution = Distribution(world.all_services, lambda: world.now)
    for silent_s, at in [(4.9, "main"), (5.0, "spare"), (0.0, "spare")]:
        world.now += 1
        distribution.note_silent(lanes[f"{NAME}/main"], silent_s)
        distribution.turn()
        assert world.ledger.moving.depth(NAME) == {(at, "ready"): 20}
    world.send(["13900000001"], digest=b"later")
    world.now += 1
    distribution.turn()
    assert world.ledger.moving.depth(NAME)[("main", "ready")] == 1, "it answers again"


def local_hours(world: World, begin: int, end: int) -> str:
    """Return a window of the channel's clock, in hours from now."""
    zone = world.services.channel.channel.timezone
    ends = [moment(int((world.now + 3600 * hour) * 1000)).astimezone(zone) for hour in (begin, end)]
    return "-".join(f"{at:%H:%M}" for at in ends)


# the routes but for their hours, from now on for two -> which account has which numbers after them
HOURS: dict[str, tuple[dict[str, Any], dict[str, list[str]]]] = {
    "all": ({}, {"main": ["14155552671", "8613800000002"], "spare": []}),
    "by country": ({"country": ["US"]}, {"main": ["14155552671", "8613800000002"], "spare": []}),
}


@pytest.mark.parametrize(("route", "after"), HOURS.values(), ids=HOURS)
def test_hours_of_a_route_go_on_while_messages_wait(
    worlds: Worlds, route: dict[str, Any], after: dict[str, list[str]]
) -> None:
    """What waited for the account of the day is sent by that of the night."""
    first = two(worlds)
    rows = [{**route, "hours": local_hours(first, -1, 2), "accounts": ["spare"]}, {"accounts": ["main"]}]
    world = two(worlds, routes=rows)
    spare = world.vendors["spare"]
    spare.answer = raising(VendorUnavailable("busy", retry_after=3000))
    world.send(["14155552671", "8613800000002"], code=world.template("Hi", 3), params=[])
    soon(world, 5)
    assert "14155552671" in numbers_of(spare)
    spare.batches.clear()
    world.now += 3 * 3600
    soon(world, 3)
    assert {name: sorted(numbers_of(vendor)) for name, vendor in world.vendors.items()} == after


def unapproved(world: World, code: str) -> None:
    for name in world.vendors:
        review = TemplateReview(ReviewStatus.REJECTED, f"{name}'s")
        world.services.templates.apply_review(ReviewChange(vendor_code=f"{name}-Spring", review=review), name)


def refused(world: World, code: str) -> None:
    for vendor in world.vendors.values():
        vendor.answer = raising(ConfigurationRefused("no such template", code="T1"))


# what no account may take -> words that say why, and where
REASONS: dict[str, tuple[Callable[[World, str], None], list[str]]] = {
    "approved nowhere any more": (unapproved, ["main: The template is rejected there", "spare: "]),
    "refused everywhere": (refused, ["no such template (T1)"]),
}


@pytest.mark.parametrize(("prepare", "words"), REASONS.values(), ids=REASONS)
def test_what_no_account_may_take_says_why(
    worlds: Worlds, prepare: Callable[[World, str], None], words: list[str]
) -> None:
    """Until a person has acted, in the words of those who refuse it."""
    world = two(worlds)
    code = world.template()
    world.send(TWENTY, code=code)
    prepare(world, code)
    soon(world, 2)
    [seen] = Overview(world.settings, world.ledger, lambda: world.now).channels()
    holds = [hold for account in seen.accounts for hold in account.held]
    assert [(hold.reason, hold.messages) for hold in holds] == [("review", 20)]
    assert all(word in holds[0].words for word in words), holds[0].words


SHAPES: dict[str, dict[str, Any]] = {
    "one account": {"vendor": "obedient"},
    "two accounts": {"accounts": {"main": {"vendor": "obedient"}, "spare": {"vendor": "obedient"}}},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_another_account_behind_a_name_gets_other_references_and_sizes(
    worlds: Worlds, shape: Mapping[str, Any]
) -> None:
    """What an account has not taken is cut for the one that its settings mean now."""
    before = worlds(**shape, failover_after_s=3600)
    before.vendor.answer = raising(VendorUnavailable("busy", retry_after=60))
    code = before.template()
    before.send(TWENTY, code=code)
    before.hand_over()
    after = worlds(**shape, failover_after_s=3600)
    after.now = before.now + 100
    first = after.services.channel.primary
    first.hooks.identity = "another"
    vendor = after.vendors[first.name]
    vendor.size = 7
    for _ in range(2):  # it gets the template, and approves it
        after.now += 100
        after.services.templates.refresh_pending()
    soon(after, 3)
    calls = [[message.phone.raw for message in batch.messages] for batch in vendor.batches]
    assert sorted(number for call in calls for number in call) == TWENTY
    assert max(map(len, calls)) == 7

    def batches(world: World) -> set[int]:
        return {
            place.batch_id
            for vendor in world.vendors.values()
            for batch in vendor.batches
            for message in batch.messages
            if (place := from_message_ref(message.ref))
        }

    assert batches(before).isdisjoint(batches(after))


def test_what_the_bridge_refuses_says_nothing_of_an_account(worlds: Worlds) -> None:
    """Opted-out recipients are no reason to send elsewhere."""
    accounts = {name: {"vendor": "obedient", "weight": 50} for name in ("main", "spare")}
    world = two(worlds, accounts=accounts, route="weighted")
    code = world.template()
    world.screen.decide = lambda number: Verdict("SUPPRESSED", "The recipient has opted out.")
    for number in range(30):
        world.send([f"13800{number:03d}{seq:03d}" for seq in range(4)], code=code, digest=b"%d" % number)
    world.hand_over()
    assert world.services.routing.balance("worker") == 0


def test_a_cursor_is_only_told_to_the_account_that_gave_it(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another behind the same name is asked from the beginning; the first goes on where it was."""
    world = worlds()
    asked: list[str] = []
    monkeypatch.setattr(world.hooks, "supports", lambda hook: hook == "poll_receipts")

    def poll(window: Any) -> ReceiptPage:
        asked.append(window.cursor)
        return ReceiptPage(cursor=f"{world.hooks.identity}-{len(asked)}")

    monkeypatch.setattr(world.hooks, "poll_receipts", poll)
    for identity in ("first", "second", "first"):
        world.hooks.identity = identity
        world.now += 1000
        world.services.polling.run("worker")
    assert asked == ["", "", "first-1"]
