"""Spans for OpenTelemetry: the extra `otel`, switched on by its own environment variables.

One span for each request, each call of a vendor and each push, never for a recipient. A span holds only what
`_ATTRIBUTES` names: no number, text, value, address with a secret, nor the words of an error. Names follow
the semantic conventions for messaging (2026-08, in development), with `sms_bridge.*` beside them.
Without the extra, or without an address to send spans to, everything here does nothing.
"""

import atexit
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, cast

import structlog

log = structlog.get_logger("bridge.tracing")

SYSTEM = "sms_bridge"
SERVER, CLIENT, CONSUMER = "SERVER", "CLIENT", "CONSUMER"
CREATE, SEND, RECEIVE = "create", "send", "receive"
"""Types of an operation, as the conventions have them."""

_ADDRESSES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_SAMPLED = 0.05
"""The share of traces that is kept unless OTEL_TRACES_SAMPLER says otherwise: all of them would cost much."""

_ATTRIBUTES = frozenset(
    {
        "error.type",
        "http.request.method",
        "http.response.status_code",
        "messaging.batch.message_count",
        "messaging.destination.name",
        "messaging.message.id",
        "messaging.operation.name",
        "messaging.operation.type",
        "messaging.system",
        "sms_bridge.accepted",
        "sms_bridge.code",
        "sms_bridge.not_sent",
        "sms_bridge.rejected",
        "sms_bridge.request_id",
        "sms_bridge.unknown",
        "sms_bridge.vendor",
    }
)

Attributes = Mapping[str, str | int]

_tracer: Any = None
_link: ContextVar[str] = ContextVar("bridge_trace_link", default="")


class Span:
    """The span that is open; without tracing it takes everything and does nothing."""

    def __init__(self, span: Any = None) -> None:
        self._span = span

    def set(self, attributes: Attributes) -> None:
        """Add attributes. Raises ValueError for a name that is not known to hold nothing private."""
        if self._span is None:
            return
        if strange := attributes.keys() - _ATTRIBUTES:
            raise ValueError(f"a span may not hold {', '.join(sorted(strange))}")
        for name, value in attributes.items():
            self._span.set_attribute(name, value)

    def failed(self, kind: str) -> None:
        """Mark it as failed with the kind of the error, which is a code or a class, never a sentence."""
        if self._span is not None:
            self._span.set_attribute("error.type", kind)
            self._span.set_status(_error())


_NOTHING = Span()


def start(service: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Begin to make spans in this process. Returns False where nobody asks for any.

    Call it after the fork: the thread that sends spans does not survive one.
    """
    if not any(environ.get(name) for name in _ADDRESSES) or environ.get("OTEL_SDK_DISABLED") == "true":
        return False
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError:
        log.warning("no spans: an address for them is set, and the extra otel is not installed")
        return False
    use(BatchSpanProcessor(OTLPSpanExporter()), service, sampled="OTEL_TRACES_SAMPLER" in environ)
    return True


def use(processor: Any, service: str, *, sampled: bool) -> None:
    """Hand spans to a processor; `sampled`: the environment says which traces are kept."""
    global _tracer
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": service}
    sampler = None if sampled else ParentBased(TraceIdRatioBased(_SAMPLED))
    provider = TracerProvider(sampler=sampler, resource=Resource.create(named), shutdown_on_exit=False)
    provider.sampler = cast(Any, _Together(provider.sampler))
    provider.add_span_processor(processor)
    _tracer = provider.get_tracer("bridge")
    atexit.register(provider.shutdown)


class _Together:
    """Samples a span that links to a send's trace as that trace was: by its id, not by the span's own.

    Otherwise of a twentieth of all calls a twentieth had a send to look at.
    """

    def __init__(self, sampler: Any) -> None:
        self._sampler = sampler

    def should_sample(self, parent_context: Any, trace_id: int, name: str, *rest: Any, **named: Any) -> Any:
        """Return the sampler's decision."""
        linked = _linked_context()
        return self._sampler.should_sample(
            parent_context, linked.trace_id if linked else trace_id, name, *rest, **named
        )

    def get_description(self) -> str:
        """Return what it is."""
        return f"Together{{{self._sampler.get_description()}}}"


def stop() -> None:
    """Make no more spans."""
    global _tracer
    _tracer = None


def span(name: str, kind: str, attributes: Attributes) -> AbstractContextManager[Span]:
    """Open a span around a block; what escapes from the block marks it as failed, by its class alone."""
    if _tracer is None:
        return nullcontext(_NOTHING)
    return _opened(name, kind, attributes)


@contextmanager
def _opened(name: str, kind: str, attributes: Attributes) -> Iterator[Span]:
    from opentelemetry.trace import SpanKind

    with _tracer.start_as_current_span(
        name,
        kind=SpanKind[kind],
        links=_links(),
        record_exception=False,  # it would hold the error's words
        set_status_on_exception=False,
    ) as opened:
        told = Span(opened)
        told.set({"messaging.system": SYSTEM, **attributes})
        try:
            yield told
        except BaseException as error:
            told.failed(type(error).__name__)
            raise


def current() -> Span:
    """Return the span that is open around this call."""
    if _tracer is None:
        return _NOTHING
    from opentelemetry.trace import get_current_span

    return Span(get_current_span())


def traceparent() -> str:
    """Return the open span as W3C's traceparent has it, for a link from what follows; "" without one."""
    if _tracer is None:
        return ""
    from opentelemetry.trace import get_current_span

    context = get_current_span().get_span_context()
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


@contextmanager
def linked(parent: str) -> Iterator[None]:
    """Link the spans of a block to an earlier one: hours may lie between, so they are not its children."""
    token = _link.set(parent)
    try:
        yield
    finally:
        _link.reset(token)


def _links() -> list[Any]:
    """Return a link to the send's span; none where that was not kept, for it would lead nowhere."""
    from opentelemetry.trace import Link

    found = _linked_context()
    return [Link(found)] if found is not None and found.trace_flags.sampled else []


def _linked_context() -> Any:
    """Return the context of the span that this block is linked to, None without one."""
    from opentelemetry.trace import get_current_span
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    parent = _link.get()
    if not parent:
        return None
    context = TraceContextTextMapPropagator().extract({"traceparent": parent})
    found = get_current_span(context).get_span_context()
    return found if found.is_valid else None


def _error() -> Any:
    from opentelemetry.trace import Status, StatusCode

    return Status(StatusCode.ERROR)
