"""What is counted in the ledger when Prometheus asks."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bridge import metrics
from bridge.clock import millis, seconds
from bridge.ledger import Account, ChannelWaits, Hold, Ledger
from bridge.plugin import ReviewStatus
from bridge.services.desk.lately import WORKER_SILENCE_S

log = structlog.get_logger("bridge.web")

KEPT = (Hold.POLICY, Hold.VENDOR_HOURS, Hold.THROTTLED, Hold.REVIEW, Hold.RETRY, Hold.PAUSE, Hold.CAMPAIGN)
"""The reasons that batches keep; pause, breaker and rate of what is due are gauges of their own."""


class LedgerGauges(Collector):
    """What is counted when Prometheus asks: waiting recipients, breakers, pauses and workers.

    These are the installation's, not the machine's: every web process shows the same.
    """

    def __init__(
        self,
        channels: tuple[str, ...],
        ledger: Ledger,
        clock: Callable[[], float],
        weights: Mapping[str, Mapping[str, int]] | None = None,
        accounts: Mapping[str, Collection[str]] | None = None,
        write_fault: Callable[[], str] = str,
    ) -> None:
        """Read for these channels. `weights`: as configured, of accounts with weighted routes, of a hundred.

        `accounts`: those of each channel, so that one that was taken out raises no alarm; None for all known.
        `write_fault` returns why the ledger takes no writes, "" when it does.
        """
        self._accounts = accounts
        self._write_fault = write_fault
        self._channels = channels
        self._weights = weights or {}
        self._ledger = ledger
        self._clock = clock

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return the gauges; without a database only `database_up` 0, which it is on a full disk, too."""
        up = metrics.gauge("database_up", "1 when the ledger's database answers and takes writes.", ())
        try:
            found = [
                self._depth(),
                *self._held(),
                *self._states(),
                *self._waits(),
                self._weighted(),
                self._templates(),
                self._drift(),
                self._unread(),
                self._workers(),
            ]
        except Exception as error:  # noqa: BLE001 - whatever fails, the other metrics are still wanted
            log.warning("ledger not readable for metrics", error=type(error).__name__)
            found = []
        up.add_metric((), 1 if found and not self._write_fault() else 0)
        return [up, *found]

    def _depth(self) -> GaugeMetricFamily:
        """Return what has no answer by its state; what waits for a reason of its own is held, not ready."""
        depth = metrics.gauge("queue_depth", "Recipients without an answer.", ("channel", "state"))
        counts, held = self._ledger.gauges(), Counter[str]()
        for one in self._ledger.holds.held(millis(self._clock)):
            held[one.channel] += one.messages
        for channel in self._channels:
            ready = counts.get((channel, "ready"), 0)
            depth.add_metric((channel, "ready"), max(0, ready - held[channel]))
            depth.add_metric((channel, "held"), min(ready, held[channel]))
            for state in ("calling", "unknown"):
                depth.add_metric((channel, state), counts.get((channel, state), 0))
        return depth

    def _held(self) -> list[GaugeMetricFamily]:
        """Return what waits by the reason kept with each batch, unknown outcomes, and unread files."""
        now = millis(self._clock)
        held = metrics.gauge("queue_held", "Recipients that wait, by reason.", ("channel", "reason"))
        unknown = metrics.gauge("unknown_messages", "Messages whose outcome is not known.", ("channel",))
        files = metrics.gauge("files_waiting", "Files of recipients not read to their end.", ("channel",))
        counts = Counter[tuple[str, str]]()
        for one in self._ledger.holds.held(now):
            counts[one.channel, one.hold] += one.messages
        open_messages = self._ledger.holds.unknown()
        for channel in self._channels:
            for reason in KEPT:
                held.add_metric((channel, reason), counts.get((channel, reason), 0))
            unknown.add_metric((channel,), open_messages.get(channel, 0))
            files.add_metric((channel,), len(self._ledger.holds.files(channel)))
        return [held, unknown, files]

    def _states(self) -> list[GaugeMetricFamily]:
        now = millis(self._clock)
        breaker = metrics.gauge(
            "push_breaker_open", "1 while Quick Audience refuses our signature.", ("channel",)
        )
        paused = metrics.gauge("channel_paused", "1 while sending is paused.", ("channel",))
        rests = metrics.gauge(
            "account_rests",
            "1 while an account is not called: its calls fail.",
            ("channel", "account"),
        )
        state_of = metrics.gauge(
            "account_breaker", "0 closed, 1 half open (one message tries), 2 open.", ("channel", "account")
        )
        stopped = metrics.gauge(
            "account_paused",
            "1 while an account is not called: its vendor refused it, or a person paused it.",
            ("channel", "account"),
        )
        for channel in self._channels:
            for account in self._known(channel):
                stopped.add_metric((channel, account.name), 1 if account.paused(now) else 0)
                rests.add_metric((channel, account.name), 1 if account.rests(now) else 0)
                state_of.add_metric((channel, account.name), _breaker(account, now))
            state = self._ledger.coordination.channel_state(channel)
            breaker.add_metric((channel,), 1 if state.breaker_failures else 0)
            paused.add_metric((channel,), 1 if state.paused_until > now else 0)
        return [breaker, paused, rests, state_of, stopped]

    def _known(self, channel: str) -> list[Account]:
        """Return the accounts of a channel that were called or paused before, but none that was taken out."""
        found = self._ledger.accounts.of(channel).values()
        return [one for one in found if self._accounts is None or one.name in self._accounts.get(channel, ())]

    def _weighted(self) -> GaugeMetricFamily:
        """Return each account's share of a weighted route as it is now: guards change it for a while."""
        weights = metrics.gauge(
            "account_weight",
            "The account's weight in a weighted route, as it is now.",
            ("channel", "account"),
        )
        for channel, configured in self._weights.items():
            for account, weight in self._ledger.weights.of(channel, configured).items():
                weights.add_metric((channel, account), weight)
        return weights

    def _waits(self) -> list[GaugeMetricFamily]:
        now = millis(self._clock)
        labels = ("channel",)
        overdue = metrics.gauge(
            "queue_overdue_seconds", "For how long the first message that might be sent has waited.", labels
        )
        waiting = metrics.gauge("push_waiting", "Callbacks that Quick Audience has not taken.", labels)
        oldest = metrics.gauge("push_oldest_seconds", "The age of the oldest of them.", labels)
        given_up = metrics.gauge("push_given_up", "Callbacks given up; sms-bridge push lists them.", labels)
        waits = self._ledger.watching.waits()
        for channel in self._channels:
            found = waits.get(channel, ChannelWaits())
            overdue.add_metric((channel,), _seconds(found.due_since, now))
            waiting.add_metric((channel,), found.callbacks)
            oldest.add_metric((channel,), _seconds(found.callbacks_since, now))
            given_up.add_metric((channel,), found.given_up)
        return [overdue, waiting, oldest, given_up]

    def _templates(self) -> GaugeMetricFamily:
        templates = metrics.gauge("templates", "Templates by status of their review.", ("channel", "status"))
        counts = self._ledger.watching.templates()
        for channel in self._channels:
            for status in ReviewStatus:
                templates.add_metric((channel, status), counts.get((channel, status), 0))
        return templates

    def _drift(self) -> GaugeMetricFamily:
        drift = metrics.gauge(
            "template_drift",
            "Templates and signatures that an account has otherwise than the bridge believes.",
            ("channel", "account"),
        )
        for (channel, account), count in self._ledger.drifts.counts().items():
            if channel in self._channels:
                drift.add_metric((channel, account), count)
        return drift

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
        since = millis(self._clock) - seconds(WORKER_SILENCE_S)
        workers.add_metric((), len(self._ledger.coordination.live_workers(since=since)))
        return workers


def _breaker(account: Account, now: int) -> int:
    if account.rests(now):
        return 2
    return 1 if account.opens else 0


def _seconds(since: int | None, now: int) -> float:
    return 0.0 if since is None else max(0.0, (now - since) / 1000)
