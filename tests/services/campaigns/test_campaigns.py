"""One campaign is seen, paused, resumed and cancelled while it is sent; nothing else is touched."""

import json
from collections import Counter
from collections.abc import Sequence
from threading import Thread

import pytest
from sqlalchemy import text

from bridge.contract.bodies import SendListBody
from bridge.contract.refusal import Refusal
from bridge.ledger import (
    BRIDGE,
    Callee,
    Holder,
    Ledger,
    NewFile,
    NewSend,
    Progress,
    Recipients,
    Scope,
    Terms,
    TimeSpan,
)
from bridge.ledger.campaigns.recipients import Filter
from bridge.ledger.campaigns.turning import Turn
from bridge.plugin import (
    Batch,
    DeliveryReceipt,
    Kind,
    MessageStatus,
    NotAccepted,
    Outcome,
    SubmitResult,
    accepted,
    rejected,
)
from bridge.services.campaigns.controlling import CampaignControlling
from bridge.services.campaigns.exporting import Choice, Exporting
from bridge.services.campaigns.seeing import Seeing
from bridge.services.desk.operating import OperatorRefused
from bridge.services.snapshots import snapshot

from ..conftest import Worlds
from ..world import NAME, World

HOUR_S = 3600


def numbers(count: int, start: int = 0) -> list[str]:
    return [f"138{index:08d}" for index in range(start, start + count)]


def send(world: World, phones: Sequence[str], task: str = "", out_id: str = "out-1", code: str = "") -> str:
    """Accept a send of a campaign. Returns its id."""
    body = {
        "outId": out_id,
        "phoneNumberJson": list(phones),
        "templateParamJson": [{"name": phone[-4:]} for phone in phones],
        "signName": "Acme",
        "templateCode": code or world.template(),
        **({"relatedTaskId": task, "taskCreatorAccount": "li.wei"} if task else {}),
    }
    raw = json.dumps(body).encode()
    return world.services.accepting.send_list(SendListBody.parse(raw), raw[-32:] + out_id.encode(), Kind.TEXT)


def controlling(world: World) -> CampaignControlling:
    return CampaignControlling(Seeing(world.ledger), world.ledger, lambda: world.now, "shell:ann")


def whole(world: World, name: str) -> dict[str, int]:
    """Return where a campaign's recipients stand, without zeros."""
    funnel = Seeing(world.ledger).whole([NAME], name).campaign.funnel
    found = {field: getattr(funnel, field) for field in funnel.__dataclass_fields__}
    return {field: count for field, count in found.items() if count and field != "segments"}


def codes(world: World, out_id: str = "out-1") -> Counter[str]:
    """Codes of what came to its end."""
    details, _ = world.ledger.history.details(NAME, out_id, TimeSpan(0, 1 << 62), limit=10_000, offset=0)
    return Counter(detail.code or MessageStatus(detail.status).name for detail in details)


def control(world: World) -> None:
    """Let a worker carry out all that was decided."""
    while world.duties.control():
        pass


def test_a_campaign_is_what_shares_a_task_or_an_out_id(world: World) -> None:
    """A task id and an equal outId are two campaigns; each knows its sends and recipients."""
    send(world, numbers(2), task="4711456", out_id="a")
    send(world, numbers(3, 10), task="4711456", out_id="b")
    send(world, numbers(1, 20), out_id="4711456")
    send(world, numbers(1, 30), out_id="a")
    found = {
        (one.named_by, one.name): (one.sends, one.funnel.recipients)
        for one in Seeing(world.ledger).search([NAME])
    }
    assert found == {("task", "4711456"): (2, 5), ("outId", "4711456"): (1, 1), ("outId", "a"): (1, 1)}
    with pytest.raises(OperatorRefused, match=r"Several campaigns .* give an id instead: .*task"):
        Seeing(world.ledger).find([NAME], "4711456")
    task = next(one for one in Seeing(world.ledger).search([NAME]) if one.named_by == "task")
    seen = Seeing(world.ledger).whole([NAME], task.id)
    assert (seen.task["relatedTaskId"], seen.task["taskCreatorAccount"]) == ("4711456", "li.wei")
    assert (seen.template_text, seen.sign) == ("Dear ${name}", "Acme")


@pytest.mark.parametrize(
    ("text_", "names"),
    [("", {"t1", "o2"}), ("t1", {"t1"}), ("o2", {"o2"}), ("b-out", {"t1"}), ("%", set()), ("nope", set())],
)
def test_it_is_searched(world: World, text_: str, names: set[str]) -> None:
    """By its name, by an outId of its sends; a wildcard is a letter like any other."""
    send(world, numbers(1), task="t1", out_id="b-out")
    send(world, numbers(1, 9), out_id="o2")
    assert {one.name for one in Seeing(world.ledger).search([NAME], text=text_)} == names


def test_the_funnel_and_the_failures(world: World) -> None:
    """What waits, what was sent, what became of it and why."""
    send(world, [*numbers(5), "12"])
    assert whole(world, "out-1") == {"recipients": 6, "waiting": 6}
    world.hand_over()
    receipts = [
        DeliveryReceipt(status, f"{message.ref}", code=code)
        for message, (status, code) in zip(
            world.vendor.batches[0].messages,
            [(MessageStatus.DELIVERED, ""), (MessageStatus.UNDELIVERABLE, "MK:0001")],
            strict=False,
        )
    ]
    world.now += 7
    world.services.receiving.store_reports(receipts, [], "webhook")
    assert whole(world, "out-1") == {"recipients": 6, "accepted": 3, "delivered": 1, "failed": 2}
    seen = Seeing(world.ledger).whole([NAME], "out-1")
    assert {(one.code, one.count, one.sentence) for one in seen.failures} == {
        ("MK:0001", 1, "The number does not exist."),
        ("INVALID_NUMBER", 1, "The number cannot be sent to."),
    }
    assert [(one.within_s, one.count) for one in seen.times] == [(10, 1)]
    assert seen.average_s == pytest.approx(7, abs=0.2)


def test_paused_nothing_is_called_and_resumed_all_is(world: World) -> None:
    """Sends that come meanwhile wait too; another campaign goes on."""
    code = world.template()
    send(world, numbers(3), task="t1", code=code)
    controlling(world).pause([NAME], "t1", "Wrong text.")
    send(world, numbers(2, 10), task="t1", out_id="out-2", code=code)
    send(world, numbers(1, 20), out_id="other", code=code)
    world.hand_over()
    assert world.sent() == numbers(1, 20)
    control(world)
    world.hand_over()
    assert world.sent() == numbers(1, 20)
    controlling(world).resume([NAME], "t1")
    control(world)
    world.hand_over()
    assert sorted(world.sent()) == sorted([*numbers(1, 20), *numbers(3), *numbers(2, 10)])


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("act", ["pause", "cancel"])
def test_no_account_claims_what_is_controlled(world: World, alone: bool, act: str) -> None:
    """Nor one of several, and though nobody carried it out yet: the campaign's state alone decides."""
    send(world, numbers(2), task="t1")
    now = int(world.now * 1000)
    world.ledger.write(lambda c: c.execute(text("UPDATE batch SET account = 'a'")))

    def claims() -> int:
        callee, holder = Callee("a", "identity", alone), Holder("worker", 60_000)
        ledger, scope = world.ledger, Scope(NAME, now)
        return len(ledger.write(lambda c: ledger.batches.claim(c, scope, holder, callee, limit=9)))

    getattr(controlling(world), act)([NAME], "t1", "Stop.")
    world.ledger.write(lambda c: c.execute(text(f"UPDATE batch SET due = {now}")))
    assert not world.ledger.batches.has_due(NAME, now)
    assert not world.ledger.batches.has_due(NAME, now, "a")
    assert claims() == 0
    world.ledger.write(lambda c: c.execute(text("UPDATE campaign SET state = 0")))
    assert claims() == 1


def test_cancelled_nothing_is_called_and_everybody_is_told(world: World) -> None:
    """Each recipient has one failed receipt; later sends are refused, and nothing undoes it."""
    code = world.template()
    send(world, numbers(3), task="t1", code=code)
    controlling(world).cancel([NAME], "t1", "Wrong audience.")
    world.hand_over()
    control(world)
    assert world.sent() == []
    assert (codes(world), {row["sent"] for row in _export(world, "t1")}) == ({"CANCELLED": 3}, {None})
    assert world.ledger.outbox.waiting(NAME)[0] == 3
    assert whole(world, "t1") == {"recipients": 3, "failed": 3}
    with pytest.raises(Refusal) as refused:
        send(world, numbers(1, 50), task="t1", out_id="late", code=code)
    assert refused.value.code == "CAMPAIGN_CANCELLED"
    for act in (controlling(world).resume, controlling(world).pause, controlling(world).cancel):
        with pytest.raises(OperatorRefused, match=r"is cancelled already\. That is final"):
            act([NAME], "t1", "why")
    assert world.ledger.tallies.differences() == []


def test_what_was_called_runs_its_course(world: World) -> None:
    """A batch in the call is recorded as ever; what the vendor did not take is not tried again."""
    code = world.template()
    send(world, numbers(2), task="t1", code=code)

    def meanwhile(batch: Batch) -> Sequence[SubmitResult]:
        controlling(world).cancel([NAME], "t1", "Stop.")
        return [accepted("v1"), SubmitResult(Outcome.NOT_SENT, code="BUSY", error=NotAccepted("Busy."))]

    world.vendor.answer = meanwhile
    world.hand_over()
    control(world)
    assert whole(world, "t1") == {"recipients": 2, "accepted": 1, "failed": 1}
    assert codes(world) == {"CANCELLED": 1}
    assert len(world.vendor.batches) == 1


def test_a_repeated_request_of_a_cancelled_campaign_has_its_first_answer(world: World) -> None:
    """It was accepted once, and Quick Audience may ask again."""
    code = world.template()
    first = send(world, numbers(1), task="t1", code=code)
    controlling(world).cancel([NAME], "t1", "Stop.")
    assert send(world, numbers(1), task="t1", code=code) == first


def test_a_killed_worker_leaves_a_cancelled_batch_cancelled(world: World) -> None:
    """It was taken to be ended, and nobody ended it: the lease lapses, and it ends all the same."""
    send(world, numbers(2), task="t1")
    campaign, now = Seeing(world.ledger).find([NAME], "t1"), int(world.now * 1000)
    assert controlling(world).cancel([NAME], "t1", "Stop.")
    taken = world.ledger.controlling.claim_uncalled(campaign.id, Holder("dead", 1000), now, limit=9)
    assert [batch.count for batch in taken] == [2]
    world.now += 5
    assert world.duties.take_over()
    assert codes(world) == {"CANCELLED": 2}


def test_a_state_that_nobody_carried_out_is_carried_out(world: World) -> None:
    """The operator's process died right after its commit: a worker goes on."""
    code = world.template()
    send(world, numbers(2), task="t1", code=code)
    controlling(world).pause([NAME], "t1", "Wait.")
    world.ledger.write(lambda c: c.execute(text("UPDATE campaign SET state = 0")))  # as after such a resume
    world.hand_over()
    assert world.sent() == []
    control(world)
    world.hand_over()
    assert len(world.sent()) == 2


def test_it_is_carried_out_once_and_for_all(world: World) -> None:
    """After a while nothing can come that it concerns, and no worker looks at it any more."""
    send(world, numbers(2), task="t1")
    controlling(world).cancel([NAME], "t1", "Stop.")
    control(world)
    assert len(world.ledger.controlling.pending([NAME])) == 1
    world.now += HOUR_S
    control(world)
    assert world.ledger.controlling.pending([NAME]) == []


def test_a_campaign_is_cancelled_while_its_file_is_read(world: World) -> None:
    """The file is read to its end, so that each of its recipients has a receipt; none is sent to."""
    now = int(world.now * 1000)
    template = world.services.templates.find(world.template(), Kind.TEXT)
    new = NewSend(NAME, "out-1", "Acme", template.code, snapshot(template), b"d")
    send_id = world.ledger.sends.accept(
        new, Terms(now, now + HOUR_S * 1000, 0, 99), NewFile("https://x")
    ).send_id
    job = world.ledger.files.claim(NAME, Holder("reader", 9_000_000), now=now)
    assert job is not None

    def read(lines: int, finished: bool) -> None:
        batch = Recipients(numbers(1, lines), [{"name": "n"}])
        later = Progress("e", lines, lines, lines, finished)
        times = {"now": now, "lease_ms": 9_000_000, "deadline": now + HOUR_S * 1000}
        assert world.ledger.files.advance(job, later, [batch], **times)

    read(1, False)
    controlling(world).cancel([NAME], "out-1", "Stop.")
    control(world)
    read(2, True)
    world.hand_over()
    control(world)
    assert (world.sent(), codes(world)) == ([], {"CANCELLED": 2})
    assert world.ledger.tallies.differences() == []
    assert send_id


def test_claims_and_a_cancellation_race(worlds: Worlds) -> None:
    """Whoever is first: each recipient is called or cancelled, never both, and none is left."""
    world = worlds(rate_per_s=0)
    world.vendor.size = 1
    send(world, numbers(60), task="t1")
    cancel = Thread(target=lambda: controlling(world).cancel([NAME], "t1", "Stop."))
    sent: list[str] = []

    def answer(batch: Batch) -> Sequence[SubmitResult]:
        sent.extend(message.phone.raw for message in batch.messages)
        if len(sent) == 5:
            cancel.start()
        return [accepted(message.ref) for message in batch.messages]

    world.vendor.answer = answer
    world.hand_over()
    cancel.join()
    world.hand_over()
    control(world)
    rows = {row["number"]: row["status"] for row in _export(world, "t1")}
    assert Counter(rows.values()) == Counter(accepted=len(sent), unsent=60 - len(sent))
    assert len(set(sent)) == len(sent) >= 5


def test_every_change_is_in_the_audit(world: World) -> None:
    """Who, what, why, before and after."""
    send(world, numbers(1), task="t1")
    controlling(world).pause([NAME], "t1", "Wrong text.")
    controlling(world).resume([NAME], "t1", "Mended.")
    acts = [act for act in world.ledger.audit.acts() if act.who != BRIDGE]
    assert [(act.who, act.what, act.why, act.before, act.after) for act in acts] == [
        ("shell:ann", "campaign resumed", "Mended.", {"state": "paused"}, {"state": "running"}),
        ("shell:ann", "campaign paused", "Wrong text.", {"state": "running"}, {"state": "paused"}),
    ]


def _export(world: World, name: str, *statuses: str, full: bool = True) -> list[dict[str, object]]:
    exporting = Exporting(world.ledger, lambda: world.now, "shell:ann")
    campaign = Seeing(world.ledger).find([NAME], name)
    return list(exporting.rows(campaign, Choice(statuses), full=full))


@pytest.mark.parametrize(
    ("statuses", "count"),
    [((), 5), (("waiting",), 2), (("accepted",), 3), (("delivered",), 0), (("waiting", "accepted"), 5)],
)
def test_it_is_exported_by_status(world: World, statuses: tuple[str, ...], count: int) -> None:
    """Every recipient once, also who waits."""
    code = world.template()
    send(world, numbers(3), task="t1", code=code)
    world.hand_over()
    send(world, numbers(2, 10), task="t1", out_id="out-2", code=code)
    rows = _export(world, "t1", *statuses)
    assert len({row["number"] for row in rows}) == len(rows) == count


def test_whole_numbers_are_audited(world: World) -> None:
    """Masked ones are not: they are what every list shows."""
    send(world, numbers(1), task="t1")
    before = len(world.ledger.audit.acts())
    assert [row["number"] for row in _export(world, "t1", full=False)] == ["138******00"]
    assert len(world.ledger.audit.acts()) == before
    assert [row["number"] for row in _export(world, "t1")] == numbers(1)
    acts = world.ledger.audit.acts()
    assert ([acts[0].what], len(acts)) == (["exported with whole numbers"], before + 1)


def test_pages_are_bounded(ledger: Ledger, worlds: Worlds) -> None:
    """However many recipients: the first holds those of one batch, and none those of more than a hundred."""
    (world := worlds()).vendor.size = 1
    send(world, numbers(250), task="t1")
    pages = ledger.recipients.pages(Seeing(ledger).find([NAME], "t1").id, Filter())
    assert [len(page) for page in pages] == [1, 2, 4, 8, 16, 32, 64, 100, 23]


COUNTS = [
    ([], [], 6),
    (["waiting"], [], 1),
    (["accepted"], [], 4),
    (["rejected"], [], 1),
    (["rejected", "waiting"], [], 2),
    ([], ["BAD"], 1),
    (["rejected"], ["OTHER"], 0),
]


@pytest.mark.parametrize(("statuses", "codes", "count"), COUNTS)
def test_recipients_are_counted_without_being_read(
    world: World, statuses: list[str], codes: list[str], count: int
) -> None:
    """As many as the export then writes."""
    world.vendor.answer = lambda batch: [
        rejected("BAD", "No.") if seq == 0 else accepted() for seq, _ in enumerate(batch.messages)
    ]
    code = world.template()
    send(world, numbers(5), task="t1", code=code)
    world.hand_over()
    send(world, numbers(1, 9), task="t1", out_id="out-2", code=code)
    campaign = Seeing(world.ledger).find([NAME], "t1")
    exporting = Exporting(world.ledger, lambda: world.now, "shell:root")
    rows = list(exporting.rows(campaign, choice := Choice(statuses, codes)))
    assert exporting.count(campaign, choice) == len(rows) == count
    assert exporting.page(campaign, choice, Turn(), 2).rows == rows[:2]
    # Accounts by their names; what was never called has none yet.
    assert all(row["account"] == ("" if row["status"] == "waiting" else "obedient") for row in rows)
