"""The worker: sends, pushes, settles, polls and keeps house. Nothing of it runs in a web process."""

import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping

import structlog

from bridge import metrics, tracing
from bridge.channels import OpenChannel
from bridge.clock import Clock
from bridge.collecting import keep_what_is_loaded
from bridge.ledger import Ledger, LedgerUnavailable
from bridge.services import Services, build
from bridge.settings import Settings, obstacles

from .duties import Duties
from .loop import Station
from .pusher import Pusher
from .sender import Sender
from .showing import show_metrics

__all__ = ["Duties", "LoopFailed", "Pusher", "Sender", "Worker", "run"]

log = structlog.get_logger("bridge.worker")

_GRACE_S = 40.0
"""How long pushes and duties may go on after the last send; a callback takes 35 seconds at most."""
_LATEST_SHARE = 0.95
"""The part of a lease after which a worker that was asked to end does so, whatever hangs."""


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
        station = Station(services, ledger, bridge, self.name, clock)
        self.sender = Sender(station)
        self.pusher = Pusher(station)
        self.duties = Duties(station, alive=lambda: self.sender.alive and self.pusher.alive)

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set, then finish what is in flight.

        Raises LoopFailed when a loop failed: a worker that does half of its work must not look alive, and
        who started it starts another.
        """
        log.info("worker started", worker=self.name)
        threads = [
            self._thread("pusher", self._loop, self.pusher.run, stop),
            self._thread("listener", self._ledger.database.listen, self.sender.wake, stop),
            *(self._thread(duty.name, duty.run, stop) for duty in self.duties.all(stop)),
        ]
        for thread in threads:
            thread.start()
        self._loop(self.sender.run, stop)
        deadline = min(time.monotonic() + _GRACE_S, self.sender.until)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._leave()
        log.info("worker stopped", worker=self.name)
        if self._failed:
            raise LoopFailed

    def _thread(self, name: str, work: Callable[..., None], *given: object) -> threading.Thread:
        # None keeps the process: what it does is done again by whoever comes next.
        return threading.Thread(target=work, args=given, name=name, daemon=True)

    def _leave(self) -> None:
        try:
            self._ledger.coordination.leave(self.name)
        except LedgerUnavailable as error:
            log.error("ledger unavailable", error=str(error))

    def _loop(self, loop: Callable[[threading.Event], None], stop: threading.Event) -> None:
        try:
            loop(stop)
        except BaseException:  # even one that would only end its thread: the other loops must not go on alone
            log.critical("loop failed", worker=self.name, exc_info=True)
            self._failed = True
            stop.set()


def run(settings: Settings, channels: Mapping[str, OpenChannel], ledger: Ledger) -> None:
    """Work until SIGTERM, SIGINT or SIGHUP, then finish what is in flight. Raises LoopFailed.

    SIGHUP means that another shall start with the configuration as it is now: where that has faults, this one
    goes on.
    The process ends within a lease of being asked to, whatever a vendor or the database does.
    """
    stop = threading.Event()
    latest_s = _LATEST_SHARE * settings.bridge.lease_s
    threading.Thread(target=_end_at_last, args=(stop, latest_s), name="end", daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    signal.signal(signal.SIGHUP, lambda *_: _look_first(stop))
    _show_metrics(settings, stop)
    tracing.start("sms-bridge-worker")
    services = build(settings, channels, ledger, time.time)
    keep_what_is_loaded()
    try:
        Worker(settings, services, ledger).run(stop)
    finally:
        for one in services.values():
            one.pushing.close()


def _look_first(stop: threading.Event) -> threading.Thread:
    """End for another worker, unless it could not start. Returns the thread that looks meanwhile."""

    def look() -> None:
        if faults := obstacles():
            log.error("not reloaded, all goes on as before", faults=faults)
        else:
            stop.set()

    thread = threading.Thread(target=look, name="reload", daemon=True)
    thread.start()
    return thread


def _show_metrics(settings: Settings, stop: threading.Event) -> None:
    metrics.clear(settings.bridge.metrics_dir, "worker")
    metrics.share(settings.bridge.metrics_dir, "worker")
    show_metrics(settings.bridge, stop)


def _end_at_last(stop: threading.Event, latest_s: float) -> None:
    """End the process that long after `stop`: its threads wait for what never comes."""
    stop.wait()
    time.sleep(latest_s)
    log.critical("worker ended amid its calls: their outcome is unknown", after_s=round(latest_s, 1))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)
