"""A worker's metrics at a port of its own, for a machine that has no web."""

import threading
from collections.abc import Callable

import structlog
from prometheus_client import start_http_server

from bridge import metrics
from bridge.settings import BridgeSettings

log = structlog.get_logger("bridge.worker")

_AGAIN_S = 15.0
"""As often as Prometheus asks: the worker that had the port may have ended."""


def show_metrics(bridge: BridgeSettings, stop: threading.Event) -> None:
    """Show this machine's metrics until `stop`; while another worker has the port, it shows those of both.

    Waiting for the port keeps no message waiting: it has a thread of its own.
    """
    if bridge.metrics_port and not _shown(bridge, log.warning):
        threading.Thread(target=_wait, args=(bridge, stop), name="metrics", daemon=True).start()


def _wait(bridge: BridgeSettings, stop: threading.Event) -> None:
    while not stop.wait(_AGAIN_S):
        if _shown(bridge, log.debug):
            log.info("metrics are shown", host=bridge.metrics_host, port=bridge.metrics_port)
            return


def _shown(bridge: BridgeSettings, tell: Callable[..., object]) -> bool:
    """Listen at the port. Returns whether that could be; else says why."""
    try:
        start_http_server(bridge.metrics_port, bridge.metrics_host, registry=metrics.registry())
    except OSError as error:
        tell(
            "metrics are not shown",
            host=bridge.metrics_host,
            port=bridge.metrics_port,
            error=error.strerror,
            advice="Another worker of this machine shows those of both; else change metrics_port or "
            "metrics_host. It is tried again.",
        )
        return False
    return True
