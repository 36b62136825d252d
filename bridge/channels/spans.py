"""Spans around the calls of a vendor: which hook, for how many messages, with what outcomes."""

from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from bridge import tracing
from bridge.plugin import Batch, SubmitResult, Vendor

_SENDS = ("send_batch", "send_digital_batch")
_LOCAL = ("parse_webhook",)
"""Hooks that call nobody."""


def traced(vendor: Vendor, hook: str, batch: object) -> AbstractContextManager[tracing.Span]:
    """Open a span around a hook of a vendor."""
    if hook in _LOCAL:
        return nullcontext(tracing.Span())
    channel = vendor.channel.name
    attributes: dict[str, str | int] = {
        "messaging.operation.name": hook,
        "messaging.destination.name": channel,
        "sms_bridge.vendor": vendor.name,
    }
    if isinstance(batch, Batch):
        attributes["messaging.batch.message_count"] = len(batch.messages)
    if hook in _SENDS:
        attributes["messaging.operation.type"] = tracing.SEND
    return tracing.span(f"{hook} {channel}", tracing.CLIENT, attributes)


def outcomes(answer: object) -> dict[str, int]:
    """Return how many messages had which outcome, nothing for an answer of another kind."""
    if not isinstance(answer, Sequence):
        return {}
    seen = Counter(result.outcome for result in answer if isinstance(result, SubmitResult))
    return {f"sms_bridge.{outcome.value}": count for outcome, count in seen.items()}
