"""Asking vendors for receipts and replies: one process at a time, the cursor stored with its page."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import structlog

from bridge.channels import OpenAccount, OpenChannel, PluginFault
from bridge.channels.isolation import Isolated, Tolerated
from bridge.clock import DAY_MS, HOUR_MS, MINUTE_MS, Clock, hours, millis, moment, seconds
from bridge.ledger import Detail, HeldLease, Ledger, TimeSpan, UnreadPage
from bridge.ledger.refs import Place, message_ref, to_ref
from bridge.ledger.scope import Holder
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

log = structlog.get_logger("bridge.polling")

_LEASE_MS = 120_000
_PENDING = 200
_UNREAD = 20
_SOON_MS = MINUTE_MS
_DIGITS = 12
"""So many of an account's identity tell it from the channel's accounts before it."""


class _Polled(NamedTuple):
    """A page, and the kept pages it was read from."""

    page: ReceiptPage | ReplyPage
    kept: Sequence[int]

    @property
    def cursor(self) -> str:
        return self.page.cursor


class Polling:
    """Polls one vendor account of a channel."""

    def __init__(
        self, channel: OpenChannel, account: OpenAccount, receiving: Receiving, ledger: Ledger, clock: Clock
    ) -> None:
        self._channel = channel
        self._hooks = account.hooks
        self._account = account.name if channel.several else ""
        self._receiving = receiving
        self._ledger = ledger
        self._clock = clock
        self._swept = Place(0, 0)

    def run(self, owner: str) -> int:
        """Poll receipts and replies where the vendor has them and it is time.

        Returns how many pages were stored.
        """
        return sum(
            self._poll(hook, owner)
            for hook in ("poll_receipts", "poll_replies")
            if self._hooks.supports(hook)
        )

    def _poll(self, hook: str, owner: str) -> int:
        name = self._lease_name(hook)
        cursor = self._ledger.coordination.lease(name, Holder(owner, _LEASE_MS), now=millis(self._clock))
        if cursor is None:
            return 0
        pages = 0
        with Tolerated(log, "poll failed", channel=self._channel.name, hook=hook):
            for polled in self._pages(hook, cursor):
                held = HeldLease(name, owner, polled.cursor, millis(self._clock) + _LEASE_MS)
                if not self._stored(hook, polled, held):
                    break
                pages += 1
        due = millis(self._clock) + seconds(self._channel.settings.poll_s)
        self._ledger.coordination.release_lease(name, owner, due=due)
        return pages

    def _lease_name(self, hook: str) -> str:
        """Return what names the poll and its cursor, which means nothing at another account."""
        at = f"{self._channel.name}/{self._account}" if self._account else self._channel.name
        return f"poll/{at}/{hook}/{self._hooks.identity[:_DIGITS]}"

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
        """Return one page; what the vendor gives only once is stored before the plugin reads it."""
        kept: list[int] = []
        name, pages = self._channel.name, self._ledger.pages

        def keep(content: bytes) -> None:
            kept.append(pages.keep(name, hook, content, account=self._account, now=millis(self._clock)))

        try:
            return _Polled(self._read(hook, replace(window, keep=keep)), kept)
        except BridgeError as error:
            if kept and not _unread(error):
                pages.drop(kept)
            raise

    def _left_unread(self, hook: str, cursor: str) -> Iterator[_Polled]:
        """Yield pages that an earlier poll could not read; what still cannot be waits, longer each time."""
        now, pages = millis(self._clock), self._ledger.pages
        for kept in pages.due(self._channel.name, hook, account=self._account, now=now, limit=_UNREAD):
            window = replace(self._window(cursor, with_pending=False), page=kept.content)
            try:
                page = self._read(hook, window)
            except BridgeError as error:
                self._still_unread(hook, kept, error, now)
                continue
            yield _Polled(replace(page, cursor=cursor), [kept.id])

    def _still_unread(self, hook: str, kept: UnreadPage, error: BridgeError, now: int) -> None:
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
        self._ledger.pages.defer(kept.id, now + min(max(now - kept.created, _SOON_MS), HOUR_MS))

    def _read(self, hook: str, window: PollWindow) -> ReceiptPage | ReplyPage:
        if hook == "poll_receipts":
            return self._hooks.poll_receipts(window)
        return self._hooks.poll_replies(window)

    def _stored(self, hook: str, polled: _Polled, held: HeldLease) -> bool:
        """Store a page; one that cannot be stored must neither be asked for each second nor block others.

        Returns True if nothing of it was lost.
        """
        with Isolated(log, "page not stored", channel=self._channel.name, hook=hook):
            return self._store(polled, held)
        for kept in polled.kept:
            self._ledger.pages.defer(kept, millis(self._clock) + HOUR_MS)
        return False

    def _store(self, polled: _Polled, held: HeldLease) -> bool:
        page = polled.page
        receipts = page.receipts if isinstance(page, ReceiptPage) else ()
        replies = page.replies if isinstance(page, ReplyPage) else ()
        return not self._receiving.store_reports(receipts, replies, "poll", held, polled.kept).lost

    def _window(self, cursor: str, *, with_pending: bool) -> PollWindow:
        now = millis(self._clock)
        since = now - hours(self._channel.settings.unknown_deadline_h)
        # Also what is past its deadline, until a sweep ends it: the vendor may know what became of it.
        pending = (
            self._pending(TimeSpan(since - DAY_MS, now - seconds(self._channel.settings.receipt_late_s)))
            if with_pending
            else []
        )
        return PollWindow(moment(since), moment(now), cursor, pending)

    def _pending(self, span: TimeSpan) -> list[PendingMessage]:
        """Return the next messages late with their receipt; the sweep begins anew at its end."""
        name, identity = self._channel.name, self._hooks.identity
        details = self._ledger.history.awaiting(
            name, span, after=self._swept, identity=identity, limit=_PENDING
        )
        last = details[-1] if len(details) == _PENDING else None
        self._swept = Place(last.batch_id, last.seq) if last else Place(0, 0)
        return [pending for detail in details if (pending := _pending(detail)) is not None]


def _unread(error: BridgeError) -> bool:
    """Return whether an error says that a page was not understood; all others are the vendor's own words."""
    return isinstance(error, OutcomeUnknown | PluginFault)


def _items(page: ReceiptPage | ReplyPage) -> Sequence[object]:
    return page.receipts if isinstance(page, ReceiptPage) else page.replies


def _pending(detail: Detail) -> PendingMessage | None:
    try:
        phone = parse(detail.phone, detail.info.type)
    except BadNumber:
        return None
    return PendingMessage(
        message_ref(detail.batch_id, detail.seq),
        to_ref(detail.batch_id),
        detail.vendor_id,
        phone,
        moment(detail.sent),
    )
