"""A person who is forgotten is nowhere, and nothing else changes."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import LargeBinary, String, Table, Text, select, true, update

from bridge.ledger import Ledger, RefusedWebhook, TimeSpan
from bridge.ledger.database import tables
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
