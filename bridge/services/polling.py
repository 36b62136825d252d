"""Asking vendors for receipts and replies: one process at a time, the cursor stored with its page."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import structlog

from bridge import metrics
from bridge.channels import OpenChannel
from bridge.ledger import Detail, Duty, Ledger, Span
from bridge.ledger.refs import message_ref, to_ref
from bridge.plugin import (
    BadNumber,
    BridgeError,
    PendingMessage,
    PollWindow,
    ReceiptPage,
    ReplyPage,
)
from bridge.plugin.phone import parse

from .receiving import Receiving
from .records import Clock, millis

log = structlog.get_logger("bridge.polling")

_LEASE_MS = 120_000
_HOUR_MS = 3_600_000
_PENDING = 200


class Polling:
    """Polls one channel's vendor."""

    def __init__(self, channel: OpenChannel, receiving: Receiving, ledger: Ledger, clock: Clock) -> None:
        self._channel = channel
        self._receiving = receiving
        self._ledger = ledger
        self._clock = clock
        self._swept: tuple[int, int] = (0, 0)

    def run(self, owner: str) -> int:
        """Poll receipts and replies where the vendor has them and it is time; how many pages were stored."""
        return sum(
            self._poll(hook, owner)
            for hook in ("poll_receipts", "poll_replies")
            if self._channel.hooks.supports(hook)
        )

    def _poll(self, hook: str, owner: str) -> int:
        name = f"poll/{self._channel.name}/{hook}"
        cursor = self._ledger.coordination.lease(name, owner, now=millis(self._clock), lease_ms=_LEASE_MS)
        if cursor is None:
            return 0
        pages = 0
        try:
            for page in self._pages(hook, cursor):
                duty = Duty(name, owner, page.cursor, millis(self._clock) + _LEASE_MS)
                if self._store(page, duty):
                    pages += 1
                else:
                    break
        except BridgeError as error:
            metrics.VENDOR_ERRORS.labels(self._channel.name, hook, error.code).inc()
            log.warning("poll failed", channel=self._channel.name, hook=hook, code=error.code)
        due = millis(self._clock) + int(self._channel.settings.poll_s * 1000)
        self._ledger.coordination.yield_duty(name, owner, due=due)
        return pages

    def _pages(self, hook: str, cursor: str) -> Iterator[ReceiptPage | ReplyPage]:
        more = True
        while more:
            window = self._window(cursor, with_pending=hook == "poll_receipts")
            page: ReceiptPage | ReplyPage
            if hook == "poll_receipts":
                page = self._channel.hooks.poll_receipts(window)
            else:
                page = self._channel.hooks.poll_replies(window)
            yield page
            # A page that brings nothing and leads nowhere would be asked for without end.
            more = page.more and (page.cursor != cursor or bool(_items(page)))
            cursor = page.cursor

    def _store(self, page: ReceiptPage | ReplyPage, duty: Duty) -> bool:
        receipts = page.receipts if isinstance(page, ReceiptPage) else ()
        replies = page.replies if isinstance(page, ReplyPage) else ()
        return not self._receiving.take_in(receipts, replies, "poll", duty).lost

    def _window(self, cursor: str, *, with_pending: bool) -> PollWindow:
        now = millis(self._clock)
        since = now - int(self._channel.settings.unknown_deadline_h * _HOUR_MS)
        pending = (
            self._pending(Span(since, now - int(self._channel.settings.receipt_late_s * 1000)))
            if with_pending
            else []
        )
        return PollWindow(_moment(since), _moment(now), cursor, pending)

    def _pending(self, span: Span) -> list[PendingMessage]:
        """The next messages late with their receipt; the sweep begins anew at its end."""
        details = self._ledger.history.awaiting(self._channel.name, span, after=self._swept, limit=_PENDING)
        self._swept = (details[-1].chunk_id, details[-1].seq) if len(details) == _PENDING else (0, 0)
        return [pending for detail in details if (pending := _pending(detail)) is not None]


def _items(page: ReceiptPage | ReplyPage) -> Sequence[object]:
    return page.receipts if isinstance(page, ReceiptPage) else page.replies


def _pending(detail: Detail) -> PendingMessage | None:
    try:
        phone = parse(detail.phone, detail.info.type)
    except BadNumber:
        return None
    return PendingMessage(
        message_ref(detail.chunk_id, detail.seq),
        to_ref(detail.chunk_id),
        detail.vendor_id,
        phone,
        _moment(detail.sent),
    )


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
