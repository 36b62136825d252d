"""Sends, batches and rows for tests of the ledger, at a time of the test's choosing."""

import json
from collections.abc import Sequence
from typing import Any

from bridge.ledger import (
    Callee,
    Claimed,
    Conclusion,
    Ended,
    Holder,
    Ledger,
    MessageRow,
    NewSend,
    Recipients,
    Replied,
    Scope,
    Taken,
    Terms,
)
from bridge.ledger.refs import phone_key
from bridge.plugin import MessageStatus, TemplateType
from bridge.plugin.phone import parse

NOW = 1_795_400_000_000
DAY = 86_400_000
CHANNEL = "promo"
ACCOUNT = "the account"
TEMPLATE = {
    "kind": "text",
    "type": 2,
    "code": "T1",
    "name": "Spring",
    "remark": "",
    "sign_name": "",
    "vendor_code": "V1",
    "state": "",
    "refused": [],
    "content": "Dear ${name}",
}


def phones(count: int, start: int = 0) -> list[str]:
    """Distinct mainland numbers."""
    return [f"138{index:08d}" for index in range(start, start + count)]


def send(
    *batches: Sequence[str],
    out_id: str = "task-1",
    channel: str = CHANNEL,
    digest: bytes = b"digest",
    sign_name: str = "Acme",
    template_type: int = 2,
) -> NewSend:
    """Return a send of batches of numbers, each with a value of its own."""
    recipients = [Recipients(batch, [{"name": f"n{phone}"} for phone in batch]) for batch in batches]
    template = json.dumps({**TEMPLATE, "type": template_type})
    return NewSend(channel, out_id, sign_name, "T1", template, digest, "{}", recipients)


def terms(now: int = NOW, max_pending: int = 1_000_000) -> Terms:
    """Return the usual terms: replay for a day, deadline in three."""
    return Terms(now=now, deadline=now + 3 * DAY, replay_ms=DAY, max_pending=max_pending)


def accept(ledger: Ledger, new: NewSend, now: int = NOW) -> int:
    """Store a send. Returns its id."""
    return ledger.sends.accept(new, terms(now)).send_id


def claim(
    ledger: Ledger,
    owner: str = "worker",
    *,
    now: int = NOW,
    limit: int = 10,
    most: int | None = None,
    lease_ms: int = 60_000,
) -> list[Claimed]:
    """Claim what is due."""
    return ledger.write(
        lambda connection: ledger.batches.claim(
            connection,
            Scope(CHANNEL, now),
            Holder(owner, lease_ms),
            Callee("", ACCOUNT),
            limit=limit,
            most=most,
        )
    )


def row(
    batch: Claimed,
    seq: int,
    status: MessageStatus = MessageStatus.ACCEPTED,
    *,
    vendor_id: str = "",
    now: int = NOW,
) -> MessageRow:
    """Return the row of message `seq` of a batch."""
    phone = batch.recipients.phones[seq]
    return MessageRow(
        batch.id,
        seq,
        phone,
        phone_key(batch.channel, parse(phone, TemplateType.PROMOTION).digits, now),
        int(status),
        vendor_id,
        "",
        "",
        1,
        now,
        now if status.final else None,
    )


def rows(batch: Claimed, status: MessageStatus = MessageStatus.ACCEPTED) -> list[MessageRow]:
    """Return all rows of a batch with one status; vendor ids are v0, v1 and so on."""
    return [row(batch, seq, status, vendor_id=f"v{seq}") for seq in range(batch.count)]


def conclude(
    ledger: Ledger,
    batch: Claimed,
    written: Sequence[MessageRow] | None = None,
    *,
    check_at: int | None = None,
    retry_at: int | None = None,
    now: int = NOW,
    out_id: str = "task-1",
) -> bool:
    """Record a batch's end. Returns False when it came too late."""
    given = rows(batch) if written is None and retry_at is None else written or []
    conclusion = Conclusion(
        batch,
        out_id,
        "Acme",
        pushes=True,
        rows=given,
        check_at=check_at,
        retry_at=retry_at,
        deadline=now + 3 * DAY,
    )
    (recorded,) = ledger.write(lambda connection: ledger.batches.record(connection, [conclusion], now))
    return not recorded.stale


def recorded(ledger: Ledger, numbers: Sequence[str], **options: Any) -> Claimed:
    """Accept, claim and record one batch of numbers as accepted by the vendor."""
    accept(ledger, send(numbers, **options))
    (batch,) = claim(ledger)
    conclude(ledger, batch)
    return batch


def statuses(ledger: Ledger, out_id: str = "task-1") -> dict[str, str]:
    """Number to the name of its final status."""
    from bridge.ledger import TimeSpan

    details, _ = ledger.history.details(CHANNEL, out_id, TimeSpan(0, NOW * 2), limit=10_000, offset=0)
    return {detail.phone: MessageStatus(detail.status).name for detail in details}


def pushed(ledger: Ledger, now: int = NOW, size: int = 500) -> list[list[Ended | Replied]]:
    """Claim all due pushes and confirm them: the entries of each call."""
    jobs = ledger.write(
        lambda connection: ledger.outbox.claim(
            connection, Scope(CHANNEL, now), Holder("pusher", 1000), jobs=100, size=size
        )
    )
    ledger.outbox.finish([Taken(job) for job in jobs], [], now)
    return [list(job.entries) for job in jobs]
