"""Webhooks: verify, decode, route, read, and answer exactly what the vendor waits for."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bridge.plugin import (
    DeliveryReceipt,
    MoMessage,
    ReviewChange,
    WebhookRejected,
    WebhookRequest,
    WebhookResult,
)

from ..auth.base import Check, unguarded
from ..faults import RecipeFault
from ..language.decoding import WebhookParts, compile_steps, trimmed
from ..language.paths import UnreadableAnswer, as_text, choose, compile_path
from ..language.values import Names
from ..schema import Recipe, ReportsTable, WebhookTable
from .acknowledging import Acknowledger
from .confirming import Confirmer
from .errors import ErrorTable
from .reports import ReportReader, check_words

MAX_BODY = 1 << 20
"""Bytes of a webhook's body that are read at all."""

_KINDS = ("receipt", "reply", "template")


class WebhookReader:
    """One webhook of a recipe, compiled."""

    def __init__(
        self,
        name: str,
        webhook: WebhookTable,
        recipe: Recipe,
        rules: ErrorTable,
        names: Names,
        faults: list[RecipeFault],
    ) -> None:
        key = f"webhooks.{name}"
        self._webhook = webhook
        self._decode = compile_steps(webhook.decode, f"{key}.decode", faults)
        self._check = _check(webhook, names, f"{key}.verify", faults)
        self._route = compile_path(webhook.route.get("path", ""), f"{key}.route.path", faults)
        self._readers: dict[str, ReportReader] = {}
        for kind, reports, place in _parts(name, webhook, key, faults):
            check_words(reports, kind, place, faults)
            self._readers[kind] = ReportReader(reports, rules, recipe, place, faults)
        self._kind = next(iter(self._readers), "receipt")
        self._confirmer = Confirmer(webhook.confirm, f"{key}.confirm", faults) if webhook.confirm else None
        self._acknowledge = Acknowledger(webhook.ack, names, f"{key}.ack", faults)

    def read(self, request: WebhookRequest, names: Names) -> WebhookResult:
        """Read what the webhook says; raises WebhookRejected for a forged or unreadable one."""
        try:
            source, document = self._verified(request, names)
            confirm = self._confirmer.asked(document, names) if self._confirmer else None
            # Evaluated first: a webhook whose answer cannot be made is refused before anything is stored.
            answer = self._acknowledge(request, source, document, names)
            result = WebhookResult() if confirm else self._result(document)
        except WebhookRejected as problem:
            # One that could not even be judged is to come again, whatever the recipe says of forged ones.
            status = problem.status if problem.status >= 500 else self._webhook.refused_status
            raise WebhookRejected(problem.reason, status=status) from None
        except UnreadableAnswer as problem:
            reason = f"The webhook {problem}."
            raise WebhookRejected(reason, status=self._webhook.refused_status) from None
        return replace(result, acknowledgement=answer, confirm=confirm)

    def _verified(self, request: WebhookRequest, names: Names) -> tuple[WebhookParts, Any]:
        if request.method not in self._webhook.methods:
            raise WebhookRejected(f"This webhook takes no {request.method} request.")
        if len(request.body) > MAX_BODY:
            raise WebhookRejected("The webhook's body is too large.")
        kind = request.headers.get("content-type", "")
        source = WebhookParts(request.query, request.body, kind, self._webhook.charset)
        document = self._decode(source)
        if not self._check(request, source, document, names):
            raise WebhookRejected("The webhook's signature is wrong.")
        return source, trimmed(document) if self._webhook.trim else document

    def _result(self, document: Any) -> WebhookResult:
        kind = self._kind
        if self._webhook.route:
            words = {word: kind for word, kind in self._webhook.route.items() if word != "path"}
            kind = choose(words, as_text(self._route(document)).strip() or "*") or "ignore"
        reader = self._readers.get(kind)
        receipts: Sequence[DeliveryReceipt] = (
            reader.receipts(document) if reader and kind == "receipt" else ()
        )
        replies: Sequence[MoMessage] = (
            reader.replies(document, pushed=True) if reader and kind == "reply" else ()
        )
        reviews: Sequence[ReviewChange] = reader.reviews(document) if reader and kind == "template" else ()
        return WebhookResult(receipts, replies, reviews)


def _check(webhook: WebhookTable, names: Names, key: str, faults: list[RecipeFault]) -> Check:
    """Return the check of a signature; where its `needs` has no value, the secret address alone guards."""
    verify = webhook.verify
    if verify is None:
        return unguarded
    check, needed = verify.check(names, key, faults), verify.needs
    if not needed:
        return check
    if needed not in {*names["secret"], *names["settings"]}:
        faults.append(RecipeFault(f"{key}.needs", f"there is no secret or setting {needed!r}"))

    def where_needed(request: WebhookRequest, source: WebhookParts, document: Any, given: Names) -> bool:
        value = given["secret"].get(needed) or given["settings"].get(needed)
        return not value or check(request, source, document, given)

    return where_needed


def _parts(
    name: str, webhook: WebhookTable, key: str, faults: list[RecipeFault]
) -> list[tuple[str, ReportsTable, str]]:
    """Return the kinds of report a webhook brings, with their tables."""
    if not webhook.route:
        kind = webhook.kind or (name if name in _KINDS else "")
        if not kind:
            faults.append(RecipeFault(key, "needs kind (receipt, reply or template) or route"))
            return []
        return [(kind, webhook, key)]
    parts = []
    if not webhook.route.get("path"):
        faults.append(RecipeFault(f"{key}.route.path", "is missing"))
    for word, kind in webhook.route.items():
        if word != "path" and kind not in (*_KINDS, "ignore"):
            faults.append(
                RecipeFault(f"{key}.route.{word}", f"{kind!r} is none of receipt, reply, template, ignore")
            )
    for kind in _KINDS:
        reports = getattr(webhook, kind)
        if reports is not None:
            parts.append((kind, reports, f"{key}.{kind}"))
        elif kind in [value for word, value in webhook.route.items() if word != "path"]:
            faults.append(RecipeFault(f"{key}.{kind}", f"is missing: the route leads to {kind}"))
    return parts
