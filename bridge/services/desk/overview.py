"""How the channels and their accounts are doing: what sends, what pushes, what waits and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bridge import logs
from bridge.clock import DAY_MS, FOREVER_MS, Clock, millis
from bridge.ledger import Account, ChannelState, Held, Hold, Ledger
from bridge.ledger.refs import to_ref
from bridge.settings import ChannelSettings, Settings

from ..messages.rates import Rates

_FOREVER_MS = 3650 * DAY_MS
_SLOW = frozenset({Hold.RATE, Hold.THROTTLED})
"""Why an account has no room just now, while it works."""
_OWN = frozenset({Hold.POLICY, Hold.RATE, Hold.CAMPAIGN})
"""Reasons that are the bridge's own; the others come with a vendor's words."""
GONE = "gone"
"""The reason why an account is not called whose name is not in the configuration."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Why something does not go on, and until when (milliseconds); None until a person resumes it."""

    reason: str
    until: int | None
    words: str


_GONE = Stop(GONE, None, "The channel has no account of this name any more.")


@dataclass(frozen=True, slots=True)
class SeenHold(Stop):
    """Recipients that wait, and why; `words` are the vendor's, the policy's or the person's own.

    `campaign`: the id of one that does not run, "" where they wait for another reason.
    """

    messages: int
    campaign: str = ""


@dataclass(frozen=True, slots=True)
class SeenAccount:
    """One account of a channel, or one that is gone; the name is "" for what no account has yet.

    `ready`: recipients that may be sent now. `held`: others, by reason. `unknown`: messages whose outcome is
    not known. `error`: the latest failure in the vendor's words, `next_try` when it is called again. `stop`:
    why it is not called, None while it may be.
    """

    name: str
    ready: int
    calling: int
    unknown: int
    held: Sequence[SeenHold]
    error: str
    next_try: int | None
    stop: Stop | None = None


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file of recipients that is not read to its end; `error`: why its latest attempt failed."""

    send: str
    lines: int
    taken: int
    next_try: int
    error: str


@dataclass(frozen=True, slots=True)
class SeenChannel:
    """One channel. `pushing`: yes, stopped, or no address. `answer`: what Quick Audience said last."""

    name: str
    default: bool
    platform_name: str
    stop: Stop | None
    accounts: Sequence[SeenAccount]
    pushing: str
    push_stop: Stop | None
    callbacks: int
    given_up: int
    answer: str
    files: Sequence[SeenFile] = field(default=())


@dataclass(frozen=True, slots=True)
class _Counts:
    """What is counted once for all channels."""

    held: Sequence[Held]
    given_up: Mapping[str, int]


@dataclass(slots=True)
class _Has:
    """What one account has of its channel's messages."""

    counts: Counter[str] = field(default_factory=Counter)
    held: list[Held] = field(default_factory=list)


class Overview:
    """Reads the state of all channels."""

    def __init__(self, settings: Settings, ledger: Ledger, clock: Clock) -> None:
        self._settings = settings
        self._ledger = ledger
        self._clock = clock

    def channels(self) -> list[SeenChannel]:
        """Return every channel of the configuration, in its order."""
        now = millis(self._clock)
        counts = _Counts(
            self._ledger.holds.held(now),
            {name: waits.given_up for name, waits in self._ledger.watching.waits().items()},
        )
        return [self._channel(name, counts, now) for name in self._settings.channels]

    def _channel(self, name: str, counts: _Counts, now: int) -> SeenChannel:
        settings = self._settings.channels[name]
        state = self._ledger.coordination.channel_state(name)
        known = self._ledger.accounts.of(name)
        found = [known.get(one, Account(name, one)) for one in settings.all_accounts]
        slow = Rates(name, settings, self._ledger).slow(now)
        stops = [
            _stop(state, account, now) or (Stop(*slow[account.name]) if account.name in slow else None)
            for account in found
        ]
        own = self._own(name, settings, counts)
        seen = [
            _account(account, own.pop(account.name), stop, now, _said(state, account))
            for account, stop in zip(found, stops, strict=True)
        ]
        seen += [_beside(Account(name, one), has, seen, now) for one, has in own.items()]
        stop = stops[0] if all(stops) else None
        push_stop = None
        if settings.callback_url and state.breaker_failures:
            push_stop = Stop("refused", state.breaker_until, logs.masked(state.breaker_reason))
        return SeenChannel(
            name,
            settings.default,
            settings.platform_name,
            stop,
            tuple(seen),
            "stopped" if push_stop else "yes" if settings.callback_url else "no address",
            push_stop,
            self._ledger.outbox.waiting(name)[0],
            counts.given_up.get(name, 0),
            logs.masked(self._ledger.outbox.answer(name)),
            self._files(name),
        )

    def _own(self, name: str, settings: ChannelSettings, counts: _Counts) -> dict[str, _Has]:
        """Return what each account has; then what none has yet (""), and what those have that are gone.

        A single account takes whatever waits; an unknown outcome stays with the account that was called.
        """
        accounts = list(settings.all_accounts)
        alone = accounts[0] if len(accounts) == 1 else ""
        found = {account: _Has() for account in accounts}
        for (account, state), count in sorted(self._ledger.moving.depth(name).items()):
            its = account if state == "unknown" else alone
            found.setdefault(its or account or alone, _Has()).counts[state] += count
        for one in counts.held:
            if one.channel == name:
                found.setdefault(alone or one.account, _Has()).held.append(one)
        return found

    def _files(self, name: str) -> list[SeenFile]:
        return [
            SeenFile(to_ref(one.send_id), one.lines, one.taken, one.due, logs.masked(one.error))
            for one in self._ledger.holds.files(name)
        ]


def _stop(state: ChannelState, account: Account, now: int) -> Stop | None:
    if state.paused_until > now:
        until = state.paused_until if state.paused_until < now + _FOREVER_MS else None
        return Stop(Hold.PAUSE, until, logs.masked(state.pause_reason))
    if account.paused(now):
        until = account.paused_until if account.paused_until < now + _FOREVER_MS else None
        return Stop(Hold.PAUSE, until, logs.masked(account.pause_reason))
    if account.rests(now):
        return Stop(Hold.BREAKER, account.open_until, logs.masked(account.reason))
    return None


def _said(state: ChannelState, account: Account) -> str:
    """Return the vendor's words for which the bridge paused an account, "" where a later call failed."""
    pauses = [(one.pauses, one.paused_until, one.pause_reason) for one in (account, state)]
    said = (why for number, until, why in pauses if number and account.failed < until < FOREVER_MS)
    return next(said, "")


def _account(account: Account, has: _Has, stop: Stop | None, now: int, said: str = "") -> SeenAccount:
    """Return how an account does; `said`: what its vendor said last, where that is not of a failed call."""
    held = [_hold(one, now) for one in has.held]
    told = [one for one in held if one.reason not in _OWN]
    ready = max(0, has.counts["ready"] - sum(one.messages for one in held))
    if stop is not None and ready:
        held.insert(0, SeenHold(stop.reason, stop.until, stop.words, ready))
        ready = 0
    error = logs.masked(said or account.reason) or next((one.words for one in told), "")
    resting = stop.until if stop is not None and stop.reason not in _SLOW else None
    next_try = resting or min((one.until for one in told if one.until), default=None)
    calling, unknown = has.counts["calling"], has.counts["unknown"]
    return SeenAccount(account.name, ready, calling, unknown, held, error, next_try, stop)


def _hold(one: Held, now: int) -> SeenHold:
    until = one.until if one.until < now + _FOREVER_MS else None
    words = logs.masked(one.words)
    if one.campaign is None:
        return SeenHold(one.hold, until, words, one.messages)
    campaign, name = one.campaign  # its name is Quick Audience's id of a task, and no number
    return SeenHold(one.hold, until, f"{name}: {words}", one.messages, to_ref(campaign))


def _beside(account: Account, has: _Has, configured: Sequence[SeenAccount], now: int) -> SeenAccount:
    """Return what is with no account yet, or with one that is gone."""
    if account.name:
        return replace(_account(account, has, None, now), stop=_GONE)
    stopped = [(one.name, one.stop) for one in configured if one.stop and one.stop.reason not in _SLOW]
    if not stopped:
        return _account(account, has, None, now)
    ends = [stop.until for _, stop in stopped if stop.until]
    words = " ".join(dict.fromkeys(f"{name}: {stop.words}" for name, stop in stopped))
    # What an account that works may take is given to it at once: the rest waits for one of those that stop.
    waits = Stop(stopped[0][1].reason, min(ends, default=None), words)
    return replace(_account(account, has, waits, now), error="", next_try=None, stop=None)
