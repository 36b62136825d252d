"""Polling a vendor: page by page to the end, and to an end."""

from contextlib import suppress

import pytest

from bridge.channels import PluginFault
from bridge.ledger.refs import message_ref
from bridge.ledger.scope import Holder
from bridge.plugin import (
    DeliveryReceipt,
    MessageStatus,
    OutcomeUnknown,
    PollWindow,
    ReceiptPage,
    VendorRejected,
)

from ..world import World

# Pages the vendor gives, the last one again and again -> how often it may be asked in one turn.
PAGES: dict[str, tuple[list[ReceiptPage], int]] = {
    "nothing": ([ReceiptPage()], 1),
    "to the end": (
        [ReceiptPage(cursor="1", more=True), ReceiptPage(cursor="2", more=True), ReceiptPage()],
        3,
    ),
    "more of nothing without end": ([ReceiptPage(more=True)], 1),
    "a cursor that stands still": ([ReceiptPage(cursor="1", more=True)], 2),
}


@pytest.mark.parametrize(("pages", "asked"), PAGES.values(), ids=PAGES)
def test_a_turn_of_polling_ends(
    world: World, monkeypatch: pytest.MonkeyPatch, pages: list[ReceiptPage], asked: int
) -> None:
    """Whatever a plugin says of more to come."""
    windows: list[PollWindow] = []

    def poll(window: PollWindow) -> ReceiptPage:
        windows.append(window)
        assert len(windows) < 10
        return pages[min(len(windows), len(pages)) - 1]

    monkeypatch.setattr(world.hooks, "supports", lambda hook: hook == "poll_receipts")
    monkeypatch.setattr(world.hooks, "poll_receipts", poll)
    assert world.services.polling.run("worker") == len(windows) == asked


def test_a_queue_that_is_emptied_needs_no_cursor(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A vendor whose pages are taken away by reading them is asked until one is empty."""
    world.send(["13800000000"])
    world.hand_over()
    (message,) = world.vendor.batches[0].messages
    delivered = DeliveryReceipt(MessageStatus.DELIVERED, message_ref=message.ref)
    other = DeliveryReceipt(MessageStatus.DELIVERED, message_ref=message_ref(1, 1))
    pages = [ReceiptPage([other], more=True), ReceiptPage([delivered], more=True), ReceiptPage()]
    monkeypatch.setattr(world.hooks, "supports", lambda hook: hook == "poll_receipts")
    monkeypatch.setattr(world.hooks, "poll_receipts", lambda window: pages.pop(0))
    world.services.polling.run("worker")
    assert (pages, world.ended()) == ([], {"13800000000": "DELIVERED"})


# Hours since the message was sent, where a missing receipt ends after 72 -> whether it is asked about.
ASKED_AFTER_H = {0: False, 1: True, 71: True, 73: True, 77: True}


@pytest.mark.parametrize(("hours", "asked"), ASKED_AFTER_H.items(), ids=str)
def test_a_missing_receipt_is_asked_for_until_its_message_ends(
    world: World, monkeypatch: pytest.MonkeyPatch, hours: int, asked: bool
) -> None:
    """Also where no worker asked before the deadline: the sweep that ends it may be hours away."""
    windows: list[PollWindow] = []
    world.send(["13800000000"])
    world.hand_over()
    world.now += hours * 3600
    monkeypatch.setattr(world.hooks, "supports", lambda hook: hook == "poll_receipts")

    def poll(window: PollWindow) -> ReceiptPage:
        windows.append(window)
        return ReceiptPage()

    monkeypatch.setattr(world.hooks, "poll_receipts", poll)
    world.services.polling.run("worker")
    (window,) = windows
    assert [pending.ref for pending in window.pending] == [
        message.ref for message in world.vendor.batches[0].messages if asked
    ]


class Killed(BaseException):
    """The process ends here."""


class OnceOnly:
    """A vendor that gives its page of reports once, with a plugin that may fail to read it."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch, failing: list[BaseException]) -> None:
        self.failing = failing
        self.asked = 0
        (message,) = world.vendor.batches[0].messages
        self._receipt = DeliveryReceipt(MessageStatus.DELIVERED, message_ref=message.ref)
        monkeypatch.setattr(world.hooks, "supports", lambda hook: hook == "poll_receipts")
        monkeypatch.setattr(world.hooks, "poll_receipts", self.poll)

    def poll(self, window: PollWindow) -> ReceiptPage:
        page = window.page
        if not page:
            self.asked += 1
            page = b"all reports" if self.asked == 1 else b"none"
            window.keep(page)
        if page == b"none":
            return ReceiptPage(cursor="end")
        if self.failing:
            raise self.failing.pop(0)
        return ReceiptPage([self._receipt], cursor="c1")


UNREAD = OutcomeUnknown("The vendor's answer is not readable.", code="UNREADABLE_ANSWER")
# what reading the page meets, turn by turn -> how many pages are left unread after each turn
FAILING: dict[str, tuple[list[BaseException], list[int]]] = {
    "nothing": ([], [0]),
    "an unreadable page": ([UNREAD], [1, 0]),
    "a bug": ([PluginFault("TypeError")], [1, 0]),
    "unreadable for long": ([UNREAD, UNREAD, PluginFault("KeyError")], [1, 1, 1, 0]),
    "a crash": ([Killed()], [1, 0]),
    "the vendor refuses": ([VendorRejected("Not for this account.")], [0]),
    "refused when read again": ([UNREAD, VendorRejected("It holds a refusal.")], [1, 0]),
}


@pytest.mark.parametrize(("failing", "left"), FAILING.values(), ids=FAILING)
def test_a_page_that_is_given_once_is_not_lost(
    world: World, monkeypatch: pytest.MonkeyPatch, failing: list[BaseException], left: list[int]
) -> None:
    """It is stored as it came, and read again until it can be, however reading it ended."""
    world.send(["13800000000"])
    world.hand_over()
    refused = any(isinstance(one, VendorRejected) for one in failing)
    vendor = OnceOnly(world, monkeypatch, list(failing))
    for count in left:
        with suppress(Killed):
            world.services.polling.run("worker")
        assert world.ledger.pages.counts() == ({"promo": count} if count else {})
        world.now += 3600
    assert world.ended() == ({} if refused else {"13800000000": "DELIVERED"})
    assert vendor.failing == []


def test_an_unread_page_is_not_tried_at_every_turn(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits a minute at first, and the vendor is asked on meanwhile."""
    world.send(["13800000000"])
    world.hand_over()
    vendor = OnceOnly(world, monkeypatch, [UNREAD] * 99)
    for _ in range(60):
        world.services.polling.run("worker")
        world.now += 60
    assert (vendor.asked, 99 - len(vendor.failing)) == (60, 7)


def test_a_page_of_a_duty_that_was_lost_is_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another worker took over while this one read: the page is read by that one."""
    world.send(["13800000000"])
    world.hand_over()
    vendor = OnceOnly(world, monkeypatch, [])
    poll = vendor.poll
    lease = f"poll/promo/poll_receipts/{world.hooks.identity[:12]}"

    def slow(window: PollWindow) -> ReceiptPage:
        page = poll(window)
        world.now += 600
        now = int(world.now * 1000)
        world.ledger.coordination.lease(lease, Holder("other", 1000), now=now)
        return page

    monkeypatch.setattr(world.hooks, "poll_receipts", slow)
    world.services.polling.run("worker")
    assert (world.ended(), world.ledger.pages.counts()) == ({}, {"promo": 1})
    monkeypatch.setattr(world.hooks, "poll_receipts", poll)
    world.now += 60
    world.services.polling.run("other")
    assert (world.ended(), world.ledger.pages.counts()) == ({"13800000000": "DELIVERED"}, {})
