"""A person who is forgotten is nowhere, and nothing else changes."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import LargeBinary, String, Table, Text, select, true, update

from bridge.ledger import Ledger, RefusedWebhook, TimeSpan
from bridge.ledger.database import tables
from bridge.ledger.reports.pages import UnreadPage
from bridge.ledger.reports.parking import unpack
from bridge.plugin import DeliveryReceipt, MessageStatus, MoMessage, from_vendor
from bridge.services.desk.operating import Operating

from ..campaigns.test_campaigns import codes, controlling, send, whole
from ..world import NAME, World

GONE = "13800000001"
OTHER = "13800000002"
VALUE = "n13800000001"


def operating(world: World) -> Operating:
    return Operating(world.settings, world.ledger, lambda: world.now, "shell:ann")


def everything(ledger: Ledger) -> str:
    """Return all that any table holds, as text."""
    found: list[str] = []
    with ledger.database.read() as connection:
        for table in tables.metadata.sorted_tables:
            for row in connection.execute(select(table)):
                for column, value in zip(table.c, row, strict=True):
                    if isinstance(column.type, String | Text):
                        found.append(str(value))
                    elif isinstance(column.type, LargeBinary):
                        found.append(bytes(value or b"").decode("utf-8", "replace"))
    return "\n".join(found)


@pytest.fixture
def full(world: World) -> World:
    """The person and another have messages in every state, replies, callbacks, reports and suppressions."""
    code = world.template()
    send(world, [GONE, OTHER], out_id="done", code=code)
    world.hand_over()
    ended = [
        DeliveryReceipt(MessageStatus.DELIVERED, message.ref, reason=f"{message.phone.raw} was there")
        for message in world.vendor.batches[0].messages
    ]
    world.services.receiving.store_reports(ended, [], "webhook")
    send(world, [f"+86 {GONE[:3]} {GONE[3:7]} {GONE[7:]}", OTHER], out_id="open", code=code)
    world.hand_over()
    now = datetime.fromtimestamp(world.now, UTC)
    replies = [MoMessage(from_vendor(one), f"Hello from {one}", at=now) for one in (GONE, OTHER)]
    early = DeliveryReceipt(MessageStatus.DELIVERED, vendor_id="nobody's", phone=from_vendor(GONE))
    world.services.receiving.store_reports([early], replies, "webhook")
    body = json.dumps({"to": f"86{GONE}"}).encode()
    now_ms = int(world.now * 1000)
    world.ledger.refused_webhooks.keep(
        RefusedWebhook(NAME, "Forged.", "POST", f"/r?to={GONE}", {"X-To": GONE}, body, now_ms)
    )
    world.ledger.pages.keep(NAME, "poll_receipts", body, now=now_ms)
    operating(world).suppress(NAME, [f"86{GONE}", f"86{OTHER}"])
    send(world, [GONE, OTHER], out_id="waiting", code=code)
    return world


def test_nothing_of_the_person_is_left(full: World) -> None:
    """In no column of any table; the other person's rows are as they were."""
    assert everything(full.ledger).count(GONE) > 5
    before = everything(full.ledger).count(OTHER)
    done = operating(full).forget(from_vendor(GONE), "Asked.")
    assert done.busy == 0
    assert GONE not in everything(full.ledger).replace(" ", "")
    assert f"8{GONE[-4:]}" not in everything(full.ledger)
    assert everything(full.ledger).count(OTHER) == before
    assert {name: count for name, count in done.rows.items() if count} == {
        "messages": 2,
        "recipients": 3,
        "callbacks": 2,
        "replies": 1,
        "reports": 1,
        "webhooks": 1,
        "pages": 1,
        "suppressions": 1,
    }
    again = operating(full).forget(from_vendor(GONE), "Asked.")
    assert again.rows.total() == 0


def test_totals_stay_right(full: World) -> None:
    """A message keeps its place, status and code; what waited ends unsent, untold."""
    before = {name: whole(full, name) for name in ("done", "open")}
    operating(full).forget(from_vendor(GONE), "Asked.")
    assert {name: whole(full, name) for name in ("done", "open")} == before
    assert full.ledger.tallies.differences() == []
    called = len(full.sent())
    full.hand_over()
    assert full.sent()[called:] == [OTHER]
    assert whole(full, "waiting") == {"recipients": 2, "accepted": 1, "failed": 1}
    assert codes(full, "waiting") == {}
    assert full.ledger.tallies.differences() == []


def test_a_late_receipt_tells_nobody(full: World) -> None:
    """The message ends, and Quick Audience gets no callback without a number."""
    operating(full).forget(from_vendor(GONE), "Asked.")
    waiting = full.ledger.outbox.waiting(NAME)[0]
    reports = [DeliveryReceipt(MessageStatus.DELIVERED, one.ref) for one in full.vendor.batches[1].messages]
    full.services.receiving.store_reports(reports, [], "webhook")
    assert full.ledger.outbox.waiting(NAME)[0] == waiting + 1
    assert whole(full, "open") == {"recipients": 2, "delivered": 2}
    details, count = full.ledger.history.details(NAME, "open", TimeSpan(0, 1 << 62), limit=9, offset=0)
    assert [detail.phone for detail in details] == [OTHER]
    assert count == 1


def test_a_suppression_stays_as_a_digest(full: World) -> None:
    """The person is not sent to again, and may be taken off the list by number."""
    operating(full).forget(from_vendor(GONE), "Asked.")
    among = full.ledger.suppressions.among
    assert among(NAME, "Acme", [f"86{GONE}", "8613900000000"]) == {f"86{GONE}"}
    assert operating(full).allow(NAME, [f"86{GONE}"]) == 1
    assert among(NAME, "Acme", [f"86{GONE}"]) == set()


def test_it_is_audited_without_the_number(full: World) -> None:
    """Who, why, and how many rows of what."""
    operating(full).forget(from_vendor(GONE), "Asked.")
    act = next(one for one in full.ledger.audit.acts() if one.what == "person forgotten")
    assert (act.who, act.why, act.subject) == ("shell:ann", "Asked.", "138******01")
    assert act.after is not None
    assert act.after["messages"] == 2


def test_a_batch_in_the_call_is_told(full: World) -> None:
    """It cannot be changed under its caller: the operator is told to come again."""
    full.claimed()
    assert operating(full).forget(from_vendor(GONE), "Asked.").busy == 1


APART = f"{GONE[:3]} {GONE[3:7]} {GONE[7:]}"


@pytest.mark.parametrize("written", [GONE, f"+86{GONE}", APART])
def test_a_number_in_a_reason_is_never_kept(world: World, written: str) -> None:
    """Whoever types a number into a reason has it masked: nothing tells later whose it was."""
    code, why = world.template(), f"Ask {written} first."
    send(world, [OTHER], out_id="asked", code=code)
    desk = operating(world)
    desk.pause(NAME, why)
    desk.resume(NAME, reason=why)
    desk.pause(NAME, why, next(iter(world.settings.channels[NAME].all_accounts)))
    desk.suppress(NAME, [f"86{OTHER}"], reason=why)
    desk.forget(from_vendor("13800000009"), why)
    controlling(world).pause([NAME], "asked", why)
    held = everything(world.ledger)
    assert "first." in held
    assert GONE not in held.replace(" ", "")


OLD_WORDS = [
    (tables.audit, {"why": f"Ask {APART}."}),
    (tables.audit, {"before": json.dumps({"reason": GONE, "numbers": [GONE]}), "after": f'{{"{GONE}": 7}}'}),
    (tables.campaign, {"reason": f"asked by {GONE}"}),
    (tables.attempt, {"words": f"x{GONE}y is no number"}),
    (tables.batch, {"hold_words": f"the campaign is paused: ask {GONE}"}),
]


@pytest.mark.parametrize(("table", "values"), OLD_WORDS)
def test_what_was_written_before_numbers_were_masked_is_blotted(
    full: World, table: Table, values: dict[str, str]
) -> None:
    """Rows of an earlier version; their JSON stays JSON."""
    operating(full).pause(NAME, "Wait.")
    old = update(table).values(**values).where(tables.UNFINISHED if table is tables.batch else true())
    full.ledger.database.write(lambda connection: connection.execute(old))
    operating(full).forget(from_vendor(GONE), "Asked.")
    assert GONE not in everything(full.ledger).replace(" ", "")
    assert full.ledger.audit.acts(NAME)


FOREIGN = from_vendor("+85291234567")
WRITTEN = [
    "+852 9123-4567",
    "85291234567",
    "00852 (9123) 4567",
    "+852.9123.4567",
    "852\u00a09123\u00a04567",
    "\uff18\uff15\uff12\uff19\uff11\uff12\uff13\uff14\uff15\uff16\uff17",
    "%2B852+9123+4567",
    "%2B852%209123%204567",
    "\\u002b852\\u00a091234567",
    "(+852) 91234567",
]


def refused(world: World, target: str, headers: dict[str, str], body: str) -> None:
    webhook = RefusedWebhook(NAME, "Forged.", "POST", target, headers, body.encode(), int(world.now * 1000))
    world.ledger.refused_webhooks.keep(webhook)


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("place", ["target", "headers", "body"])
def test_a_refused_webhook_that_names_the_person_goes_with_all_it_holds(
    world: World, place: str, written: str
) -> None:
    """However the number is written, and wherever: his texts stand beside it."""
    said = f"from={written}&text=my-secret"
    refused(
        world,
        f"/r?{said}" if place == "target" else "/r",
        {"X-From": said} if place == "headers" else {},
        json.dumps({"from": written, "text": "my-secret"}, ensure_ascii=False) if place == "body" else "",
    )
    refused(world, "/r", {}, '{"from": "85291234568", "text": "another", "id": "785291234567"}')
    done = operating(world).forget(FOREIGN, "Asked.")
    assert done.rows["webhooks"] == 1
    assert "my-secret" not in everything(world.ledger)
    assert [json.loads(one.body)["text"] for one in world.ledger.refused_webhooks.of(NAME)] == ["another"]


def item(number: str, text: str) -> dict[str, object]:
    return {"from": {"number": number}, "message": {"text": text}}


PAGES = [
    pytest.param(
        json.dumps(
            {"next": 7, "replies": [item("+852 9123-4567", "mine"), item("+8613900000000", "another")]}
        ),
        {"next": 7, "replies": [item("+8613900000000", "another")]},
        id="a record",
    ),
    pytest.param(
        json.dumps(
            [
                item("8613900000000", "call 852 9123 4567: mine"),
                {"to": 85291234567, "text": "mine"},
                {"a": "another"},
            ]
        ),
        [{"a": "another"}],
        id="a text, and a bare number",
    ),
    pytest.param(json.dumps({"from": "85291234567", "text": "mine"}), None, id="no list"),
    pytest.param(
        json.dumps({"to": ["85291234567", "8613900000000"], "texts": ["mine", "another"]}), None, id="columns"
    ),
    pytest.param(json.dumps({"85291234567": {"text": "mine"}}), None, id="a name"),
    pytest.param("<reply><to>+852 9123 4567</to>mine</reply>", None, id="no JSON"),
    pytest.param(
        '{"replies": [{"id": "785291234567"}], "at":  1.50}',
        {"replies": [{"id": "785291234567"}], "at": 1.5},
        id="an id",
    ),
]


@pytest.mark.parametrize(("content", "left"), PAGES)
def test_an_unread_page_loses_the_records_of_the_person_alone(
    world: World, content: str, left: object
) -> None:
    """Others' records are still to be read; where nobody can tell them apart, the page goes."""
    world.ledger.pages.keep(NAME, "poll_replies", content.encode(), now=int(world.now * 1000))
    done = operating(world).forget(FOREIGN, "Asked.")
    kept = [json.loads(one.content) for one in unread(world)]
    assert kept == ([] if left is None else [left])
    assert done.rows["pages"] == ("mine" in content or left is None)
    assert "mine" not in everything(world.ledger)


def unread(world: World) -> list[UnreadPage]:
    return world.ledger.pages.due(NAME, "poll_replies", now=int(world.now * 1000), limit=9)


def early(phone: str | None, vendor_id: str, reason: str = "") -> DeliveryReceipt:
    number = None if phone is None else from_vendor(phone)
    return DeliveryReceipt(MessageStatus.DELIVERED, vendor_id=vendor_id, phone=number, reason=reason)


def test_only_the_persons_waiting_receipts_go(world: World) -> None:
    """Digits of an id are nobody's number: another's receipt waits on, whole."""
    stay = [
        early("+12025550199", "zz-85291234567-x"),
        early("+447911123456", "785291234567"),
        early(None, "85291234567"),
    ]
    gone = [early("+852 9123 4567", "a"), early("85291234567", "b")]
    worded = early("+4915112345678", "c", "Absent: +852 9123-4567.")
    world.services.receiving.store_reports([*stay, *gone, worded], [], "webhook")
    done = operating(world).forget(FOREIGN, "Asked.")
    assert done.rows["reports"] == 3
    with world.ledger.database.read() as connection:
        receipts = [unpack(text) for text in connection.execute(select(tables.parked.c.receipt)).scalars()]
    assert receipts == [*stay, worded._replace(reason="")]
