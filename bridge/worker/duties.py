"""Everything that is done every so often: each duty in its own thread, so that none waits for another."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import structlog

from bridge.channels.isolation import Isolated
from bridge.clock import DAY_MS, hours, millis, seconds
from bridge.ledger import RETRIED, Claimed
from bridge.ledger.refs import to_ref
from bridge.ledger.scope import Holder
from bridge.services import AccountServices, ChannelServices, Sent
from bridge.services.announcing import Announcing
from bridge.services.campaigns.carrying import Carrying
from bridge.services.reports.receiving import count_ended

from .loop import Station
from .recording import Recorder, Written
from .risk import Risk
from .telling import tell_recorded

log = structlog.get_logger("bridge.worker")

_TAKEN = 20


@dataclass(frozen=True, slots=True)
class Duty:
    """Something done every `every_s` seconds; True asks to be called again at once."""

    name: str
    every_s: float
    work: Callable[[], bool]

    def run(self, stop: threading.Event) -> None:
        """Do it until `stop`; a failure is logged and tried again at the next turn."""
        while not stop.is_set():
            again = False
            # Even what would end the thread: nobody else does this duty.
            with Isolated(log, "duty failed", through=(), catches=BaseException, duty=self.name):
                again = self.work()
            if not again:
                stop.wait(self.every_s)


class Duties:
    """The duties of one worker."""

    def __init__(self, station: Station, *, alive: Callable[[], bool] = lambda: True) -> None:
        self._services = station.services
        self._ledger = station.ledger
        self._bridge = station.bridge
        self._owner = station.owner
        self._clock = station.clock
        self._alive = alive
        self._recorder = Recorder(station.ledger, station.clock)
        self._started = millis(station.clock)
        self._risk = Risk(station.services, station.ledger, seconds(station.bridge.clocks_apart_s))
        self._weighing = threading.Lock()
        lease_ms = seconds(station.bridge.lease_s)
        channels = {name: services.channel for name, services in station.services.items()}
        self._announcing = Announcing(channels, station.ledger, station.clock)
        self._carrying = Carrying(list(station.services), station.ledger, station.clock, lease_ms=lease_ms)

    def all(self, stop: threading.Event) -> list[Duty]:
        """Return every duty of this worker, a channel's apart, so that no vendor keeps another waiting."""
        return [
            Duty("beat", 5.0, self.beat),
            Duty("take over", 1.0, self.take_over),
            Duty("expire", 60.0, self.expire),
            Duty("control", 1.0, self.control),
            Duty("announce", 1.0, self.announce),
            Duty("keep house", 60.0, self.keep_house),
            Duty("bring back", 20.0, self.bring_back),
            *(duty for services in self._services.values() for duty in self._of(services, stop)),
        ]

    def _of(self, services: ChannelServices, stop: threading.Event) -> Iterator[Duty]:
        name = services.channel.name
        idle_s = self._bridge.poll_idle_s
        yield Duty(f"read files {name}", idle_s, lambda: self.read_file(services, stop.is_set))
        yield Duty(f"settle {name}", 1.0, lambda: self.settle(services))
        yield Duty(f"review {name}", 30.0, lambda: self.review(services))
        yield Duty(f"drift {name}", 10.0, lambda: self.drift(services))
        if services.channel.several and services.channel.settings.route == "weighted":
            yield Duty(f"balance {name}", 20.0, lambda: self.balance(services))
        for at in services.at.values():
            hooks = at.account.hooks
            if hooks.supports("poll_receipts") or hooks.supports("poll_replies"):
                at_name = f"{name} {at.account.name}" if services.channel.several else name
                yield Duty(f"poll {at_name}", 1.0, partial(self.poll, at))

    def beat(self) -> bool:
        """Say that this worker is alive, unless one of its loops is not."""
        if self._alive():
            self._ledger.coordination.beat(self._owner, started=self._started, now=millis(self._clock))
        return False

    def take_over(self) -> bool:
        """Conclude batches whose worker vanished. Returns True if there may be more."""
        now, lease_ms = millis(self._clock), seconds(self._bridge.lease_s)
        # By the clock of the worker that holds a lease it may not be over yet.
        apart_ms = seconds(self._bridge.clocks_apart_s)
        lapsed = self._ledger.batches.claim_lapsed(
            list(self._services), Holder(self._owner, lease_ms), limit=_TAKEN, now=now, apart_ms=apart_ms
        )
        for claimed in lapsed:
            self._conclude(claimed, self._services[claimed.channel].settling.lapse)
        return bool(lapsed)

    def expire(self) -> bool:
        """Conclude batches that could not be sent in time. Returns True if there may be more.

        To find them, all that waits is read.
        """
        names, now, lease_ms = list(self._services), millis(self._clock), seconds(self._bridge.lease_s)
        if not self._ledger.batches.has_expired(names, now):
            return False
        expired = self._ledger.batches.claim_expired(
            names, Holder(self._owner, lease_ms), limit=_TAKEN, now=now
        )
        for claimed in expired:
            self._conclude(claimed, self._services[claimed.channel].settling.expire)
        return bool(expired)

    def control(self) -> bool:
        """Carry out what was decided about campaigns: hold their batches, free them, or end them uncalled.

        Returns True if there may be more.
        """
        return self._carrying.run(
            self._owner,
            lambda claimed: self._conclude(claimed, self._services[claimed.channel].settling.expire),
        )

    def announce(self) -> bool:
        """Tell plugins what was paused or rests, and what goes on."""
        self._announcing.run()
        return False

    def settle(self, services: ChannelServices) -> bool:
        """Try receipts again that arrived before their message, and look after unknown outcomes.

        Returns True if there may be more.
        """
        name, pushes = services.channel.name, services.sending.pushes
        sources = services.routing.sources
        intake = self._ledger.receipts.retry_parked(
            name, pushes=pushes, now=millis(self._clock), sources=sources
        )
        count_ended(name, intake.ends)
        more = intake.total >= RETRIED
        return bool(services.settling.run(self._owner)) or more

    def read_file(self, services: ChannelServices, stopping: Callable[[], bool] = lambda: False) -> bool:
        """Read one file of recipients, if one is due: a slow host keeps no other channel waiting."""
        now, lease_ms = millis(self._clock), seconds(self._bridge.lease_s)
        job = self._ledger.files.claim(services.channel.name, Holder(self._owner, lease_ms), now=now)
        if job is not None:
            services.fetching.run(job, stopping)
        return job is not None

    def review(self, services: ChannelServices) -> bool:
        """Refresh open reviews, and end messages whose receipt never came."""
        services.settling.sweep(self._owner)
        services.renewing.run()
        services.templates.refresh_pending()
        return False

    def drift(self, services: ChannelServices) -> bool:
        """Compare templates and signatures with the accounts' own, every night and when a person asks."""
        services.drifting.nightly()
        return False

    def balance(self, services: ChannelServices) -> bool:
        """Let the weights of accounts follow their health."""
        services.routing.balance(self._owner)
        return False

    def bring_back(self) -> bool:
        """Make due what a clock that ran ahead put off, and note what time it is."""
        self._services.times.note()
        brought = self._ledger.ahead.bring_back(millis(self._clock))
        if brought:
            log.warning("a clock ran ahead: what it put off is due now", rows=brought)
        return False

    def keep_house(self) -> bool:
        """Delete what is no longer needed."""
        now = millis(self._clock)
        self._ledger.signatures.forget(now - 2 * seconds(self._bridge.signature_skew_s))
        self._ledger.retention.forget_workers(now - DAY_MS)
        retention_ms = self._bridge.retention_days * DAY_MS
        self._ledger.retention.purge(now - retention_ms, channels=list(self._services))
        replay_ms = hours(self._bridge.replay_hours) + seconds(self._bridge.clocks_apart_s)
        self._ledger.retention.forget_answers(now - max(retention_ms, replay_ms))
        give_up_h = max((one.channel.settings.push_give_up_h for one in self._services.values()), default=0.0)
        untold = self._ledger.retention.purge_pushes(now - max(retention_ms, hours(give_up_h)))
        if untold:
            log.error("never taken by Quick Audience, deleted after its time", entries=untold)
        self._ledger.retention.checkpoint()
        return False

    def poll(self, services: ChannelServices | AccountServices) -> bool:
        """Ask the vendor for receipts and replies."""
        services.polling.run(self._owner)
        return False

    def _conclude(self, claimed: Claimed, how: Callable[[Claimed], Sent]) -> None:
        """Conclude and record a batch; one that cannot be is logged and comes back when its lease lapses."""
        with Isolated(log, "not concluded", channel=claimed.channel, batch=to_ref(claimed.id)):
            services = self._services[claimed.channel]
            written = self._recorder.record(services, how(claimed))
            if written is not None:
                self._weigh(written)
                tell_recorded(services, *written)

    def _weigh(self, written: Written) -> None:
        """Let the account rest in whose calls workers vanish: it may be what keeps them."""
        if written.sent.failure is None or written.recorded.stale:
            return
        now = millis(self._clock)
        with self._weighing:
            self._ledger.write(lambda connection: self._risk.weigh(connection, [written.sent], [], now))
            self._risk.warn()
