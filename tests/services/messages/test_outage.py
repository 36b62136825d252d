"""A vendor that fails for an hour under a long queue costs a few messages; the others wait and are sent."""

from collections.abc import Sequence

import pytest

from bridge.plugin import (
    Batch,
    NotAccepted,
    OutcomeUnknown,
    SubmitResult,
    VendorUnavailable,
    accepted,
    not_sent,
    unknown,
)

from ..conftest import Worlds
from ..world import NAME, World

PHONES = [f"138{number:08d}" for number in range(20_000)]
HOUR = 3600

FAILING: dict[str, Exception | SubmitResult] = {
    "answers 503": OutcomeUnknown("The vendor answered HTTP 503.", code="HTTP_503"),
    "hangs": OutcomeUnknown("The vendor did not answer in time.", code="READ_TIMEOUT"),
    "resets the connection": OutcomeUnknown("The connection broke.", code="CONNECTION_LOST"),
    "answers HTML": unknown("The vendor's answer is not JSON.", "BAD_ANSWER"),
    "cannot be reached": VendorUnavailable("The vendor refused the connection."),
    "has a plugin with a bug": KeyError("sid"),
}


def failing(how: Exception | SubmitResult) -> object:
    """Return a vendor's answer that fails in this way."""

    def answer(batch: Batch) -> Sequence[SubmitResult]:
        if isinstance(how, Exception):
            raise how
        return [how] * len(batch.messages)

    return answer


def pass_an_hour(world: World) -> None:
    """Send whenever the account allows it."""
    end = world.now + HOUR
    while world.now < end:
        world.hand_over()
        rests = [account.open_until for account in world.ledger.accounts.of(NAME).values()]
        world.now = max(world.now + 10, *(until / 1000 for until in rests))


@pytest.mark.parametrize("how", FAILING.values(), ids=FAILING)
def test_an_outage_costs_almost_nothing(worlds: Worlds, how: Exception | SubmitResult) -> None:
    """At most 200 messages are handed over in vain, and afterwards everybody gets one message."""
    world = worlds(cold=True, reconcile_after_s=2 * HOUR)
    world.vendor.size = 1000
    world.vendor.answer = failing(how)  # type: ignore[assignment]
    world.send(PHONES, params=[{"name": "n"}] * len(PHONES))
    pass_an_hour(world)
    tried = world.sent()
    assert 3 <= len(tried) <= 200
    assert sum(world.ledger.gauges().values()) == len(PHONES) and not world.ended()
    world.vendor.batches.clear()
    world.vendor.answer = lambda batch: [accepted() for _ in batch.messages]
    world.vendor.look_up = lambda batch: [not_sent(NotAccepted("absent")) for _ in batch.messages]
    for _ in range(9):
        world.now += HOUR
        while world.settle():
            pass
        world.hand_over()
    assert sorted(world.sent()) == PHONES
    assert not world.ended()


def test_an_outage_in_the_middle_costs_what_is_in_flight_as_well(worlds: Worlds) -> None:
    """An account that runs freely has at most `concurrency` calls in flight when it begins to fail."""
    world = worlds(concurrency=2, reconcile_after_s=2 * HOUR)
    world.warm()
    world.cold = True
    world.vendor.size = 500
    world.vendor.answer = failing(FAILING["answers 503"])  # type: ignore[assignment]
    world.send(PHONES, params=[{"name": "n"}] * len(PHONES))
    pass_an_hour(world)
    assert 500 < len(world.sent()) <= 2 * 500 + 200


def test_an_account_that_answers_is_soon_free(worlds: Worlds) -> None:
    """The calls grow from a hundred messages to what the vendor takes."""
    world = worlds(cold=True)
    world.vendor.size = 1000
    world.send(PHONES[:5000], params=[{"name": "n"}] * 5000)
    world.hand_over()
    sizes = [len(batch.messages) for batch in world.vendor.batches]
    assert (sizes[0], sum(sizes)) == (100, 5000)
    assert len(sizes) <= 20
