"""For the operator's machines: is the process there, can it work, and how is it doing."""

import time
from collections.abc import Callable

import structlog
from flask import Blueprint, Response, jsonify

from bridge import metrics
from bridge.clock import millis, seconds
from bridge.ledger import Ledger, LedgerUnavailable
from bridge.services.desk.lately import WORKER_SILENCE_S
from bridge.services.messages.balancing import shares
from bridge.services.writability import Writability
from bridge.settings import Settings

from .gauges import LedgerGauges

log = structlog.get_logger("bridge.web")


class Probes:
    """`/healthz`, `/readyz` and `/metrics`."""

    def __init__(self, settings: Settings, ledger: Ledger, clock: Callable[[], float] = time.time) -> None:
        self._ledger = ledger
        self._clock = clock
        self._writability = Writability(ledger)
        weights = {
            name: shares({account: of.weight for account, of in channel.all_accounts.items()})
            for name, channel in settings.channels.items()
            if channel.route == "weighted"
        }
        accounts = {name: tuple(channel.all_accounts) for name, channel in settings.channels.items()}
        self._gauges = LedgerGauges(
            tuple(settings.channels), ledger, clock, weights, accounts, self._writability.fault
        )

    def blueprint(self) -> Blueprint:
        """Return the routes."""
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
        return self._writability.fault()

    def _worker(self) -> str:
        since = millis(self._clock) - seconds(WORKER_SILENCE_S)
        if self._ledger.coordination.live_workers(since=since):
            return ""
        return f"No worker was heard of for {WORKER_SILENCE_S} seconds: start sms-bridge worker."

    def _metrics(self) -> Response:
        return Response(metrics.exposition(self._gauges), content_type=metrics.CONTENT_TYPE)


__all__ = ["WORKER_SILENCE_S", "LedgerGauges", "Probes"]
