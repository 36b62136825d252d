"""Compares what was sent with what came back, from every side that keeps a record.

Four sides: what Quick Audience sent, the receipts it got, the send details it asked for, and (in the demo)
the carrier's own record. Each disagreement is a Finding; a campaign without findings has lost nothing,
invented nothing and sent nothing twice.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bridge.plugin.phone import mask

from .inbox import Inbox
from .inspection import Receipt

_EXAMPLES = 3

Sent = Mapping[str, Mapping[str, str]]
"""outId -> number as sent -> the text that must arrive ("" where it is not known)."""


class CarrierMessage(NamedTuple):
    """One message as the carrier accepted it, by its own record; the number as Quick Audience wrote it."""

    phone: str
    text: str
    delivered: bool


@dataclass(frozen=True)
class CarrierRecord:
    """Everything the carrier remembers: accepted messages, duplicates included, and replies it passed on.

    It knows no outId, so a campaign that is compared with it must not use a number twice.
    """

    messages: Sequence[CarrierMessage]
    replies: int


class ComparedDetail(NamedTuple):
    """One row of the send details, as far as it is compared."""

    receipt: Receipt
    text: str


@dataclass(frozen=True)
class Finding:
    """One kind of disagreement and how often it occurs; the examples are masked numbers."""

    kind: str
    count: int
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        shown = f" ({', '.join(self.examples)})" if self.examples else ""
        return f"{self.count:,} × {self.kind}{shown}"


@dataclass(frozen=True)
class Result:
    """The campaign's figures and everything that does not add up.

    `accepted` (different numbers the carrier took) and `duplicates` are None without a carrier's record.
    `earlier` counts the receipts and replies of an earlier run, which nothing else here counts. `waiting`: so
    many were not handed to a vendor yet, and are not lost.
    """

    sent: int
    accepted: int | None
    delivered: int
    failures: Mapping[str, int]
    replies: int
    duplicates: int | None
    lost: int
    findings: Sequence[Finding]
    earlier: int = 0
    waiting: int = 0

    @property
    def failed(self) -> int:
        """Return how many receipts report a failure."""
        return sum(self.failures.values())


@dataclass
class _Findings:
    found: list[Finding] = field(default_factory=list)

    def add(self, kind: str, numbers: Iterable[str]) -> int:
        """Note one kind of disagreement unless there is none. Returns how many there are."""
        listed = list(numbers)
        if listed:
            self.found.append(Finding(kind, len(listed), tuple(map(mask, listed[:_EXAMPLES]))))
        return len(listed)


def reconcile(
    sent: Sent,
    inbox: Inbox,
    details: Mapping[str, Sequence[ComparedDetail]] | None,
    carrier: CarrierRecord | None = None,
    waiting: int = 0,
) -> Result:
    """Compare all sides. `details` None leaves them out; `carrier` None leaves its record out.

    Of those without a receipt so many as are `waiting` at the bridge are due later, and no disagreement.

    A carrier with a record serves this campaign alone. Without one, what comes under an outId that was not
    sent is of an earlier run that did not wait for it: no fault of the bridge's, and counted apart.
    """
    findings = _Findings()
    inbox, earlier = (inbox, 0) if carrier is not None else _of_this_run(sent, inbox)
    lost = _compare_receipts(findings, sent, inbox, waiting)
    _judge_inbox(findings, sent, inbox)
    for out_id, expected in sent.items() if details is not None else ():
        rows = (details or {}).get(out_id, ())
        _compare_details(findings, expected, inbox.receipts.get(out_id, {}), rows)
    duplicates = None if carrier is None else _compare_carrier(findings, sent, inbox, carrier)
    receipts = [receipt for numbers in inbox.receipts.values() for receipt in numbers.values()]
    delivered = sum(receipt.delivered for receipt in receipts)
    total = sum(map(len, sent.values()))
    return Result(
        sent=total,
        accepted=None if carrier is None else len({message.phone for message in carrier.messages}),
        delivered=delivered,
        failures=Counter(_reason(receipt) for receipt in receipts if not receipt.delivered),
        replies=len(inbox.replies),
        duplicates=duplicates,
        lost=lost,
        findings=findings.found,
        earlier=earlier,
        waiting=waiting,
    )


def _of_this_run(sent: Sent, inbox: Inbox) -> tuple[Inbox, int]:
    """Return what came under the outIds that were sent, and how many receipts and replies did not."""
    receipts = {out_id: numbers for out_id, numbers in list(inbox.receipts.items()) if out_id in sent}
    replies = [reply for reply in inbox.replies if reply.out_id in sent]
    own = Inbox(
        receipts,
        replies,
        [pair for pair in inbox.contradictions if pair[0].out_id in sent],
        inbox.refusals,
    )
    others = (len(numbers) for out_id, numbers in list(inbox.receipts.items()) if out_id not in sent)
    return own, sum(others) + len(inbox.replies) - len(replies)


def _reason(receipt: Receipt) -> str:
    return f"{receipt.code}: {receipt.message}" if receipt.message else receipt.code


def _compare_receipts(findings: _Findings, sent: Sent, inbox: Inbox, waiting: int) -> int:
    lost: list[str] = []
    strange: list[str] = []
    for out_id, expected in sent.items():
        lost += expected.keys() - inbox.receipts.get(out_id, {}).keys()
    for out_id, received in inbox.receipts.items():
        strange += received.keys() - sent.get(out_id, {}).keys()
    findings.add("receipt for a number that was not sent to under that outId", strange)
    kind = "lost: sent, and no receipt came"
    if not waiting:
        return findings.add(kind, lost)
    # Which of them wait is not known, so that none is shown.
    if count := max(0, len(lost) - waiting):
        findings.found.append(Finding(kind, count))
    return count


def _judge_inbox(findings: _Findings, sent: Sent, inbox: Inbox) -> None:
    findings.add(
        "two receipts that contradict each other", (first.phone for first, _ in inbox.contradictions)
    )
    for refusal, count in Counter(inbox.refusals).items():
        findings.found.append(Finding(f"callback refused with {refusal.status}: {refusal.message}", count))
    findings.add(
        "reply from a number that was not sent to under that outId",
        (reply.phone for reply in inbox.replies if reply.phone not in sent.get(reply.out_id, {})),
    )


def _compare_details(
    findings: _Findings,
    expected: Mapping[str, str],
    receipts: Mapping[str, Receipt],
    rows: Sequence[ComparedDetail],
) -> None:
    seen = Counter(row.receipt.phone for row in rows)
    findings.add("listed twice in the send details", (phone for phone, count in seen.items() if count > 1))
    findings.add("missing in the send details", receipts.keys() - seen.keys())
    findings.add("in the send details without a receipt", seen.keys() - receipts.keys())
    both = [row for row in rows if row.receipt.phone in receipts]
    findings.add(
        "send details that contradict the receipt",
        (row.receipt.phone for row in both if not _agree(row.receipt, receipts[row.receipt.phone])),
    )
    findings.add(
        "send details with another text than the template and the values make",
        (row.receipt.phone for row in both if expected.get(row.receipt.phone, "") not in row.text),
    )


def _agree(row: Receipt, receipt: Receipt) -> bool:
    """Return True when a row says what the receipt said; a row carries no message."""
    return row[:6] == receipt[:6]


def _compare_carrier(findings: _Findings, sent: Sent, inbox: Inbox, carrier: CarrierRecord) -> int:
    texts = {phone: text for expected in sent.values() for phone, text in expected.items()}
    counted = Counter(message.phone for message in carrier.messages)
    duplicates = findings.add(
        "duplicate: accepted by the carrier more than once",
        (phone for phone, count in counted.items() for _ in range(count - 1)),
    )
    findings.add("accepted by the carrier, never sent by Quick Audience", counted.keys() - texts.keys())
    findings.add(
        "another text at the carrier than the template and the values make",
        (message.phone for message in carrier.messages if texts.get(message.phone, "") not in message.text),
    )
    findings.add("the receipt contradicts the carrier's record", _misreported(inbox, carrier))
    if carrier.replies != len(inbox.replies):
        kind = f"replies: the carrier passed on {carrier.replies:,}, {len(inbox.replies):,} arrived"
        findings.found.append(Finding(kind, abs(carrier.replies - len(inbox.replies))))
    return duplicates


def _misreported(inbox: Inbox, carrier: CarrierRecord) -> Iterable[str]:
    delivered = {message.phone for message in carrier.messages if message.delivered}
    for numbers in inbox.receipts.values():
        for phone, receipt in numbers.items():
            if receipt.delivered is not (phone in delivered):
                yield phone
