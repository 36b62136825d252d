"""Simple Message Queue: received, stored by the bridge, then deleted; authenticated with a token."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bridge.plugin import (
    ConfigurationFault,
    CredentialsRejected,
    MessageStatus,
    PollWindow,
    VendorUnavailable,
)
from bridge_aliyun.vendor import Aliyun
from tests.plugin.peers import Peer, dripping

from .conftest import Build
from .emulator import Emulator
from .emulator.pushing import reply
from .samples import batch, numbers

RECEIPTS, REPLIES = "Alicom-Queue-1-SmsReport", "Alicom-Queue-1-SmsUp"
AT = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)


@pytest.fixture
def queued(aliyun: Emulator, build: Build) -> Iterator[Aliyun]:
    """Yield a channel that reads both queues."""
    aliyun.queues.queues = {RECEIPTS: [], REPLIES: []}
    yield build(queue=queues(aliyun))


def queues(aliyun: Emulator, **more: object) -> dict[str, object]:
    """Return the queue's settings for the emulator."""
    base: dict[str, object] = {
        "receipts": RECEIPTS,
        "replies": REPLIES,
        "endpoint": aliyun.url,
        "token_endpoint": aliyun.endpoint,
    }
    return base | more


def window(cursor: str = "") -> PollWindow:
    """Return what the bridge asks for."""
    return PollWindow(AT, AT, cursor)


def put_receipts(vendor: Aliyun, aliyun: Emulator, count: int, *, encoded: bool = True) -> None:
    """Send so many messages and queue their receipts."""
    vendor.send_batch(vendor.channel, batch(*numbers(count)))
    for message in aliyun.account.messages[-count:]:
        aliyun.queues.put(RECEIPTS, aliyun.account.settle(message), encoded=encoded)


@pytest.mark.parametrize("encoded", [True, False], ids=["base64", "plain"])
def test_receipts_are_received_then_deleted(encoded: bool, queued: Aliyun, aliyun: Emulator) -> None:
    """The first page leaves them in the queue; the next, whose cursor says they are stored, deletes them."""
    put_receipts(queued, aliyun, 20, encoded=encoded)
    page = queued.poll_receipts(queued.channel, window())
    assert [receipt.status for receipt in page.receipts] == [MessageStatus.DELIVERED] * 20
    assert {receipt.batch_ref for receipt in page.receipts} == {"b1"}
    assert page.more and len(aliyun.queues.queues[RECEIPTS]) == 20
    page = queued.poll_receipts(queued.channel, window(page.cursor))
    assert (page.receipts, page.cursor, page.more) == ([], "", False)
    assert aliyun.queues.queues[RECEIPTS] == []


def test_what_was_not_stored_comes_again(queued: Aliyun, aliyun: Emulator) -> None:
    """A page whose cursor never came back is handed out again once its time is over."""
    now = 0.0
    aliyun.queues.clock = lambda: now
    put_receipts(queued, aliyun, 3)
    first = queued.poll_receipts(queued.channel, window())
    now = aliyun.queues.visibility_s + 1
    again = queued.poll_receipts(queued.channel, window())
    assert again.receipts == first.receipts and len(again.receipts) == 3
    late = queued.poll_receipts(queued.channel, window(first.cursor))
    assert late.receipts == [] and len(aliyun.queues.queues[RECEIPTS]) == 3, "the old handles are void"
    queued.poll_receipts(queued.channel, window(again.cursor))
    assert aliyun.queues.queues[RECEIPTS] == []


def test_a_page_has_an_end(aliyun: Emulator, build: Build) -> None:
    """A full queue is read page by page, at once."""
    aliyun.queues.queues = {RECEIPTS: [], REPLIES: []}
    vendor = build(queue=queues(aliyun, messages_per_page=32))
    put_receipts(vendor, aliyun, 40)
    sizes, cursor = [], ""
    while True:
        page = vendor.poll_receipts(vendor.channel, window(cursor))
        sizes.append(len(page.receipts))
        cursor = page.cursor
        if not page.more:
            break
    assert sizes == [32, 8, 0] and aliyun.queues.queues[RECEIPTS] == []


def test_replies(queued: Aliyun, aliyun: Emulator) -> None:
    """SmsUp from its own queue."""
    aliyun.queues.put(REPLIES, reply("13800138000", "R", "2026-11-02 12:00:00", 7))
    page = queued.poll_replies(queued.channel, window())
    assert [(each.content, each.vendor_id, each.at) for each in page.replies] == [("R", "7", AT)]
    assert queued.poll_replies(queued.channel, window(page.cursor)).replies == []
    assert aliyun.queues.queues[REPLIES] == []


def test_a_message_that_says_nothing(
    queued: Aliyun, aliyun: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    """It is counted in the log and deleted like the others: it would come again for ever."""
    aliyun.queues.put(RECEIPTS, {"test": 1})
    aliyun.queues.put(RECEIPTS, {"test": 2}, encoded=False)
    aliyun.queues.queues[RECEIPTS][1].body = "%%%"
    page = queued.poll_receipts(queued.channel, window())
    assert page.receipts == [] and page.more
    assert "2 reports of Aliyun could not be read" in caplog.text
    queued.poll_receipts(queued.channel, window(page.cursor))
    assert aliyun.queues.queues[RECEIPTS] == []


def test_the_token_is_kept(queued: Aliyun, aliyun: Emulator) -> None:
    """One token serves many polls, and names the queue and what it holds."""
    for _ in range(3):
        queued.poll_receipts(queued.channel, window())
    assert aliyun.calls("QueryTokenForMnsQueue") == [{"MessageType": "SmsReport", "QueueName": RECEIPTS}]


def test_an_empty_queue_leaves_time_for_look_ups(queued: Aliyun, aliyun: Emulator) -> None:
    """Whatever the queue lost is asked for with QuerySendDetails."""
    from .test_details import sent

    pending = sent(queued, aliyun.account, "13800138000")
    aliyun.account.settle(aliyun.account.messages[0])
    page = queued.poll_receipts(queued.channel, PollWindow(AT, AT, "", pending))
    assert [receipt.message_ref for receipt in page.receipts] == ["b1-0"]


def test_only_the_queue(aliyun: Emulator, build: Build) -> None:
    """With `poll_details` off nothing but the queue is asked."""
    aliyun.queues.queues = {RECEIPTS: []}
    vendor = build(queue=queues(aliyun, replies=""), poll_details=False)
    assert set(vendor.withheld()) == {"poll_replies"}
    page = vendor.poll_receipts(vendor.channel, window())
    assert (page.receipts, page.cursor, page.more) == ([], "", False)


def test_a_queue_that_does_not_exist(queued: Aliyun, aliyun: Emulator) -> None:
    """Its name is a fault of the settings."""
    del aliyun.queues.queues[RECEIPTS]
    with pytest.raises(ConfigurationFault, match="SmsReport"):
        queued.poll_receipts(queued.channel, window())


def test_a_refused_token(queued: Aliyun, aliyun: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token the queue does not take is no receipt page, and the next poll asks for another."""
    monkeypatch.setattr("tests.plugins.aliyun.emulator.queue.TOKEN", ("queueAK", "other", "queue-token"))
    with pytest.raises(CredentialsRejected):
        queued.poll_receipts(queued.channel, window())
    monkeypatch.undo()
    assert queued.poll_receipts(queued.channel, window()).receipts == []
    assert len(aliyun.calls("QueryTokenForMnsQueue")) == 2


def test_no_contact(aliyun: Emulator, build: Build) -> None:
    """A queue that cannot be reached is tried again later; the handles to delete are kept by the cursor."""
    vendor = build(queue=queues(aliyun, endpoint="http://127.0.0.1:1"))
    with pytest.raises(VendorUnavailable):
        vendor.poll_receipts(vendor.channel, window(json.dumps(["handle-1"])))


def test_a_queue_that_trickles_is_left(
    queued: Aliyun, aliyun: Emulator, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exchange has one end, whichever byte the queue stops at."""
    monkeypatch.setattr("bridge_aliyun.queue._TIMEOUT_S", (0.2, 0.2))
    with Peer(dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x")) as peer:
        vendor = build(queue=queues(aliyun, endpoint=peer.url))
        with pytest.raises(VendorUnavailable):
            vendor.poll_receipts(vendor.channel, window())
        vendor.close()
