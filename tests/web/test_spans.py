"""A request makes one span; one that takes messages is what later calls link to."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bridge import tracing
from bridge.contract.operations import OPERATIONS

from .world import World


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    """Yield all spans that end."""
    exporter = InMemorySpanExporter()
    tracing.use(SimpleSpanProcessor(exporter), "test", sampled=True)
    yield exporter
    tracing.stop()


def test_a_send_creates_messages(world: World, exporter: InMemorySpanExporter) -> None:
    """With its bizId, how many they are, and the id that the log has."""
    code = world.template()
    answer = world.call("POST", "/promo/sms/sendBatchList", world.send(code)).get_json()
    [span] = [span for span in exporter.get_finished_spans() if span.name == "sendList promo"]
    found = dict(span.attributes or {})
    assert found.pop("sms_bridge.request_id") == answer["requestId"]
    assert found == {
        "messaging.system": "sms_bridge",
        "http.request.method": "POST",
        "messaging.operation.name": "sendList",
        "messaging.operation.type": "create",
        "messaging.destination.name": "promo",
        "messaging.message.id": answer["bizId"],
        "messaging.batch.message_count": 2,
        "sms_bridge.code": "OK",
    }


def test_every_send_of_the_contract_creates() -> None:
    """By the names that its operations have."""
    takes = {one.name for one in OPERATIONS if one.send}
    assert takes == {one.name for one in OPERATIONS if one.name.startswith("send")} - {"sendDetails"}
