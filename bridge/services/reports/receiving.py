"""What vendors tell: receipts, replies and reviews, by webhook or by polling; stored, then acknowledged."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import structlog

from bridge import logs, metrics
from bridge.channels import OpenAccount, OpenChannel
from bridge.channels.isolation import Isolated
from bridge.clock import Clock, hours, millis
from bridge.ledger import (
    Ended,
    HeldLease,
    Intake,
    Ledger,
    RefusedWebhook,
    ReplyTerms,
    Scope,
    Source,
    StoredReports,
)
from bridge.plugin import (
    Acknowledgement,
    DeliveryReceipt,
    EventName,
    MessageStatus,
    MoMessage,
    WebhookRejected,
    WebhookRequest,
)
from bridge.plugin.codes import explain

from ..reviews.templates import TemplateReviews
from .joining import Joined

log = structlog.get_logger("bridge.receiving")

_MANY = 100
"""A webhook with so many reports is worth a transaction of its own."""


@dataclass(frozen=True, slots=True)
class _Brought:
    """What one webhook says."""

    receipts: Sequence[DeliveryReceipt]
    replies: Sequence[MoMessage]

    @property
    def count(self) -> int:
        return len(self.receipts) + len(self.replies)


class Receiving:
    """Stores what one vendor account of a channel reports."""

    def __init__(
        self,
        channel: OpenChannel,
        account: OpenAccount,
        templates: TemplateReviews,
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        self._channel = channel
        self._account = account
        self._source = source_of(channel, account.name)
        self._templates = templates
        self._ledger = ledger
        self._clock = clock
        self._joined = Joined(self._store_together, self._store_alone)

    def webhook(self, request: WebhookRequest) -> Acknowledgement:
        """Store all that a webhook says. Returns the acknowledgement to give then.

        Raises WebhookRejected for a forged or unreadable one, which is kept for the operator,
        UnsupportedOperation when the vendor has none, and LedgerUnavailable when nothing could be stored, so
        that the vendor sends it again.
        """
        try:
            result = self._account.hooks.parse_webhook(request)
        except WebhookRejected as rejection:
            self._keep(request, rejection)
            raise
        brought = _Brought(result.receipts, result.replies)
        if 0 < brought.count < _MANY:
            self._joined.store(brought)
        else:
            self._store_alone(brought)
        for change in result.reviews:
            self._templates.apply_review(change, self._account.name)
        if result.confirm is not None:
            try:
                result.confirm()
            except WebhookRejected as rejection:
                self._keep(request, rejection)
                raise
        return result.acknowledgement

    def _store_alone(self, brought: "_Brought") -> None:
        self.store_reports(brought.receipts, brought.replies, "webhook")

    def _store_together(self, several: Sequence["_Brought"]) -> None:
        """Store the reports of several webhooks; raises when they cannot be stored in one transaction."""
        receipts = [receipt for brought in several for receipt in brought.receipts]
        replies = [reply for brought in several for reply in brought.replies]
        now = millis(self._clock)
        taken = self._store(receipts, replies, now)
        metrics.count_unlisted(self._channel.name, [logs.masked(receipt.unlisted) for receipt in receipts])
        self._tell(taken, "webhook", now)

    def _keep(self, request: WebhookRequest, rejection: WebhookRejected) -> None:
        token = self._account.settings.hook_token.get_secret_value()
        refused = RefusedWebhook(
            self._channel.name,
            rejection.reason,
            request.method,
            _behind(token, request) if token else request.tail,
            dict(request.headers),
            request.body,
            millis(self._clock),
            account=self._account.name if self._channel.several else "",
        )
        # The vendor is to be answered as the plugin said, whatever becomes of our copy.
        with Isolated(log, "refused webhook not kept", through=(), channel=self._channel.name):
            self._ledger.refused_webhooks.keep(refused)

    def store_reports(
        self,
        receipts: Sequence[DeliveryReceipt],
        replies: Sequence[MoMessage],
        source: str,
        held: HeldLease | None = None,
        pages: Collection[int] = (),
    ) -> StoredReports:
        """Store receipts and replies in one transaction, with the polling cursor if there is one.

        `pages`: the kept pages they were read from. A report that cannot be stored is dropped, unless none
        can: then it is the bridge that fails, and raises.
        """
        if not receipts and not replies and held is None:
            return StoredReports(Intake())
        metrics.count_unlisted(self._channel.name, [logs.masked(receipt.unlisted) for receipt in receipts])
        now = millis(self._clock)
        taken: StoredReports | None = None
        if len(receipts) + len(replies) < 2:
            taken = self._store(receipts, replies, now, held, pages)
        else:
            with Isolated(log, "reports not stored together", channel=self._channel.name, source=source):
                taken = self._store(receipts, replies, now, held, pages)
        if taken is None:
            taken = self._store_singly(receipts, replies, now, held, pages)
        self._tell(taken, source, now)
        return taken

    def _store(
        self,
        receipts: Sequence[DeliveryReceipt],
        replies: Sequence[MoMessage],
        now: int,
        held: HeldLease | None = None,
        pages: Collection[int] = (),
    ) -> StoredReports:
        settings = self._channel.settings
        window_ms, pushes = hours(settings.reply_window_h), bool(settings.callback_url)
        return self._ledger.store_reports(
            Scope(self._channel.name, now, settings.receipts == "push" and pushes, self._source),
            [_explained(receipt) for receipt in receipts],
            replies,
            ReplyTerms(window_ms, settings.opt_out_word, now, pushes),
            held=held,
            pages=pages,
        )

    def _store_singly(
        self,
        receipts: Sequence[DeliveryReceipt],
        replies: Sequence[MoMessage],
        now: int,
        held: HeldLease | None,
        pages: Collection[int],
    ) -> StoredReports:
        """Store each by itself, the cursor last; raises what failed when nothing could be stored."""
        intake, new, failures = Intake(), 0, list[BaseException]()
        reports = [*(([receipt], []) for receipt in receipts), *(([], [reply]) for reply in replies)]
        for one in reports:
            with Isolated(log, "report not stored", channel=self._channel.name) as alone:
                taken = self._store(*one, now)
                intake.add(taken.intake)
                new += taken.replies
            failures += [alone.error] if alone.error else []
        if len(failures) == len(reports):
            raise failures[0]
        log.error("reports that cannot be stored, dropped", channel=self._channel.name, count=len(failures))
        lost = held is not None and self._store([], [], now, held, pages).lost
        return StoredReports(intake, new, lost)

    def _tell(self, taken: StoredReports, source: str, now: int) -> None:
        name, ends = self._channel.name, taken.intake.ends
        if taken.lost:
            return
        metrics.RECEIPTS.labels(name, source).inc(taken.intake.total)
        metrics.REPLIES.labels(name, source).inc(taken.replies)
        count_ended(name, ends)
        if ends:
            oldest = min(one.sent for one in ends)
            metrics.RECEIPT_LAG.labels(name).observe((now - oldest) / 1000)
        if ends or taken.intake.parked:
            self._channel.hooks.announce(
                EventName.RECEIPTS_APPLIED, ended=len(ends), parked=taken.intake.parked
            )
        if taken.replies:
            self._channel.hooks.announce(EventName.REPLIES_STORED, replies=taken.replies)


def _behind(token: str, request: WebhookRequest) -> str:
    """Return what follows the hook token in a webhook's address, as it was sent: no copy shows the token."""
    found = request.url.partition(token)
    if found[1]:
        return found[2].replace(token, "")
    return request.tail + (f"?{request.query.decode('latin-1')}" if request.query else "")


def source_of(channel: OpenChannel, name: str) -> Source:
    """Return what tells an account's reports from those of the channel's others, now or before."""
    account = channel.accounts.get(name, channel.primary)
    identity = account.hooks.identity
    foreign = {one.hooks.identity for one in channel.accounts.values()} - {identity}
    return Source(name, identity, frozenset(channel.accounts) - {name}, frozenset(foreign))


def count_ended(channel: str, ends: Sequence[Ended]) -> None:
    """Count messages that came to their end, by final status."""
    totals: dict[int, int] = {}
    for one in ends:
        totals[one.status] = totals.get(one.status, 0) + 1
    for status, count in totals.items():
        metrics.FINISHED.labels(channel, MessageStatus(status).name.lower()).inc(count)


def _explained(receipt: DeliveryReceipt) -> DeliveryReceipt:
    if receipt.reason or receipt.status <= MessageStatus.DELIVERED:
        return receipt
    return receipt._replace(reason=explain(receipt.code).sentence)
