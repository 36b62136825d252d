"""Send details: every message that came to its end, as it was sent, page by page."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.contract.bodies import SendDetailsBody
from bridge.contract.replies import DetailRow
from bridge.plugin import DeliveryReceipt, MessageStatus, rejected

from ..conftest import Worlds
from ..world import NAME, World

PHONES = ["13800000000", "13800000001", "13800000002"]
_CHINA = timedelta(hours=8)


def asked(world: World, **fields: Any) -> tuple[list[DetailRow], int]:
    """The rows and the total of one question, by default for everything of the last and the next hour."""
    now = datetime.fromtimestamp(world.now, UTC).replace(tzinfo=None) + _CHINA
    document = {
        "outId": "task-1",
        "currentPage": 1,
        "pageSize": 50,
        "startDate": str(now - timedelta(hours=1)).partition(".")[0],
        "endDate": str(now + timedelta(hours=1)).partition(".")[0],
        **fields,
    }
    reply = world.services.reporting.details(SendDetailsBody.parse(json.dumps(document).encode()))
    return list(reply.rows), reply.total


def report(world: World, status: MessageStatus, *seqs: int, code: str = "") -> None:
    """Receipts for messages of the first call."""
    messages = world.vendor.batches[0].messages
    receipts = [DeliveryReceipt(status, messages[seq].ref, code=code) for seq in seqs]
    world.services.receiving.store_reports(receipts, [], "webhook")


def test_messages_that_ended_are_told_and_no_others(world: World) -> None:
    """Delivered, failed at the vendor and failed before it; one is still under way."""
    world.send([*PHONES, "12345"])
    world.hand_over()
    world.now += 3
    report(world, MessageStatus.DELIVERED, 0, code="DELIVRD")
    report(world, MessageStatus.UNDELIVERABLE, 1, code="MK:0001")
    rows, total = asked(world)
    assert total == 3
    told = {row.phone: (row.status.name, row.code, row.content) for row in rows}
    assert told == {
        PHONES[0]: ("DELIVERED", "DELIVRD", "Dear n0"),
        PHONES[1]: ("UNDELIVERABLE", "MK:0001", "Dear n1"),
        "12345": ("REJECTED", "INVALID_NUMBER", "Dear n3"),
    }
    (delivered,) = [row for row in rows if row.phone == PHONES[0]]
    assert delivered.sent_at is not None and delivered.received_at is not None
    assert delivered.received_at - delivered.sent_at == timedelta(seconds=3)
    assert delivered.template_code.startswith("T")


# the values sent -> the text told of the second message
TEXTS: dict[str, tuple[str, list[dict[str, str]], str]] = {
    "values of its own": ("Hi ${name}", [{"name": "a"}, {"name": "b"}, {"name": "c"}], "Hi b"),
    "the same for all": ("Hi ${name}", [{"name": "a"}] * 3, "Hi a"),
    "none": ("Hi all", [], "Hi all"),
    "one missing": ("Hi ${name}", [{"name": "a"}, {"other": "b"}, {"name": "c"}], "Hi ${name}"),
}


@pytest.mark.parametrize(("content", "params", "text"), TEXTS.values(), ids=TEXTS)
def test_the_text_is_told_as_it_was_sent(
    world: World, content: str, params: list[dict[str, str]], text: str
) -> None:
    """With the recipient's own values, as far as they were complete."""
    world.vendor.answer = lambda batch: [rejected("NO", "no")] * len(batch.messages)
    world.send(PHONES, code=world.template(content), params=params)
    world.hand_over()
    (row,) = [row for row in asked(world)[0] if row.phone == PHONES[1]]
    assert row.content == text


def test_promotional_texts_are_told_with_their_opt_out_suffix(worlds: Worlds) -> None:
    """It was sent with the text."""
    world = worlds(opt_out_suffix="回T退订")
    world.send(PHONES[:1], code=world.template("Sale", type_=2), params=[])
    world.hand_over()
    report(world, MessageStatus.DELIVERED, 0)
    assert [row.content for row in asked(world)[0]] == ["Sale回T退订"]


def test_pages_hold_every_message_once(world: World) -> None:
    """In one order, whatever the size of a page."""
    phones = [f"138{index:08d}" for index in range(25)]
    world.send(phones)
    world.hand_over()
    report(world, MessageStatus.DELIVERED, *range(25))
    pages = [asked(world, currentPage=page, pageSize=10) for page in (1, 2, 3, 4)]
    assert [(len(rows), total) for rows, total in pages] == [(10, 25), (10, 25), (5, 25), (0, 25)]
    assert [row.phone for rows, _ in pages for row in rows] == phones


# seconds from the send to the ends of the span asked for -> is the message told
SPANS = [(0, 0, True), (-1, 0, True), (0, 1, True), (1, 2, False), (-2, -1, False)]


@pytest.mark.parametrize(("start", "end", "told"), SPANS)
def test_both_ends_of_a_span_are_included(world: World, start: int, end: int, told: bool) -> None:
    """Quick Audience asks in whole seconds; the message was sent within one."""
    world.now += 0.7
    world.send(PHONES[:1])
    world.hand_over()
    report(world, MessageStatus.DELIVERED, 0)
    (row,) = asked(world)[0]
    assert row.sent_at is not None
    sent = row.sent_at.replace(tzinfo=None, microsecond=0) + _CHINA
    span = [str(sent + timedelta(seconds=seconds)) for seconds in (start, end)]
    assert len(asked(world, startDate=span[0], endDate=span[1])[0]) == told


def test_another_task_is_not_told_of(world: World) -> None:
    """Nor is anything once it was purged."""
    world.send(PHONES[:1])
    world.hand_over()
    report(world, MessageStatus.DELIVERED, 0)
    assert asked(world, outId="task-2") == ([], 0)
    assert asked(world)[1] == 1
    world.ledger.retention.purge(int(world.now * 1000) + 86_400_000, channels=[NAME])
    assert asked(world) == ([], 0)
