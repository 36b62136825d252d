"""A vendor's report that cannot be stored: it costs itself, and never what came with it."""

from collections.abc import Callable
from typing import Any

import pytest

from bridge.plugin import DeliveryReceipt, MessageStatus, MoMessage, ReceiptPage, from_vendor

from ..world import World

PHONES = ["13800000000", "13800000001"]
Take = Callable[[list[DeliveryReceipt], list[MoMessage]], Any]


def delivered(world: World, seq: int, **fields: Any) -> DeliveryReceipt:
    """Return the receipt of a message that was sent."""
    message = world.vendor.batches[0].messages[seq]
    return DeliveryReceipt(MessageStatus.DELIVERED, **{"message_ref": message.ref, **fields})


def reply(content: Any) -> MoMessage:
    return MoMessage(from_vendor(PHONES[0]), content)


# What a plugin with a fault may make of a vendor's report -> receipts, replies.
SPOILT: dict[str, tuple[list[dict[str, Any]], list[Any]]] = {
    "an id that is no text": ([{"vendor_id": 5}], []),
    "a reply that is no text": ([], [None]),
    "several": ([{"vendor_id": 5}, {"code": None, "reason": 3}], [None, 4]),
}


@pytest.mark.parametrize(("receipts", "replies"), SPOILT.values(), ids=SPOILT)
@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
def test_what_cannot_be_stored_costs_only_itself(
    world: World, receipts: list[dict[str, Any]], replies: list[Any], first: bool
) -> None:
    """Before or behind what can; alone it is refused, so that the vendor tells it again."""
    world.send(PHONES)
    world.hand_over()
    bad_receipts = [delivered(world, 1, **fields) for fields in receipts]
    bad_replies = [reply(content) for content in replies]
    with pytest.raises((AttributeError, TypeError)):
        world.services.receiving.store_reports(bad_receipts, bad_replies, "webhook")
    good = [delivered(world, 0)]
    order = 1 if first else -1
    taken = world.services.receiving.store_reports(
        [*bad_receipts, *good][::order], [*bad_replies, reply("T")][::order], "webhook"
    )
    assert (len(taken.intake.ends), taken.replies) == (1, 1)
    assert world.ended() == {PHONES[0]: "DELIVERED"}


@pytest.mark.parametrize(("sound", "cursors"), [(1, ["", "next"]), (0, ["", ""])])
def test_polling_goes_on_behind_what_cannot_be_stored(
    world: World, monkeypatch: pytest.MonkeyPatch, sound: int, cursors: list[str]
) -> None:
    """The cursor moves with what was stored; a page of nothing that can be stored is asked for later."""
    world.send(PHONES)
    world.hand_over()
    asked: list[str] = []
    page = [delivered(world, 1, vendor_id=5), delivered(world, 0)][: 1 + sound]

    def poll(window: Any) -> ReceiptPage:
        asked.append(window.cursor)
        return ReceiptPage(page, cursor="next")

    monkeypatch.setattr(world.hooks, "supports", lambda hook: hook == "poll_receipts")
    monkeypatch.setattr(world.hooks, "poll_receipts", poll)
    for _ in range(3):
        world.duties.poll(world.services)
    assert asked == [""]
    world.now += 61
    world.duties.poll(world.services)
    assert asked == cursors
