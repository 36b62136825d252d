"""Webhooks: verify, decode, route, read, and answer exactly what the vendor waits for."""

from collections.abc import Sequence
from typing import Any

from bridge.plugin import (
    Acknowledgement,
    DeliveryReceipt,
    MoMessage,
    ReviewChange,
    WebhookRejected,
    WebhookRequest,
    WebhookResult,
)

from .answers import ErrorTable
from .decoding import Source, Unreadable, compile_steps, trimmed
from .faults import Fault
from .paths import as_text, choose, compile_path
from .records import RecordReader, check_words
from .requesting import dumps
from .schema import Recipe
from .schema_reports import Ack, Records, Webhook
from .values import Names
from .verifying import compile_verify

MAX_BODY = 1 << 20
"""Bytes of a webhook's body that are read at all."""

_KINDS = ("receipt", "reply", "template")


class WebhookReader:
    """One webhook of a recipe, compiled."""

    def __init__(
        self,
        name: str,
        webhook: Webhook,
        recipe: Recipe,
        rules: ErrorTable,
        names: Names,
        faults: list[Fault],
    ) -> None:
        key = f"webhooks.{name}"
        self._webhook = webhook
        self._decode = compile_steps(webhook.decode, f"{key}.decode", faults)
        self._check = compile_verify(webhook.verify, names, f"{key}.verify", faults)
        self._route = compile_path(webhook.route.get("path", ""), f"{key}.route.path", faults)
        self._readers: dict[str, RecordReader] = {}
        for kind, records, place in _parts(name, webhook, key, faults):
            check_words(records, kind, place, faults)
            self._readers[kind] = RecordReader(
                records, rules, recipe.phone, recipe.plugin.timezone, place, faults
            )
        self._kind = next(iter(self._readers), "receipt")
        self._acknowledgement = acknowledgement(webhook.ack)

    def read(self, request: WebhookRequest, names: Names) -> WebhookResult:
        """What the webhook says; raises WebhookRejected for a forged or unreadable one."""
        if request.method not in self._webhook.methods:
            raise WebhookRejected(f"This webhook takes no {request.method} request.")
        if len(request.body) > MAX_BODY:
            raise WebhookRejected("The webhook's body is too large.")
        try:
            source = Source(request.query, request.body, request.headers.get("content-type", ""))
            document = self._decode(source)
        except Unreadable as problem:
            raise WebhookRejected(f"The webhook {problem}.") from None
        if not self._check(request, source, document, names):
            raise WebhookRejected("The webhook's signature is wrong.")
        return self._result(trimmed(document) if self._webhook.trim else document)

    def _result(self, document: Any) -> WebhookResult:
        kind = self._kind
        if self._webhook.route:
            words = {word: kind for word, kind in self._webhook.route.items() if word != "path"}
            kind = choose(words, as_text(self._route(document)).strip()) or "ignore"
        reader = self._readers.get(kind)
        receipts: Sequence[DeliveryReceipt] = (
            reader.receipts(document) if reader and kind == "receipt" else ()
        )
        replies: Sequence[MoMessage] = reader.replies(document) if reader and kind == "reply" else ()
        reviews: Sequence[ReviewChange] = reader.reviews(document) if reader and kind == "template" else ()
        return WebhookResult(receipts, replies, reviews, self._acknowledgement)


def _parts(name: str, webhook: Webhook, key: str, faults: list[Fault]) -> list[tuple[str, Records, str]]:
    """The kinds of record a webhook brings, with their tables."""
    if not webhook.route:
        kind = webhook.kind or (name if name in _KINDS else "")
        if not kind:
            faults.append(Fault(key, "needs kind (receipt, reply or template) or route"))
            return []
        return [(kind, webhook, key)]
    parts = []
    if not webhook.route.get("path"):
        faults.append(Fault(f"{key}.route.path", "is missing"))
    for word, kind in webhook.route.items():
        if word != "path" and kind not in (*_KINDS, "ignore"):
            faults.append(
                Fault(f"{key}.route.{word}", f"{kind!r} is none of receipt, reply, template, ignore")
            )
    for kind in _KINDS:
        records = getattr(webhook, kind)
        if records is not None:
            parts.append((kind, records, f"{key}.{kind}"))
        elif kind in [value for word, value in webhook.route.items() if word != "path"]:
            faults.append(Fault(f"{key}.{kind}", f"is missing: the route leads to {kind}"))
    return parts


def acknowledgement(ack: Ack) -> Acknowledgement:
    """The exact bytes of an answer."""
    if ack.json_ is not None:
        return Acknowledgement(
            dumps(ack.json_), ack.content_type or "application/json; charset=utf-8", ack.status
        )
    body = (ack.text or "").encode()
    return Acknowledgement(body, ack.content_type or "text/plain; charset=utf-8", ack.status)
