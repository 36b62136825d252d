"""Asking vendors for receipts and replies: one process at a time, the cursor stored with its page."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

import structlog

from bridge import metrics
from bridge.channels import OpenChannel, PluginFault
from bridge.ledger import Detail, Duty, Ledger, LedgerUnavailable, Page, Span
from bridge.ledger.refs import message_ref, to_ref
from bridge.plugin import (
    BadNumber,
    BridgeError,
    OutcomeUnknown,
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
_UNREAD = 20
_SOON_MS = 60_000


class _Polled(NamedTuple):
    """A page, and the kept pages it was read from."""

    page: ReceiptPage | ReplyPage
    kept: Sequence[int]

    @property
    def cursor(self) -> str:
        return self.page.cursor


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
            for polled in self._pages(hook, cursor):
                duty = Duty(name, owner, polled.cursor, millis(self._clock) + _LEASE_MS)
                if not self._stored(hook, polled, duty):
                    break
                pages += 1
        except BridgeError as error:
            metrics.VENDOR_ERRORS.labels(self._channel.name, hook, error.code).inc()
            log.warning("poll failed", channel=self._channel.name, hook=hook, code=error.code)
        due = millis(self._clock) + int(self._channel.settings.poll_s * 1000)
        self._ledger.coordination.yield_duty(name, owner, due=due)
        return pages

    def _pages(self, hook: str, cursor: str) -> Iterator[_Polled]:
        yield from self._left_unread(hook, cursor)
        more = True
        while more:
            window = self._window(cursor, with_pending=hook == "poll_receipts")
            polled = self._ask(hook, window)
            yield polled
            # A page that brings nothing and leads nowhere would be asked for without end.
            more = polled.page.more and (polled.cursor != cursor or bool(_items(polled.page)))
            cursor = polled.cursor

    def _ask(self, hook: str, window: PollWindow) -> _Polled:
        """One page; what the vendor gives once only is stored as it came before the plugin reads it."""
        kept: list[int] = []
        name, pages = self._channel.name, self._ledger.pages

        def keep(content: bytes) -> None:
            kept.append(pages.keep(name, hook, content, now=millis(self._clock)))

        try:
            return _Polled(self._read(hook, replace(window, keep=keep)), kept)
        except BridgeError as error:
            if kept and not _unread(error):
                pages.drop(kept)
            raise

    def _left_unread(self, hook: str, cursor: str) -> Iterator[_Polled]:
        """Pages that an earlier poll could not read; those that still cannot be wait, longer each time."""
        now, pages = millis(self._clock), self._ledger.pages
        for kept in pages.due(self._channel.name, hook, now=now, limit=_UNREAD):
            window = replace(self._window(cursor, with_pending=False), page=kept.content)
            try:
                page = self._read(hook, window)
            except BridgeError as error:
                self._still_unread(hook, kept, error, now)
                continue
            yield _Polled(replace(page, cursor=cursor), [kept.id])

    def _still_unread(self, hook: str, kept: Page, error: BridgeError, now: int) -> None:
        if not _unread(error):
            self._ledger.pages.drop([kept.id])
            return
        log.error(
            "a polled page cannot be read; it is kept and tried again",
            channel=self._channel.name,
            hook=hook,
            page=to_ref(kept.id),
            bytes=len(kept.content),
            code=error.code,
        )
        self._ledger.pages.defer(kept.id, now + min(max(now - kept.created, _SOON_MS), _HOUR_MS))

    def _read(self, hook: str, window: PollWindow) -> ReceiptPage | ReplyPage:
        if hook == "poll_receipts":
            return self._channel.hooks.poll_receipts(window)
        return self._channel.hooks.poll_replies(window)

    def _stored(self, hook: str, polled: _Polled, duty: Duty) -> bool:
        """Store a page; one that cannot be stored must neither be asked for each second nor block others."""
        try:
            return self._store(polled, duty)
        except LedgerUnavailable:
            raise
        except Exception:
            log.exception("page not stored", channel=self._channel.name, hook=hook)
            for kept in polled.kept:
                self._ledger.pages.defer(kept, millis(self._clock) + _HOUR_MS)
            return False

    def _store(self, polled: _Polled, duty: Duty) -> bool:
        page = polled.page
        receipts = page.receipts if isinstance(page, ReceiptPage) else ()
        replies = page.replies if isinstance(page, ReplyPage) else ()
        return not self._receiving.take_in(receipts, replies, "poll", duty, polled.kept).lost

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


def _unread(error: BridgeError) -> bool:
    """Whether an error says that a page was not understood; all others are the vendor's own words."""
    return isinstance(error, OutcomeUnknown | PluginFault)


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
