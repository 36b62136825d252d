"""Spans: one for each request, vendor call and push, linked to the send they serve, with nothing private."""

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from bridge import tracing
from bridge.plugin import Batch, OutcomeUnknown, SubmitResult, accepted, rejected
from bridge.simulator.callback_server import CallbackServer
from bridge.simulator.inspection import Rules

from .conftest import Worlds
from .world import NAME, World

PHONES = [f"138{index:08d}" for index in range(3)]
SECRET = "k" * 16


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    """Yield all spans that end, every one of them sampled."""
    exporter = InMemorySpanExporter()
    tracing.use(SimpleSpanProcessor(exporter), "test", sampled=True)
    yield exporter
    tracing.stop()


@pytest.fixture
def audience() -> Iterator[CallbackServer]:
    """Yield a Quick Audience that checks every callback."""
    with CallbackServer(Rules(SECRET, skew_s=10**10), hold_s=0.1) as server:
        yield server


def named(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if span.name == f"{name} {NAME}"]


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def sent(world: World) -> tuple[str, str]:
    """Accept a send within a request's span. Returns its id and the span's trace."""
    code = world.template()
    names = {"messaging.operation.type": tracing.CREATE}
    with tracing.span(f"send_list {NAME}", tracing.SERVER, names):
        trace = tracing.traceparent()
        return world.send(PHONES, code=code), trace


def test_a_vendor_call_links_to_the_request_that_it_serves(
    worlds: Worlds, exporter: InMemorySpanExporter
) -> None:
    """Not its child: hours may lie between, and a worker's trace is its own."""
    world = worlds()
    reference, trace = sent(world)
    world.vendor.answer = lambda batch: [
        accepted(f"v-{number}") if number else rejected("NO", "No.") for number in range(len(batch.messages))
    ]
    world.hand_over()
    [request], [call] = named(exporter, "send_list"), named(exporter, "send_batch")
    assert attributes(request) == {
        "messaging.system": "sms_bridge",
        "messaging.operation.type": "create",
        "messaging.message.id": reference,
        "messaging.batch.message_count": 3,
    }
    assert attributes(call) == {
        "messaging.system": "sms_bridge",
        "messaging.operation.name": "send_batch",
        "messaging.operation.type": "send",
        "messaging.destination.name": NAME,
        "messaging.batch.message_count": 3,
        "sms_bridge.vendor": "obedient",
        "sms_bridge.accepted": 2,
        "sms_bridge.rejected": 1,
    }
    assert (request.kind, call.kind) == (SpanKind.SERVER, SpanKind.CLIENT)
    assert call.parent is None and call.context is not None and request.context is not None
    [link] = call.links
    assert (link.context.trace_id, link.context.span_id) == (
        request.context.trace_id,
        request.context.span_id,
    )
    assert trace.split("-")[1] == f"{link.context.trace_id:032x}"


def test_a_look_up_links_to_it_too(worlds: Worlds, exporter: InMemorySpanExporter) -> None:
    """Whatever is asked of the vendor about a send."""
    world = worlds()
    sent(world)
    world.vendor.answer = lost
    world.hand_over()
    world.now += 100
    world.settle()
    [call], [look_up] = named(exporter, "send_batch"), named(exporter, "reconcile_batch")
    assert attributes(call)["error.type"] == "OutcomeUnknown" and not call.status.is_ok
    assert look_up.links[0].context == call.links[0].context


def lost(batch: Batch) -> list[SubmitResult]:
    """Give no answer in time."""
    raise OutcomeUnknown(f"Nothing came for {batch.messages[0].phone.e164}.")


def test_each_push_has_a_span(
    worlds: Worlds, exporter: InMemorySpanExporter, audience: CallbackServer
) -> None:
    """With how many entries it told, and how it failed."""
    world = worlds(callback_url=audience.url)
    world.vendor.answer = lambda batch: [rejected("NO", "No.") for _ in batch.messages]
    sent(world)
    world.hand_over()
    while world.pusher.cycle(0.05 if world.pusher.busy else 0) or world.pusher.busy:
        pass
    [push] = named(exporter, "push_receipts")
    assert attributes(push)["messaging.batch.message_count"] == 3
    assert audience.inbox.total() == 3


def test_no_recipient_has_a_span_and_no_span_anything_private(
    worlds: Worlds, exporter: InMemorySpanExporter, audience: CallbackServer
) -> None:
    """However many they are; not in a name, an attribute, an event or a status."""
    world = worlds(callback_url=audience.url)
    sent(world)
    world.vendor.answer = lost
    world.hand_over()
    world.now += 100
    world.settle()
    spans = exporter.get_finished_spans()
    assert len(spans) <= 8
    text = "".join(span.to_json() for span in spans)
    for private in (*PHONES, "n0", SECRET, "Nothing came", "Dear"):
        assert private not in text, text
    assert all(not span.events for span in spans)


def test_a_span_takes_only_what_is_known_to_be_harmless(exporter: InMemorySpanExporter) -> None:
    """A new attribute is thought over first."""
    with (
        pytest.raises(ValueError, match=r"may not hold messaging\.message\.body"),
        tracing.span("send x", tracing.CLIENT, {"messaging.message.body": "13800138000"}),
    ):
        pass


def test_without_an_address_nothing_is_made(worlds: Worlds) -> None:
    """No span, no link in the ledger, no thread."""
    assert not tracing.start("test", {})
    assert not tracing.start("test", {"OTEL_EXPORTER_OTLP_ENDPOINT": "x", "OTEL_SDK_DISABLED": "true"})
    world = worlds()
    world.send(PHONES)
    assert tracing.traceparent() == ""
    [claimed] = world.claimed()
    assert world.ledger.info(claimed).trace == ""


@pytest.mark.parametrize(("kept", "fewest", "most"), [(0.5, 5, 35), (0.0, 0, 0), (1.0, 40, 40)])
def test_a_call_is_kept_with_the_request_that_it_serves(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch, kept: float, fewest: int, most: int
) -> None:
    """Of the traces that are kept each is whole, and no link leads to one that is not."""
    monkeypatch.setattr(tracing, "_SAMPLED", kept)
    exporter = InMemorySpanExporter()
    tracing.use(SimpleSpanProcessor(exporter), "test", sampled=False)
    try:
        world = worlds()
        traces = {sent(world)[1] for _ in range(40)}
        world.hand_over()
    finally:
        tracing.stop()
    requests = [span.context for span in named(exporter, "send_list")]
    calls = named(exporter, "send_batch")
    assert len(traces) == 40
    assert fewest <= len(requests) <= most
    assert [len(call.links) for call in calls] == [1] * len(calls)
    assert {(link.context.trace_id, link.context.span_id) for call in calls for link in call.links} == {
        (context.trace_id, context.span_id) for context in requests if context
    }


def test_a_send_that_was_not_kept_is_linked_by_nobody(exporter: InMemorySpanExporter) -> None:
    """Also when more is kept by now than when it came."""
    for flags, links in (("00", 0), ("01", 1)):
        with tracing.linked(f"00-{'1' * 32}-{'2' * 16}-{flags}"), tracing.span("x", tracing.CLIENT, {}):
            pass
        assert len(exporter.get_finished_spans()[-1].links) == links
