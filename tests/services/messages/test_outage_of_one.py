"""One of two accounts fails under a long queue: the other goes on, and nothing is sent twice."""

from collections import Counter

import pytest

from bridge.plugin import DeliveryReceipt, MessageStatus, NotAccepted, SubmitResult, accepted, not_sent

from ..conftest import Worlds
from ..two_accounts import numbers_of, sent, soon, two
from ..world import NAME, World
from .test_outage import FAILING, HOUR, PHONES, failing

QUEUE = 5_000
"""Enough to see; what 20,000 cost with one account stands in test_outage."""
GOES_ON_S = 10
MOST = 200


def everybody(world: World) -> Counter[str]:
    """Return how often each number was handed to an account that took it."""
    return Counter(numbers_of(world.vendors["spare"]))


@pytest.mark.parametrize("how", FAILING.values(), ids=FAILING)
def test_the_campaign_goes_on_within_ten_seconds(worlds: Worlds, how: Exception | SubmitResult) -> None:
    """At most 200 messages are in doubt; after an hour they are proved absent, and everybody has one."""
    world = two(worlds, cold=True, reconcile_after_s=2 * HOUR)
    main, spare = world.vendors.values()
    main.size = spare.size = 1000
    main.answer = failing(how)  # type: ignore[assignment]
    queue = PHONES[:QUEUE]
    world.send(queue, params=[{"name": "n"}] * len(queue))
    soon(world, GOES_ON_S)
    assert sent(world)["spare"] > 0
    for _ in range(HOUR // 60):
        world.now += 59
        soon(world, 1)
    assert sent(world)["main"] <= MOST
    in_doubt = world.ledger.gauges().get((NAME, "unknown"), 0)
    assert in_doubt <= MOST and not world.ended()
    assert everybody(world).total() == len(queue) - in_doubt
    main.answer = lambda batch: [not_sent(NotAccepted("still closed"))] * len(batch.messages)
    main.look_up = lambda batch: [not_sent(NotAccepted("absent"))] * len(batch.messages)
    for _ in range(4):
        world.now += HOUR
        while world.settle():
            pass
        soon(world, 20)
    assert everybody(world) == Counter(queue)
    assert not world.ended()


@pytest.mark.parametrize(
    "status", [MessageStatus.UNDELIVERABLE, MessageStatus.REJECTED, MessageStatus.EXPIRED]
)
def test_what_was_accepted_and_failed_later_goes_nowhere_else(worlds: Worlds, status: MessageStatus) -> None:
    """It had its attempt: another account would send it a second time, or to a person who blocks it."""
    world = two(worlds)
    world.vendors["main"].answer = lambda batch: [accepted(f"m-{one.ref}") for one in batch.messages]
    world.send(PHONES[:2])
    world.hand_over()
    [batch] = world.vendors["main"].batches
    receipts = [DeliveryReceipt(status, message_ref=one.ref) for one in batch.messages]
    world.services.at["main"].receiving.store_reports(receipts, [], "webhook")
    soon(world, 60)
    assert sent(world) == {"main": 2, "spare": 0}
    assert world.ended() == dict.fromkeys(PHONES[:2], status.name)
