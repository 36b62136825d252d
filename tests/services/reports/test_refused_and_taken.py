"""An account reports on messages that it had said it did not take, while or after another is called."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest
import structlog.testing

from bridge.plugin import (
    Batch,
    CredentialsRejected,
    DeliveryReceipt,
    MessageStatus,
    NotAccepted,
    SubmitResult,
    VendorThrottled,
    VendorUnavailable,
    VendorUnreachable,
    accepted,
    from_vendor,
    not_sent,
)

from ..conftest import Worlds
from ..desk.test_timeline import seen
from ..two_accounts import PHONES, numbers_of, raising, soon, two
from ..world import NAME, World

DELIVERED, FAILED, TAKEN = MessageStatus.DELIVERED, MessageStatus.UNDELIVERABLE, MessageStatus.ACCEPTED
LIE = "taken, though the vendor had said it was not"
[PHONE, OTHER] = PHONES


def refused(worlds: Worlds, error: Any = None) -> tuple[World, str]:
    """Let the first account say that it did not take two messages. Returns the reference of its call."""
    world = two(worlds)
    world.vendors["main"].answer = raising(error or VendorUnavailable("Overloaded."))
    world.send(PHONES)
    world.hand_over()
    return world, ref_of(world.vendors["main"])


def ref_of(vendor: Any) -> str:
    """Return the reference of a vendor's first call."""
    return str(vendor.batches[0].ref)


def told(world: World, *receipts: DeliveryReceipt, account: str = "main") -> list[Any]:
    """Let an account report. Returns what was logged of it."""
    with structlog.testing.capture_logs() as logs:
        world.services.at[account].receiving.store_reports(list(receipts), [], "webhook")
    return [one for one in logs if one["event"] == LIE]


def report(ref: str, status: MessageStatus, seq: int = 0, **more: Any) -> DeliveryReceipt:
    """Return what an account says of a message of its call."""
    return DeliveryReceipt(status, message_ref=f"{ref}-{seq}", **more)


class Row(NamedTuple):
    """What is reported of a message before or after the other account was called, and what is true then.

    `calls`: of the other account, for that message; `logged`: how often the contradiction is.
    """

    after: bool
    status: MessageStatus
    calls: int
    end: str
    logged: int
    reports: list[tuple[str, bool, bool]]


ROWS: dict[str, Row] = {
    "waits, delivered": Row(False, DELIVERED, 0, "DELIVERED", 1, [("delivered", True, False)]),
    "waits, taken": Row(False, TAKEN, 0, "", 1, []),
    # It says no more than that it did not take it.
    "waits, failed": Row(False, FAILED, 1, "", 0, [("undeliverable", False, True)]),
    "called, delivered": Row(True, DELIVERED, 1, "DELIVERED", 1, [("delivered", True, True)]),
    "called, taken": Row(True, TAKEN, 1, "", 0, []),
    "called, failed": Row(True, FAILED, 1, "", 0, [("undeliverable", False, True)]),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_report_of_the_account_before_is_its_own(worlds: Worlds, row: Row) -> None:
    """It is not taken as one of the account that is called next, and makes no further call."""
    world, ref = refused(worlds)
    if row.after:
        soon(world, 15)
    logged = told(world, report(ref, row.status, vendor_id="theirs"))
    assert len(logged) == row.logged
    soon(world, 60)
    assert Counter(numbers_of(world.vendors["spare"])) == Counter({PHONE: row.calls, OTHER: 1}) - Counter()
    assert world.ended() == ({PHONE: row.end} if row.end else {})
    found = seen(world, PHONE)
    assert [(one.status, one.counts, one.earlier) for one in found.reports] == row.reports
    assert (found.segments, bool(found.attempts)) == (1, True)
    assert world.ledger.tallies.differences() == []
    assert not told(world, report(ref, row.status, vendor_id="theirs")), "it is told once"
    later = DeliveryReceipt(DELIVERED, message_ref=world.vendors["spare"].batches[0].messages[-1].ref)
    told(world, later, account="spare")
    assert world.ended()[OTHER] == "DELIVERED"


NAMES: dict[str, Callable[[str], DeliveryReceipt]] = {
    "by the batch and the number": lambda ref: DeliveryReceipt(
        DELIVERED, batch_ref=ref, phone=from_vendor(f"86{PHONE}")
    ),
    "by the message": lambda ref: report(ref, DELIVERED),
}


@pytest.mark.parametrize("make", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("during", [False, True], ids=["before", "during"])
@pytest.mark.parametrize("error", [CredentialsRejected("No."), VendorThrottled("Slow down.")])
def test_it_is_found_however_it_is_named_and_whenever_it_comes(
    worlds: Worlds, make: Callable[[str], DeliveryReceipt], during: bool, error: Any
) -> None:
    """Also while the other account is being called, whose answer does not hide it."""
    world, ref = refused(worlds, error)

    def answer(batch: Batch) -> Sequence[SubmitResult]:
        if during:
            told(world, make(ref))
        return [accepted(f"s-{message.ref}") for message in batch.messages]

    world.vendors["spare"].answer = answer
    if not during:
        told(world, make(ref))
    soon(world, 30)
    assert world.ended() == {PHONE: "DELIVERED"}
    assert Counter(numbers_of(world.vendors["spare"]))[OTHER] == 1
    assert Counter(numbers_of(world.vendors["spare"]))[PHONE] <= int(during or error.retry_after is None)


def test_a_part_that_was_not_taken_is_found_too(world: World) -> None:
    """At the one account of a channel: what it took after all is not handed to it once more."""
    world.vendor.answer = lambda batch: [accepted("1"), not_sent(VendorThrottled("Slow.", retry_after=9))]
    world.send(PHONES)
    world.hand_over()
    [batch] = world.vendor.batches
    receipt = DeliveryReceipt(DELIVERED, message_ref=batch.messages[1].ref)
    with structlog.testing.capture_logs() as logs:
        world.services.receiving.store_reports([receipt], [], "webhook")
    assert [one["event"] for one in logs].count(LIE) == 1
    world.vendor.answer = lambda batch: [accepted("2") for _ in batch.messages]
    world.now += 60
    world.hand_over()
    assert world.sent() == PHONES
    assert world.ended() == {OTHER: "DELIVERED"}


@pytest.mark.parametrize("status", [DELIVERED, TAKEN], ids=str)
@pytest.mark.parametrize("call_s", [0, 3, 30])
@pytest.mark.parametrize("several", [False, True], ids=["one account", "two accounts"])
@pytest.mark.parametrize("error", [VendorUnreachable, VendorThrottled, VendorUnavailable])
def test_what_is_reported_during_a_call_is_looked_at_with_its_end(
    worlds: Worlds, error: type[NotAccepted], several: bool, call_s: int, status: MessageStatus
) -> None:
    """However long the call took, and whatever it says at last: who has the message gets no other."""
    world = two(worlds) if several else worlds()
    name = next(iter(world.vendors))

    def answer(batch: Batch) -> list[SubmitResult]:
        told(world, *(report(batch.ref, status, seq) for seq in range(len(PHONES))), account=name)
        for _ in range(call_s):  # the duties go on meanwhile
            world.now += 1
            world.ledger.receipts.retry_parked(
                NAME, pushes=True, now=world.now_ms, sources=world.services.routing.sources
            )
        raise error("No.")

    world.vendors[name].answer = answer
    world.send(PHONES)
    world.hand_over()
    for vendor in world.vendors.values():
        vendor.answer = lambda batch: [accepted(f"v-{one.ref}") for one in batch.messages]
    soon(world, 60)
    assert sorted(number for vendor in world.vendors.values() for number in numbers_of(vendor)) == PHONES
    assert world.ended() == (dict.fromkeys(PHONES, "DELIVERED") if status is DELIVERED else {})
