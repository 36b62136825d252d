"""Taking a send: everything that can be refused is refused before anything is stored."""

import json
from collections.abc import Mapping, Sequence

import structlog

from bridge import metrics, tracing
from bridge.channels import OpenChannel
from bridge.channels.hooks import SENDING
from bridge.clock import Clock, hours, millis, seconds
from bridge.contract.bodies import TASK, SendFileBody, SendListBody
from bridge.contract.refusal import Refusal, invalid
from bridge.ledger import (
    CampaignCancelled,
    Ledger,
    NewFile,
    NewSend,
    Overfull,
    Recipients,
    StoredTemplate,
    Terms,
)
from bridge.ledger.refs import to_ref
from bridge.ledger.sendinfo import TRACE
from bridge.plugin import EventName, Kind, ReviewStatus
from bridge.plugin.http import AddressRefused, check_url
from bridge.settings import BridgeSettings

from ..reviews.signs import Signs
from ..reviews.templates import FILED_ELSEWHERE, TemplateReviews
from ..snapshots import snapshot

log = structlog.get_logger("bridge.accepting")

LIMIT_EXCEEDED = ("LIMIT_EXCEEDED", "The send was limited to fewer recipients than it listed.")


class Accepting:
    """The send operations of one channel; the answer is given after the commit. Failures raise Refusal."""

    def __init__(
        self,
        channel: OpenChannel,
        bridge: BridgeSettings,
        templates: TemplateReviews,
        signs: Signs,
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        self._channel = channel
        self._bridge = bridge
        self._templates = templates
        self._signs = signs
        self._ledger = ledger
        self._clock = clock

    def send_list(self, body: SendListBody, digest: bytes, kind: Kind) -> str:
        """Take a send to a list, once within the replay time of its digest. Returns the send's id."""
        count, most = len(body.phones), self._bridge.max_recipients
        if count > most:
            raise Refusal(
                "TOO_MANY_RECIPIENTS", f"The request lists {count} numbers; send at most {most} at once."
            )
        template = self._sendable(body.template_code, body.sign_name, kind)
        new = NewSend(
            channel=self._channel.name,
            out_id=body.out_id,
            sign_name=body.sign_name,
            template_code=template.code,
            template=self._snapshot(template),
            digest=digest,
            task=json.dumps(_with_trace(body.task), ensure_ascii=False),
            task_id=body.task.get(TASK.name, ""),
            batches=self._batches(body),
        )
        return self._accept(new, None, kind, body.limit)

    def send_file(self, body: SendFileBody, digest: bytes) -> str:
        """Take a send by file; the file is read by the worker."""
        try:
            check_url(
                body.url, allow_private=self._channel.settings.allow_private, hosts=self._bridge.file_hosts
            )
        except AddressRefused as error:
            raise invalid("phoneOssUrl", error.reason) from None
        template = self._sendable(body.template_code, body.sign_name, Kind.TEXT)
        new = NewSend(
            channel=self._channel.name,
            out_id=body.out_id,
            sign_name=body.sign_name,
            template_code=template.code,
            template=self._snapshot(template),
            digest=digest,
            task=json.dumps(_with_trace({})),
        )
        return self._accept(new, NewFile(body.url, body.limit), Kind.TEXT, body.limit)

    def _accept(self, new: NewSend, file: NewFile | None, kind: Kind, limit: int) -> str:
        now = millis(self._clock)
        settings = self._channel.settings
        terms = Terms(
            now=now,
            deadline=now + hours(settings.unknown_deadline_h),
            # The request before may have been answered by a machine whose clock is behind.
            replay_ms=hours(self._bridge.replay_hours) + seconds(self._bridge.clocks_apart_s),
            max_pending=settings.max_pending,
        )
        try:
            acceptance = self._ledger.sends.accept(new, terms, file)
        except CampaignCancelled:
            raise Refusal(
                "CAMPAIGN_CANCELLED",
                "This campaign was cancelled on this platform; nothing more of it is sent.",
            ) from None
        except Overfull as full:
            raise Refusal(
                "TOO_MANY_PENDING",
                f"{full.pending} messages are waiting on this platform already; send again later.",
            ) from None
        reference = to_ref(acceptance.send_id)
        if acceptance.replayed:
            log.info("send repeated", send=reference)
            return reference
        metrics.ACCEPTED.labels(self._channel.name, kind).inc(new.count)
        self._tell(reference, new.count, by_file=file is not None, **({"limit": limit} if limit else {}))
        return reference

    def _tell(self, reference: str, count: int, **more: object) -> None:
        """Tell plugins, the trace and the log of a send that was accepted."""
        tracing.current().set({"messaging.message.id": reference, "messaging.batch.message_count": count})
        self._channel.hooks.announce(EventName.SEND_ACCEPTED, recipients=count)
        log.info("send accepted", send=reference, recipients=count, **more)

    def _snapshot(self, template: StoredTemplate) -> str:
        return snapshot(template, self._channel.settings.opt_out_suffix, self._channel.hooks.identity)

    def _sendable(self, code: str, sign_name: str, kind: Kind) -> StoredTemplate:
        # The primary account's own review goes with the send, whatever Quick Audience sees.
        own = self._templates.refreshed(self._templates.find(code, kind))
        template = self._templates.overall(own)
        if template.status is ReviewStatus.PENDING:
            elsewhere = self._templates.filed_elsewhere(template)
            why = FILED_ELSEWHERE if elsewhere else "The template is still under review."
            raise Refusal("TEMPLATE_NOT_APPROVED", why)
        if template.status is ReviewStatus.REJECTED:
            raise Refusal(
                "TEMPLATE_NOT_APPROVED", "The template was rejected; change it and wait for its review."
            )
        self._signs.require(sign_name)
        if not self._channel.hooks.supports(SENDING[kind]):
            raise Refusal("UNSUPPORTED_OPERATION", f"This platform cannot send {kind} messages.")
        return own

    def _batches(self, body: SendListBody) -> list[Recipients]:
        params: Sequence[Mapping[str, str]] = body.params
        uniform = _uniform(params)
        if uniform:
            params = params[:1]
        size = batch_size(self._channel, self._bridge, uniform=uniform)
        sent = body.limit if 0 < body.limit < len(body.phones) else len(body.phones)
        batches = Recipients(body.phones[:sent], params if uniform else params[:sent]).slices(size)
        rest = body.phones[sent:]
        over = Recipients(rest, (), dict.fromkeys(range(len(rest)), LIMIT_EXCEEDED))
        return batches + over.slices(self._bridge.batch_rows)


def _with_trace(task: Mapping[str, object]) -> Mapping[str, object]:
    """Return a send's task with the request's span, where there is one: the vendor calls link to it."""
    parent = tracing.traceparent()
    return {**task, TRACE: parent} if parent else task


def batch_size(channel: OpenChannel, bridge: BridgeSettings, *, uniform: bool) -> int:
    """Return how many recipients a batch holds: one vendor call's worth, at most a second of the rate."""
    size = min(channel.hooks.limits.for_call(uniform), bridge.batch_rows)
    rate = channel.settings.rate_per_s
    return max(1, min(size, int(rate)) if rate else size)


def _uniform(params: Sequence[Mapping[str, str]]) -> bool:
    if not params:
        return True
    first, last = params[0], params[-1]
    return first == last and all(values is first or values == first for values in params)
