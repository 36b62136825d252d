"""Asking Twilio about messages: those whose outcome is unknown, and those whose callbacks were lost."""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from bridge.plugin import (
    CLOCKS_APART,
    Batch,
    BridgeError,
    DeliveryReceipt,
    DigitalTemplate,
    History,
    Message,
    MessageStatus,
    NoSuchResource,
    PendingMessage,
    PollWindow,
    ReceiptPage,
    SubmitResult,
    VendorUnavailable,
    accepted,
    not_sent,
    unknown,
)
from bridge.plugin.http import CONNECT_TIMEOUT_S

from .messages import Composer, MessageRecord
from .reports import Report, Reports
from .settings import TwilioSettings

if TYPE_CHECKING:
    from .client import TwilioAccount

LATEST = timedelta(minutes=10)
"""A call's messages are created while its worker holds the lease, or not at all: sooner than this, unless the
settings give a batch more time."""
LOOK_BACK = 50
FAR = timedelta(days=1)
"""A machine's clock may be wrong by hours: a message of a time so near may be the lost one all the same."""
_TOO_MANY = "Too many later messages to find this one."
_TRIAL_PREFIX = "Sent from your Twilio trial account - "


class Reconciliation:
    """Finds messages of unknown outcome by recipient, time and text: Twilio lists no reference of ours.

    Two equal texts to one number are told apart by giving each SID away once: `History.claimed` knows what
    is recorded, `_given` what this process gave to which message, while the bridge is still recording it.
    """

    def __init__(
        self, settings: TwilioSettings, composer: Composer, history: History, now: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._composer = composer
        self._history = history
        self._now = now
        self._given: dict[str, str] = {}
        self._lock = threading.Lock()
        # A call may begin until the batch's time is up, and is answered after that.
        last_answer = timedelta(seconds=settings.batch_seconds + settings.timeout_s + CONNECT_TIMEOUT_S)
        self._latest = max(LATEST, last_answer + CLOCKS_APART)
        self._absent_after = max(timedelta(seconds=settings.absent_after_s), last_answer + CLOCKS_APART)

    def settle(self, account: "TwilioAccount", batch: Batch, message: Message) -> SubmitResult:
        """Adopt the message's SID, or tell that it is absent, or that nobody can tell."""
        found = account.messages_to(self._composer.address(batch, message), LOOK_BACK)
        since, until = batch.called_at - CLOCKS_APART, batch.called_at + self._latest
        sender = self._composer.sender(batch.sign_name)
        earliest, last = batch.called_at - FAR, batch.called_at + FAR
        ours = [
            one
            for one in found
            if one.direction == "outbound-api"
            and one.is_from(sender)
            and earliest <= _created(one, since) <= last
        ]
        if not all(one.sid for one in ours):
            return unknown("Twilio shows a message to this number without its id.", "UNREADABLE_ANSWER")
        free = self._unclaimed(ours)
        near = [one for one in free if since <= _created(one, since) <= until]
        candidates = [one for one in near if self._shows(one, batch, message)]
        if not candidates:
            complete = len(found) < LOOK_BACK or any(_created(one, since) < earliest for one in found)
            return self._absent(batch, free) if complete else unknown(_TOO_MANY)
        if self._composer.by_content(batch.template):
            return unknown("Twilio has messages to this number, but shows no text to tell them apart.")
        return self._adopt(candidates, message.ref, batch.called_at)

    def _shows(self, record: MessageRecord, batch: Batch, message: Message) -> bool:
        """Compare text and number of media, where Twilio shows them. Returns True for a possible match."""
        if self._composer.by_content(batch.template):
            return True
        body = record.body.removeprefix(_TRIAL_PREFIX).strip()
        return body == self._composer.text(batch, message).strip() and record.num_media == _media(batch)

    def _unclaimed(self, candidates: list[MessageRecord]) -> list[MessageRecord]:
        if not candidates:
            return []
        claimed = self._history.claimed(one.sid for one in candidates)
        return [one for one in candidates if one.sid not in claimed]

    def _adopt(self, candidates: Sequence[MessageRecord], ref: str, called_at: datetime) -> SubmitResult:
        # The nearest in time: with two equal texts each call most likely finds its own.
        nearest = sorted(candidates, key=lambda one: abs(_created(one, called_at) - called_at))
        with self._lock:
            for one in nearest:
                if self._given.setdefault(one.sid, ref) == ref:
                    return accepted(one.sid)
        return unknown("Its only match at Twilio belongs to another message.")

    def _absent(self, batch: Batch, others: Sequence[MessageRecord]) -> SubmitResult:
        if others:
            # Redacted, or encoded otherwise on the way: it may be ours all the same.
            return unknown("Twilio shows a message to this number that no message of the bridge claims.")
        age = self._now() - batch.called_at
        if age < self._absent_after:
            return unknown("Twilio does not show the message yet.")
        if not self._settings.resend_unknown:
            return unknown("Twilio does not show the message.", code="ABSENT")
        return not_sent(VendorUnavailable("Twilio does not show the message.", code="ABSENT"))


class Sweep:
    """Fetches messages whose callbacks were lost: one at a time, for a limited time, taking turns."""

    def __init__(self, settings: TwilioSettings, reports: Reports, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._reports = reports
        self._clock = clock

    def page(self, account: "TwilioAccount", window: PollWindow) -> ReceiptPage:
        """Ask for receipts of as many of `window.pending` as time allows.

        The cursor counts the messages asked about so far and says where to begin: those that are never
        reached in time, and those behind one that never ends, come first another time.
        """
        asked = int(window.cursor) if window.cursor.isdecimal() else 0
        waiting = [one for one in window.pending if one.vendor_id]
        start = asked % len(waiting) if waiting else 0
        receipts: list[DeliveryReceipt] = []
        deadline = self._clock() + self._settings.batch_seconds
        for pending in (*waiting[start:], *waiting[:start]):
            if self._clock() >= deadline:
                break
            try:
                record = account.message(pending.vendor_id)
                if record.sid == pending.vendor_id:
                    receipts.append(self._receipt(pending, record, window.until))
            except NoSuchResource:
                pass  # deleted at Twilio: the bridge's own deadline ends it
            except BridgeError:
                if not receipts:
                    raise
                break
            asked += 1
        return ReceiptPage(receipts, str(asked))

    def _receipt(self, pending: PendingMessage, record: MessageRecord, now: datetime) -> DeliveryReceipt:
        report = self._reports.read(record.status, record.error_code)
        after = timedelta(hours=self._settings.sent_final_after_h)
        if record.status == "sent" and after and now - pending.sent_at >= after:
            report = self._silent()
        return DeliveryReceipt(
            report.status,
            message_ref=pending.ref,
            batch_ref=pending.batch_ref,
            vendor_id=record.sid,
            phone=pending.phone,
            code=report.code,
            reason=report.reason,
            at=record.date_updated if report.status.final else None,
            opted_out=report.opted_out,
            unlisted=report.unlisted,
            price=_price(record.price),
            currency=record.currency.upper(),
        )

    def _silent(self) -> Report:
        reason = "The carrier took the message and reported no further."
        if self._settings.sent_final_as == "delivered":
            return Report(MessageStatus.DELIVERED, "DELIVERED", reason, False)
        return Report(MessageStatus.UNKNOWN, "SENT", reason, False)


def _price(text: str) -> Decimal | None:
    """Return what Twilio charged: it writes it below zero, and nothing before it knows."""
    try:
        price = abs(Decimal(text))
    except ArithmeticError:
        return None
    return price if price.is_finite() else None


def _created(record: MessageRecord, otherwise: datetime) -> datetime:
    return record.date_created or otherwise


def _media(batch: Batch) -> int:
    if not isinstance(batch.template, DigitalTemplate):
        return 0
    return sum(part.suffix != "txt" for part in batch.template.parts)
