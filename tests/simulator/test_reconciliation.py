"""Reconciliation finds what was planted: each row breaks a campaign in one place and names the finding."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from bridge.simulator.inbox import Inbox
from bridge.simulator.inspection import PushedReply, Receipt
from bridge.simulator.reconciliation import CarrierMessage, CarrierRecord, ComparedDetail, Result, reconcile

A, B, C = "15400000001", "15400000002", "15400000003"
BAD = "154000012"


def delivered(phone: str, out_id: str = "list") -> Receipt:
    return Receipt(out_id, phone, True, "2026-11-20 10:00:00", "2026-11-20 10:00:03", "DELIVERED", "")


def failed(phone: str, code: str = "MK:0001", out_id: str = "list") -> Receipt:
    return delivered(phone, out_id)._replace(delivered=False, code=code, message="It failed.")


@dataclass
class Sides:
    """A campaign in which all sides agree: A and C (digital) delivered, B failed, BAD never left."""

    sent: dict[str, dict[str, str]] = field(
        default_factory=lambda: {"list": {A: "您好 A", B: "您好 B", BAD: ""}, "digital": {C: "您好 C"}}
    )
    receipts: list[Receipt] = field(
        default_factory=lambda: [
            delivered(A),
            failed(B),
            failed(BAD, "INVALID_NUMBER"),
            delivered(C, "digital"),
        ]
    )
    replies: list[PushedReply] = field(
        default_factory=lambda: [PushedReply("list", A, "2026-11-20 10:01:00", "好的")]
    )
    rows: list[ComparedDetail] = field(
        default_factory=lambda: [
            ComparedDetail(delivered(A), "【演示】您好 A"),
            ComparedDetail(failed(B), "【演示】您好 B"),
            ComparedDetail(failed(BAD, "INVALID_NUMBER"), ""),
            ComparedDetail(delivered(C, "digital"), "您好 C"),
        ]
    )
    carrier: list[CarrierMessage] = field(
        default_factory=lambda: [
            CarrierMessage(A, "【演示】您好 A", True),
            CarrierMessage(B, "【演示】您好 B", False),
            CarrierMessage(C, "【演示】您好 C", True),
        ]
    )
    refusals: list[tuple[int, str]] = field(default_factory=list)


def compared(sides: Sides) -> Result:
    inbox = Inbox()
    inbox.add_receipts(sides.receipts)
    inbox.add_replies(sides.replies)
    for refusal in sides.refusals:
        inbox.add_refusal(*refusal)
    details: dict[str, list[ComparedDetail]] = {}
    for row in sides.rows:
        details.setdefault(row.receipt.out_id, []).append(row)
    return reconcile(sides.sent, inbox, details, CarrierRecord(sides.carrier, 1))


def test_a_campaign_in_which_all_agree_has_no_findings() -> None:
    result = compared(Sides())
    assert list(result.findings) == []
    assert (result.sent, result.accepted, result.delivered, result.failed) == (4, 3, 2, 2)
    assert result.failures == {"MK:0001: It failed.": 1, "INVALID_NUMBER: It failed.": 1}
    assert (result.replies, result.duplicates, result.lost) == (1, 0, 0)


PLANTED: dict[str, tuple[Callable[[Sides], object], set[str]]] = {
    "a receipt is lost": (
        lambda s: s.receipts.pop(0),
        {"lost", "send details without a receipt"},
    ),
    "a receipt comes twice": (lambda s: s.receipts.append(delivered(A)), set()),
    "a receipt changes its mind": (lambda s: s.receipts.append(failed(A)), {"contradict each other"}),
    "a receipt for somebody else": (
        lambda s: s.receipts.append(failed("15499999999")),
        {"not sent to", "missing in the send details"},
    ),
    "a receipt under another outId": (
        lambda s: s.receipts.append(failed(C)),
        {"not sent to", "missing in the send details", "record"},
    ),
    "a success is invented": (
        lambda s: s.receipts.__setitem__(1, delivered(B)),
        {"details that contradict", "record"},
    ),
    "a failure is invented": (
        lambda s: s.receipts.__setitem__(0, failed(A)),
        {"details that contradict", "record"},
    ),
    "the carrier took one twice": (lambda s: s.carrier.append(s.carrier[0]), {"duplicate"}),
    "the carrier has somebody else": (
        lambda s: s.carrier.append(CarrierMessage("15499999999", "x", False)),
        {"never sent by Quick Audience"},
    ),
    "the carrier has another text": (
        lambda s: s.carrier.__setitem__(0, CarrierMessage(A, "您好 ${name}", True)),
        {"another text at the carrier"},
    ),
    "a detail is missing": (lambda s: s.rows.pop(0), {"missing in the send details"}),
    "a detail is listed twice": (lambda s: s.rows.append(s.rows[0]), {"listed twice"}),
    "a detail has another status": (
        lambda s: s.rows.__setitem__(0, ComparedDetail(failed(A), "您好 A")),
        {"details that contradict"},
    ),
    "a detail has another date": (
        lambda s: s.rows.__setitem__(0, ComparedDetail(delivered(A)._replace(received_at="x"), "您好 A")),
        {"details that contradict"},
    ),
    "a detail has another text": (
        lambda s: s.rows.__setitem__(0, ComparedDetail(delivered(A), "您好 B")),
        {"details with another text"},
    ),
    "a reply is lost": (lambda s: s.replies.clear(), {"the carrier passed on 1, 0 arrived"}),
    "a reply of somebody else": (
        lambda s: s.replies.__setitem__(0, s.replies[0]._replace(phone=C)),
        {"reply from a number"},
    ),
    "a callback was refused": (lambda s: s.refusals.append((400, "outId is empty.")), {"refused with 400"}),
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_found(name: str) -> None:
    change, words = PLANTED[name]
    sides = Sides()
    change(sides)
    found = [str(finding) for finding in compared(sides).findings]
    assert len(found) == len(words), found
    for word in words:
        assert any(word in finding for finding in found), (word, found)
    assert not any(phone in finding for phone in (A, B, C) for finding in found), "numbers are masked"


@pytest.mark.parametrize(
    ("name", "duplicates", "lost"), [("the carrier took one twice", 1, 0), ("a receipt is lost", 0, 1)]
)
def test_duplicates_and_losses_are_counted(name: str, duplicates: int, lost: int) -> None:
    sides = Sides()
    PLANTED[name][0](sides)
    result = compared(sides)
    assert (result.duplicates, result.lost) == (duplicates, lost)


def test_without_a_carriers_record_nothing_is_claimed_about_it() -> None:
    inbox = Inbox()
    inbox.add_receipts([delivered(A)])
    result = reconcile({"list": {A: ""}}, inbox, None)
    assert (result.accepted, result.duplicates, list(result.findings)) == (None, None, [])


# What came beside this run's own -> how many are of an earlier run, and what is found.
BESIDE: dict[str, tuple[list[Receipt], list[PushedReply], int, set[str]]] = {
    "nothing": ([], [], 0, set()),
    "an earlier run's receipts": ([delivered(B, "sim-0-list"), failed(C, out_id="sim-0-list")], [], 2, set()),
    "one that changed its mind": ([delivered(B, "sim-0-list"), failed(B, out_id="sim-0-list")], [], 1, set()),
    "an earlier run's reply": ([], [PushedReply("sim-0-list", B, "2026-11-20 10:01:00", "好")], 1, set()),
    "another number in this run": ([delivered(B)], [], 0, {"not sent to under that outId"}),
    "another number's reply": (
        [],
        [PushedReply("list", B, "2026-11-20 10:01:00", "好")],
        0,
        {"reply from a number"},
    ),
}


@pytest.mark.parametrize("name", BESIDE)
def test_what_is_late_of_an_earlier_run_is_no_fault(name: str) -> None:
    receipts, replies, earlier, words = BESIDE[name]
    inbox = Inbox()
    inbox.add_receipts([delivered(A), *receipts])
    inbox.add_replies(replies)
    result = reconcile({"list": {A: ""}}, inbox, None)
    found = [str(finding) for finding in result.findings]
    assert result.earlier == earlier and len(found) == len(words), found
    assert all(word in finding for word, finding in zip(words, found, strict=True)), found
    own = [receipt for receipt in receipts if receipt.out_id == "list"]
    assert (result.delivered, result.failed) == (1 + len(own), 0)
