"""Taking a send: everything that can be refused is refused before anything is stored."""

import json
from collections.abc import Mapping, Sequence

import structlog

from bridge import metrics
from bridge.channels import OpenChannel
from bridge.channels.dispatch import SENDING
from bridge.contract.bodies import SendFileBody, SendListBody
from bridge.contract.refusal import Refusal, invalid
from bridge.ledger import Ledger, NewBatch, NewFile, Overfull, Recipients, StoredTemplate, Terms
from bridge.ledger.refs import to_ref
from bridge.plugin import Kind, ReviewStatus
from bridge.plugin.http import AddressRefused, check_url
from bridge.settings import BridgeSettings

from .records import Clock, millis
from .snapshots import snapshot
from .templates import Templates

log = structlog.get_logger("bridge.accepting")

LIMIT_EXCEEDED = ("LIMIT_EXCEEDED", "The send was limited to fewer recipients than it listed.")
_HOUR_MS = 3_600_000


class Accepting:
    """The send operations of one channel; the answer is given after the commit. Failures raise Refusal."""

    def __init__(
        self, channel: OpenChannel, bridge: BridgeSettings, templates: Templates, ledger: Ledger, clock: Clock
    ) -> None:
        self._channel = channel
        self._bridge = bridge
        self._templates = templates
        self._ledger = ledger
        self._clock = clock

    def send_list(self, body: SendListBody, digest: bytes, kind: Kind) -> str:
        """Take a send to a list; returns its bizId. The same digest within the replay time sends nothing."""
        count, most = len(body.phones), self._bridge.max_recipients
        if count > most:
            raise Refusal(
                "TOO_MANY_RECIPIENTS", f"The request lists {count} numbers; send at most {most} at once."
            )
        template = self._sendable(body.template_code, body.sign_name, kind)
        new = NewBatch(
            channel=self._channel.name,
            out_id=body.out_id,
            sign_name=body.sign_name,
            template_code=template.code,
            template=snapshot(template, self._channel.settings.opt_out_suffix),
            digest=digest,
            task=json.dumps(body.task, ensure_ascii=False),
            chunks=self._chunks(body),
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
        new = NewBatch(
            channel=self._channel.name,
            out_id=body.out_id,
            sign_name=body.sign_name,
            template_code=template.code,
            template=snapshot(template, self._channel.settings.opt_out_suffix),
            digest=digest,
        )
        return self._accept(new, NewFile(body.url, body.limit), Kind.TEXT, body.limit)

    def _accept(self, new: NewBatch, file: NewFile | None, kind: Kind, limit: int) -> str:
        now = millis(self._clock)
        settings = self._channel.settings
        terms = Terms(
            now=now,
            deadline=now + int(settings.unknown_deadline_h * _HOUR_MS),
            replay_ms=self._bridge.replay_hours * _HOUR_MS,
            max_pending=settings.max_pending,
        )
        try:
            acceptance = self._ledger.batches.accept(new, terms, file)
        except Overfull as full:
            raise Refusal(
                "TOO_MANY_PENDING",
                f"{full.pending} messages are waiting on this platform already; send again later.",
            ) from None
        reference = to_ref(acceptance.batch_id)
        if acceptance.replayed:
            log.info("send repeated", batch=reference)
        else:
            metrics.ACCEPTED.labels(self._channel.name, kind).inc(new.count)
            log.info(
                "send accepted",
                batch=reference,
                recipients=new.count,
                by_file=file is not None,
                **({"limit": limit} if limit else {}),
            )
        return reference

    def _sendable(self, code: str, sign_name: str, kind: Kind) -> StoredTemplate:
        template = self._templates.refreshed(self._templates.find(code, kind))
        if template.status is ReviewStatus.PENDING:
            raise Refusal("TEMPLATE_NOT_APPROVED", "The template is still under review.")
        if template.status is ReviewStatus.REJECTED:
            raise Refusal(
                "TEMPLATE_NOT_APPROVED", "The template was rejected; change it and wait for its review."
            )
        self._templates.require_sign(sign_name)
        if not self._channel.hooks.supports(SENDING[kind]):
            raise Refusal("UNSUPPORTED_OPERATION", f"This platform cannot send {kind} messages.")
        return template

    def _chunks(self, body: SendListBody) -> list[Recipients]:
        params: Sequence[Mapping[str, str]] = body.params
        uniform = _uniform(params)
        if uniform:
            params = params[:1]
        size = chunk_size(self._channel, self._bridge, uniform=uniform)
        sent = body.limit if 0 < body.limit < len(body.phones) else len(body.phones)
        chunks = Recipients(body.phones[:sent], params if uniform else params[:sent]).slices(size)
        rest = body.phones[sent:]
        over = Recipients(rest, (), dict.fromkeys(range(len(rest)), LIMIT_EXCEEDED))
        return chunks + over.slices(self._bridge.chunk_rows)


def chunk_size(channel: OpenChannel, bridge: BridgeSettings, *, uniform: bool) -> int:
    """How many recipients a chunk holds: one vendor call's worth, at most a second of the rate."""
    size = min(channel.hooks.limits.for_call(uniform), bridge.chunk_rows)
    rate = channel.settings.rate_per_s
    return max(1, min(size, int(rate)) if rate else size)


def _uniform(params: Sequence[Mapping[str, str]]) -> bool:
    if not params:
        return True
    first, last = params[0], params[-1]
    return first == last and all(values is first or values == first for values in params)
