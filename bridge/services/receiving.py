"""What vendors tell: receipts, replies and reviews, by webhook or by polling; stored, then acknowledged."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

import structlog

from bridge import metrics
from bridge.channels import OpenChannel
from bridge.ledger import Duty, Ended, Intake, Ledger, LedgerUnavailable, ReplyTerms, TakenIn
from bridge.plugin import (
    Acknowledgement,
    DeliveryReceipt,
    Event,
    MessageStatus,
    MoMessage,
    WebhookRequest,
)
from bridge.plugin.codes import explain

from .records import Clock, millis
from .templates import Templates

log = structlog.get_logger("bridge.receiving")

_HOUR_MS = 3_600_000


class Receiving:
    """Takes in a channel's news from its vendor."""

    def __init__(self, channel: OpenChannel, templates: Templates, ledger: Ledger, clock: Clock) -> None:
        self._channel = channel
        self._templates = templates
        self._ledger = ledger
        self._clock = clock

    def webhook(self, request: WebhookRequest) -> Acknowledgement:
        """Store all that a webhook says; the acknowledgement to give then.

        Raises WebhookRejected for a forged one, UnsupportedOperation when the vendor has none, and
        LedgerUnavailable when nothing could be stored, so that the vendor sends it again.
        """
        result = self._channel.hooks.parse_webhook(request)
        self.take_in(result.receipts, result.replies, "webhook")
        for change in result.reviews:
            self._templates.heed(change)
        return result.acknowledgement

    def take_in(
        self,
        receipts: Sequence[DeliveryReceipt],
        replies: Sequence[MoMessage],
        source: str,
        duty: Duty | None = None,
        pages: Collection[int] = (),
    ) -> TakenIn:
        """Store receipts and replies in one transaction, with the polling cursor if there is one.

        `pages`: the kept pages they were read from. A report that cannot be stored is dropped, unless none
        can: then it is the bridge that fails, and raises.
        """
        if not receipts and not replies and duty is None:
            return TakenIn(Intake())
        now = millis(self._clock)
        try:
            taken = self._store(receipts, replies, now, duty, pages)
        except LedgerUnavailable:
            raise
        except Exception:
            if len(receipts) + len(replies) < 2:
                raise
            log.exception("news not stored together", channel=self._channel.name, source=source)
            taken = self._store_singly(receipts, replies, now, duty, pages)
        self._tell(taken, source, now)
        return taken

    def _store(
        self,
        receipts: Sequence[DeliveryReceipt],
        replies: Sequence[MoMessage],
        now: int,
        duty: Duty | None = None,
        pages: Collection[int] = (),
    ) -> TakenIn:
        settings = self._channel.settings
        window_ms, pushes = int(settings.reply_window_h * _HOUR_MS), bool(settings.callback_url)
        return self._ledger.take_in(
            self._channel.name,
            [_explained(receipt) for receipt in receipts],
            replies,
            ReplyTerms(window_ms, settings.opt_out_word, now, pushes),
            pushes=settings.receipts == "push" and pushes,
            duty=duty,
            pages=pages,
        )

    def _store_singly(
        self,
        receipts: Sequence[DeliveryReceipt],
        replies: Sequence[MoMessage],
        now: int,
        duty: Duty | None,
        pages: Collection[int],
    ) -> TakenIn:
        """Store each by itself, the cursor last; raises what failed when nothing could be stored."""
        intake, new, failures = Intake(), 0, list[Exception]()
        news = [*(([receipt], []) for receipt in receipts), *(([], [reply]) for reply in replies)]
        for one in news:
            try:
                taken = self._store(*one, now)
            except LedgerUnavailable:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this one's
                failures.append(error)
                continue
            intake.add(taken.intake)
            new += taken.replies
        if len(failures) == len(news):
            raise failures[0]
        log.error("news that cannot be stored, dropped", channel=self._channel.name, count=len(failures))
        lost = duty is not None and self._store([], [], now, duty, pages).lost
        return TakenIn(intake, new, lost)

    def _tell(self, taken: TakenIn, source: str, now: int) -> None:
        name, ended = self._channel.name, taken.intake.ended
        if taken.lost:
            return
        metrics.RECEIPTS.labels(name, source).inc(
            len(ended) + taken.intake.repeated + taken.intake.parked + taken.intake.dropped
        )
        metrics.REPLIES.labels(name, source).inc(taken.replies)
        count_ended(name, ended)
        if ended:
            oldest = min(one.sent for one in ended)
            metrics.RECEIPT_LAG.labels(name).observe((now - oldest) / 1000)
            self._event("receipts.applied", ended=len(ended), parked=taken.intake.parked)
        if taken.replies:
            self._event("replies.stored", replies=taken.replies)

    def _event(self, name: str, **fields: int) -> None:
        self._channel.hooks.event(Event(self._channel.name, name, datetime.now(UTC), fields))


def count_ended(channel: str, ended: Sequence[Ended]) -> None:
    """Count messages that came to their end, by final status."""
    totals: dict[int, int] = {}
    for one in ended:
        totals[one.status] = totals.get(one.status, 0) + 1
    for status, count in totals.items():
        metrics.FINISHED.labels(channel, MessageStatus(status).name.lower()).inc(count)


def _explained(receipt: DeliveryReceipt) -> DeliveryReceipt:
    if receipt.reason or receipt.status <= MessageStatus.DELIVERED:
        return receipt
    return receipt._replace(reason=explain(receipt.code).sentence)
