"""The worker: dispatches, pushes, settles, polls and keeps house. Nothing of it runs in a web process."""

import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping

import structlog
from prometheus_client import start_http_server

from bridge import metrics
from bridge.channels import OpenChannel
from bridge.ledger import Ledger
from bridge.services import Services, build
from bridge.services.records import Clock
from bridge.settings import Settings

from .dispatcher import Dispatcher
from .duties import Duties
from .pusher import Pusher

__all__ = ["Dispatcher", "Duties", "LoopFailed", "Pusher", "Worker", "run"]

log = structlog.get_logger("bridge.worker")

_GRACE_S = 40.0
"""How long pushes and duties may go on after the end was asked for; a callback takes 35 seconds at most."""


class LoopFailed(Exception):
    """A loop of the worker met what it cannot work with; the log says what."""


class Worker:
    """All loops of one worker process over one ledger."""

    def __init__(
        self, settings: Settings, services: Services, ledger: Ledger, *, clock: Clock = time.time
    ) -> None:
        self.name = f"{socket.gethostname()[:32]}-{os.getpid()}-{secrets.token_hex(4)}"
        bridge = settings.bridge
        self._ledger = ledger
        self._failed = False
        self.dispatcher = Dispatcher(services, ledger, bridge, owner=self.name, clock=clock)
        self.pusher = Pusher(services, ledger, bridge, owner=self.name, clock=clock)
        self.duties = Duties(
            services,
            ledger,
            bridge,
            owner=self.name,
            clock=clock,
            alive=lambda: self.dispatcher.alive and self.pusher.alive,
        )

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set, then finish what is in flight.

        Raises LoopFailed when a loop failed: a worker that does half of its work must not look alive, and
        who started it starts another.
        """
        log.info("worker started", worker=self.name)
        threads = [
            threading.Thread(target=self._loop, args=(self.pusher.run, stop), name="pusher"),
            threading.Thread(
                target=self._ledger.database.listen, args=(self.dispatcher.wake, stop), name="listener"
            ),
            # Duties may be cut off at any moment: what they do is done again by whoever comes next.
            *(
                threading.Thread(target=duty.run, args=(stop,), name=duty.name, daemon=True)
                for duty in self.duties.all(stop)
            ),
        ]
        for thread in threads:
            thread.start()
        self._loop(self.dispatcher.run, stop)
        deadline = time.monotonic() + _GRACE_S
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._ledger.coordination.leave(self.name)
        log.info("worker stopped", worker=self.name)
        if self._failed:
            raise LoopFailed

    def _loop(self, loop: Callable[[threading.Event], None], stop: threading.Event) -> None:
        try:
            loop(stop)
        except BaseException:  # even one that would only end its thread: the other loops must not go on alone
            log.critical("loop failed", worker=self.name, exc_info=True)
            self._failed = True
            stop.set()


def run(settings: Settings, channels: Mapping[str, OpenChannel], ledger: Ledger) -> None:
    """Work until SIGTERM, SIGINT or SIGHUP, then finish what is in flight. Raises LoopFailed."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    _show_metrics(settings)
    services = build(settings, channels, ledger, time.time)
    try:
        Worker(settings, services, ledger).run(stop)
    finally:
        for one in services.values():
            one.pushing.close()


def _show_metrics(settings: Settings) -> None:
    metrics.clear(settings.bridge.metrics_dir, "worker")
    metrics.share(settings.bridge.metrics_dir, "worker")
    if settings.bridge.metrics_port:
        start_http_server(settings.bridge.metrics_port, registry=metrics.registry())
