"""Polling a vendor: page by page to the end, and to an end."""

import pytest

from bridge.ledger.refs import message_ref
from bridge.plugin import DeliveryReceipt, MessageStatus, PollWindow, ReceiptPage

from .world import World

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
    world.dispatch()
    (message,) = world.vendor.batches[0].messages
    delivered = DeliveryReceipt(MessageStatus.DELIVERED, message_ref=message.ref)
    other = DeliveryReceipt(MessageStatus.DELIVERED, message_ref=message_ref(1, 1))
    pages = [ReceiptPage([other], more=True), ReceiptPage([delivered], more=True), ReceiptPage()]
    monkeypatch.setattr(world.hooks, "supports", lambda hook: hook == "poll_receipts")
    monkeypatch.setattr(world.hooks, "poll_receipts", lambda window: pages.pop(0))
    world.services.polling.run("worker")
    assert (pages, world.ended()) == ([], {"13800000000": "DELIVERED"})
