"""What spans cost a request of Quick Audience: none, a twentieth of them, all of them, in turns."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from bridge import tracing

from .accepting import Load
from .bodies import Sends
from .databases import fresh_database
from .measuring import Meter, p50, p99
from .stage import opened
from .table import Line, milliseconds


class Nowhere(SpanExporter):
    """Takes what a collector would."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Forget them."""
        return SpanExportResult.SUCCESS


def traced(kind: str, folder: Path, load: Load) -> Iterator[Line]:
    """Accept with and without spans, one request each in turn."""
    tracers = {
        "no spans": None,
        "spans of 5 %": _tracer(sampled=False),
        "spans of all": _tracer(sampled=True),
    }
    meters = {name: Meter() for name in tracers}
    with fresh_database(kind, folder) as url, opened(url, folder, max_pending=100_000_000) as stage:
        sends = Sends(stage.template(), load.recipients)
        stage.send(sends.body())  # the first one loads code and statements
        for _ in range(load.requests):
            for name, tracer in tracers.items():
                tracing._tracer = tracer
                body = sends.body()
                with meters[name]:
                    stage.send(body)
    tracing.stop()
    without = p50(meters["no spans"].laps)
    for name, meter in meters.items():
        cost = (p50(meter.laps) - without) * 1e6
        yield Line(
            f"accept {load.recipients:,}, {name}",
            kind,
            f"{milliseconds(p50(meter.laps))} p50, {milliseconds(p99(meter.laps))} p99",
            f"{milliseconds(without)} without",
            without / p50(meter.laps),
            note=f"{cost:+.0f} us a request" if name != "no spans" else "",
        )


def _tracer(*, sampled: bool) -> Any:
    tracing.use(BatchSpanProcessor(Nowhere()), "benchmark", sampled=sampled)
    return tracing._tracer
