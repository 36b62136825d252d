"""For the operator's machines: is the process there, can it work, and how is it doing."""

import time
from collections.abc import Callable, Iterable

import structlog
from flask import Blueprint, Response, jsonify
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bridge import metrics
from bridge.ledger import Ledger, LedgerUnavailable
from bridge.settings import Settings

log = structlog.get_logger("bridge.web")

WORKER_SILENCE_S = 30
"""A worker not heard of for so long is not alive."""


class Probes:
    """`/healthz`, `/readyz` and `/metrics`."""

    def __init__(self, settings: Settings, ledger: Ledger, clock: Callable[[], float] = time.time) -> None:
        self._ledger = ledger
        self._clock = clock
        self._gauges = LedgerGauges(tuple(settings.channels), ledger, clock)

    def blueprint(self) -> Blueprint:
        """The routes."""
        blueprint = Blueprint("probes", __name__)
        for rule, view in (("/healthz", self._health), ("/readyz", self._ready), ("/metrics", self._metrics)):
            blueprint.add_url_rule(rule, rule[1:], view, methods=["GET"], provide_automatic_options=False)
        return blueprint

    def _health(self) -> Response:
        return jsonify(status="ok")

    def _ready(self) -> Response:
        found = {"database": self._database(), "worker": ""}
        found["worker"] = "not known" if found["database"] else self._worker()
        ready = not any(found.values())
        if not ready:
            log.warning("not ready", **found)
        response = jsonify(
            status="ok" if ready else "not ready", **{name: fault or "ok" for name, fault in found.items()}
        )
        response.status_code = 200 if ready else 503
        return response

    def _database(self) -> str:
        try:
            self._ledger.check()
        except LedgerUnavailable as error:
            return str(error)
        return ""

    def _worker(self) -> str:
        since = int((self._clock() - WORKER_SILENCE_S) * 1000)
        if self._ledger.coordination.live_workers(since=since):
            return ""
        return f"No worker was heard of for {WORKER_SILENCE_S} seconds: start sms-bridge worker."

    def _metrics(self) -> Response:
        return Response(metrics.exposition(self._gauges), content_type=metrics.CONTENT_TYPE)


class LedgerGauges(Collector):
    """What is counted when Prometheus asks: waiting recipients, breakers, pauses and workers.

    These are the installation's, not the machine's: every web process shows the same.
    """

    def __init__(self, channels: tuple[str, ...], ledger: Ledger, clock: Callable[[], float]) -> None:
        self._channels = channels
        self._ledger = ledger
        self._clock = clock

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The gauges; without a database only `database_up` 0."""
        up = metrics.gauge("database_up", "1 when the ledger's database answers.", ())
        try:
            found = [self._depth(), *self._states(), self._unread(), self._workers()]
        except Exception as error:  # noqa: BLE001 - whatever fails, the other metrics are still wanted
            log.warning("ledger not readable for metrics", error=type(error).__name__)
            found = []
        up.add_metric((), 1 if found else 0)
        return [up, *found]

    def _depth(self) -> GaugeMetricFamily:
        depth = metrics.gauge("queue_depth", "Recipients without an answer.", ("channel", "state"))
        counts = self._ledger.gauges()
        for channel in self._channels:
            for state in ("ready", "calling", "unknown"):
                depth.add_metric((channel, state), counts.get((channel, state), 0))
        return depth

    def _states(self) -> list[GaugeMetricFamily]:
        now = self._clock() * 1000
        breaker = metrics.gauge(
            "push_breaker_open", "1 while Quick Audience refuses our signature.", ("channel",)
        )
        paused = metrics.gauge("channel_paused", "1 while sending is paused.", ("channel",))
        for channel in self._channels:
            state = self._ledger.coordination.channel_state(channel)
            breaker.add_metric((channel,), 1 if state.breaker_failures else 0)
            paused.add_metric((channel,), 1 if state.paused_until > now else 0)
        return [breaker, paused]

    def _unread(self) -> GaugeMetricFamily:
        unread = metrics.gauge(
            "unread_pages", "Polled pages of reports that could not be read.", ("channel",)
        )
        counts = self._ledger.pages.counts()
        for channel in self._channels:
            unread.add_metric((channel,), counts.get(channel, 0))
        return unread

    def _workers(self) -> GaugeMetricFamily:
        workers = metrics.gauge("live_workers", "Workers heard of lately.", ())
        since = int((self._clock() - WORKER_SILENCE_S) * 1000)
        workers.add_metric((), len(self._ledger.coordination.live_workers(since=since)))
        return workers
