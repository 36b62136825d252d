"""Which of a channel's accounts takes what waits, and why each other does not."""

import random
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import structlog

from bridge.channels import OpenChannel
from bridge.clock import MINUTE_MS, Clock, millis, moment
from bridge.ledger import (
    Account,
    AccountKey,
    Callee,
    Change,
    Claimed,
    Group,
    Leaving,
    Ledger,
    Requeue,
    Scope,
    SendInfo,
    Source,
    barred_names,
    bars,
    route_in,
)
from bridge.ledger.scope import Holder
from bridge.plugin import BadNumber, Carrier, Phone, TemplateType
from bridge.plugin.phone import parse
from bridge.settings import RouteSettings

from ..pricing import country_of
from ..reports.receiving import source_of
from ..reviews.fitting import Fit, Fitting
from ..sentences import OWN_REFUSALS
from ..snapshots import refused_carriers
from .balancing import WINDOW_MS, Performance, shares, shifts
from .drafting import CARRIER_REFUSED, Draft, carrier_of
from .rates import SILENT, Rates

_SHOWN_AGAIN_MS = MINUTE_MS
log = structlog.get_logger("bridge.routing")


class Standing(NamedTuple):
    """How an account does: `why` it is not called now ("" if it is), and whether it is only tried."""

    why: str = ""
    on_trial: bool = False


class Order(NamedTuple):
    """Who takes what waits: the accounts in the order in which they are asked.

    `tried`: those that failed before, each of which takes one batch, so that it is seen whether they work.
    """

    targets: Sequence[str]
    tried: Sequence[str] = ()


_SILENT = Standing(SILENT)


class Routing:
    """Assigns what waits in one channel to its accounts. With one account there is nothing to decide."""

    def __init__(self, channel: OpenChannel, ledger: Ledger, clock: Clock) -> None:
        self._channel = channel
        self._fitting = Fitting(channel, ledger)
        self._ledger = ledger
        self._clock = clock
        self._weighted = channel.several and channel.settings.route == "weighted"
        self._throttled: Counter[str] = Counter()
        self.rates = Rates(channel.name, channel.settings, ledger)
        self._by_number = any(route.country or route.prefix for route in channel.settings.routes)
        self._by_hours = any(route.hours for route in channel.settings.routes)
        self.sources: Mapping[str, Source] = {name: source_of(channel, name) for name in channel.accounts}

    def standings(self) -> dict[str, Standing]:
        """Return how each account does, by the ledger's word."""
        now, name = millis(self._clock), self._channel.name
        known = self._ledger.accounts.of(name)
        found = {
            account: _standing(known.get(account, Account(*AccountKey(name, account))), now)
            for account in self._channel.accounts
        }
        silent = self.rates.silent(now) if self._channel.several else ()
        return found | {one: _SILENT for one in silent if not found[one].why}

    def allowed(self, type_: TemplateType, phone: Phone | None = None) -> tuple[str, ...]:
        """Return the accounts that the routes allow, the preferred first.

        Without a number, routes that ask for one are passed over: what they would take is sorted out when
        the numbers are read.
        """
        return self._accounts_of(self._first_fit(type_, phone))

    def route_of(self, type_: TemplateType, phone: Phone | None) -> int | None:
        """Return the number of the route that a message takes, None where numbers make no difference."""
        return self._first_fit(type_, phone) if self._by_number and phone is not None else None

    def _first_fit(self, type_: TemplateType, phone: Phone | None) -> int:
        """Return the number of the first route that fits, how many there are if none does."""
        routes = self._channel.settings.routes
        fitting = (index for index, route in enumerate(routes) if self._fits(route, type_, phone))
        return next(fitting, len(routes))

    def _accounts_of(self, route: int) -> tuple[str, ...]:
        routes = self._channel.settings.routes
        names = routes[route].accounts if route < len(routes) else tuple(self._channel.accounts)
        return tuple(name for name in names if name in self._channel.accounts)

    def _fits(self, route: RouteSettings, type_: TemplateType, phone: Phone | None) -> bool:
        if route.type and type_ not in route.type:
            return False
        if route.hours:
            zone = self._channel.channel.timezone
            local = moment(millis(self._clock)).astimezone(zone).time()
            if not any(window.holds(local) for window in route.hours):
                return False
        if not (route.country or route.prefix):
            return True
        return phone is not None and _number_fits(route, phone)

    def distribute(self, slow: Collection[str] = (), silent: Collection[str] = ()) -> int:
        """Give what has no account, or may leave its own, to one that takes it.

        `slow`: accounts whose rate is used up; `silent`: those that do not answer their calls just now.
        Returns how many batches were moved.
        """
        now = millis(self._clock)
        standings = self.standings() | dict.fromkeys(silent, _SILENT)
        leaving = Leaving(
            list(self._channel.accounts),
            [name for name, standing in standings.items() if standing.why],
            sorted({*slow, *self.rates.slow(now)}),
            now - int(self._channel.settings.failover_after_s * 1000),
        )
        if len(leaving.down) == len(standings):
            return 0  # what waits for one that is down waits as well for another
        groups = self._ledger.moving.groups(Scope(self._channel.name, now), leaving)
        return sum(self._place(group, leaving, standings, now) for group in groups)

    def _place(self, group: Group, leaving: Leaving, standings: Mapping[str, Standing], now: int) -> int:
        scope = Scope(self._channel.name, now)
        order = self._ordered(self._able(group, leaving, standings), standings, now)
        moved = sum(self._ledger.moving.move(scope, group, leaving, one, most=1) for one in order.tried)
        if not order.targets:
            self._note_why(group, now)
        else:
            target = self._preferred(order.targets)
            moved += self._ledger.moving.move(scope, group, leaving, target)
            if group.account and moved:
                log.info(
                    "batches go to another account", channel=scope.channel, account=target, batches=moved
                )
        return moved

    def order(self, names: Sequence[str], standings: Mapping[str, Standing], slow: Collection[str]) -> Order:
        """Return who takes a new message that these accounts may take, as it would be given out now."""
        up = [one for one in names if not standings[one].why]
        fast = [one for one in up if one not in slow]
        return self._ordered(fast or up, standings, millis(self._clock))

    def _ordered(self, able: Sequence[str], standings: Mapping[str, Standing], now: int) -> Order:
        sound = [one for one in able if not standings[one].on_trial]
        if not sound:
            return Order(able)
        # An account that failed is tried with one batch, while the others wait for one that works.
        engaged, scope = self._ledger.moving.engaged, Scope(self._channel.name, now)
        return Order(sound, [one for one in able if one not in sound and not engaged(scope, one)])

    def _note_why(self, group: Group, now: int) -> None:
        """Let a person see why no account may take a group, if it is not for them to work again.

        What only accounts that refused it could take is shown to them again after a while.
        """
        info = self._ledger.send(group.send_id)
        if self._candidates(info, group):
            return
        moving, allowed = self._ledger.moving, self._allowed(info, group)
        if self._fit(info, allowed, ()):
            moving.lift_bars(self._channel.name, group, now + _SHOWN_AGAIN_MS)
            return
        reasons = [f"{name}: {why}" for name in allowed if (why := self.unfit(name, info))]
        moving.hold(self._channel.name, group, " ".join(reasons) or "Its route names no account.")

    def _able(self, group: Group, leaving: Leaving, standings: Mapping[str, Standing]) -> list[str]:
        """Return the accounts that can take a group now; first the one that has the rest of the send."""
        candidates = self._candidates(self._ledger.send(group.send_id), group)
        up = [one for one in candidates if not standings[one].why and one != group.account]
        fast = [one for one in up if one not in leaving.slow]
        if group.account:
            return fast
        latest = self._latest(group)
        return [latest] if latest in fast else fast or up

    def _latest(self, group: Group) -> str:
        return self._ledger.moving.latest_account(group.send_id)

    def _candidates(self, info: SendInfo, group: Group) -> Sequence[str]:
        """Return the accounts that may take a group's messages, the preferred first."""
        return self._fit(info, self._allowed(info, group), group.barred)

    def _allowed(self, info: SendInfo, group: Group) -> Sequence[str]:
        """Return the accounts to which the routes lead a group now: their hours go on while it waits."""
        if not group.by_number:
            return self.allowed(info.type)
        try:
            number = parse(self._ledger.moving.a_number(self._channel.name, group), info.type)
        except BadNumber:
            return self.allowed(info.type)
        return self.allowed(info.type, number)

    def _fit(self, info: SendInfo, names: Iterable[str], barred: Collection[str]) -> Sequence[str]:
        return [name for name in names if name not in barred and not self.unfit(name, info)]

    def _preferred(self, names: Sequence[str]) -> str:
        if self._channel.settings.route == "failover":
            return names[0]
        weights = self.weights()
        return random.choices(names, [weights[name] for name in names])[0]

    def weights(self) -> dict[str, int]:
        """Return the accounts' weights as they are now; those of weighted routes are shares of a hundred."""
        if not self._weighted:
            return self._configured()
        return self._ledger.weights.of(self._channel.name, shares(self._configured()))

    def _configured(self) -> dict[str, int]:
        return {name: account.settings.weight for name, account in self._channel.accounts.items()}

    def note_throttled(self, account: str, messages: int) -> None:
        """Remember that an account asked to send slower, for its weight."""
        if self._weighted:
            self._throttled[account] += messages

    def balance(self, owner: str) -> int:
        """Let the weights follow the health of the accounts; one process at a time decides.

        Returns how many weights changed.
        """
        if not self._weighted:
            return 0
        now, name = millis(self._clock), self._channel.name
        counts = {account: self._throttled.pop(account) for account in list(self._throttled)}
        self._ledger.weights.note_throttled(name, counts, now)
        coordination = self._ledger.coordination
        lease = f"weights/{name}"
        if coordination.lease(lease, Holder(owner, MINUTE_MS), now=now) is None:
            return 0
        changed = self._rebalance(now)
        coordination.release_lease(lease, owner, due=now + MINUTE_MS)
        return len(changed)

    def _performance(self, account: Callee, now: int) -> Performance:
        scope = Scope(self._channel.name, now)
        latest = self._ledger.weights.latest(scope, account, own=OWN_REFUSALS, since=now - WINDOW_MS)
        return Performance(**latest._asdict())

    def _rebalance(self, now: int) -> Sequence[Change]:
        name = self._channel.name
        health = {
            account: self._performance(Callee(account, opened.hooks.identity), now)
            for account, opened in self._channel.accounts.items()
        }
        # Those of the future were written by a clock that ran ahead: the guards go by the others.
        latest = next((one for one in self._ledger.weights.changes(name) if one.created <= now), None)
        configured = shares(self._configured())
        found = shifts(configured, self.weights(), health, latest.created if latest else 0, now)
        changes = [Change(*shift, now) for shift in found]
        if changes:
            self._ledger.weights.change(name, configured, changes)
        for one in changes:
            log.warning(
                "weight changed",
                channel=name,
                account=one.account,
                before=one.before,
                after=one.after,
                reason=one.reason,
            )
        return changes

    def unfit(self, name: str, info: SendInfo) -> str:
        """Return why an account cannot take a send, "" if it can."""
        return self.fit(name, info).why

    def judged_at(self, sign_name: str) -> str:
        """Return the identity of the account that has judged a signature for sends of now, "" for none."""
        return self._fitting.judged_at(sign_name)

    def fit(self, name: str, info: SendInfo) -> Fit:
        """Return a send with the template as an account knows it, and why the account cannot take it."""
        return self._fitting.fit(name, info)

    def of_others(self, drafted: Draft) -> list[Requeue]:
        """Return the parts of a batch if some of its numbers are for other accounts; none if all may stay."""
        if not self._channel.several:
            return []
        claimed, info = drafted.claimed, drafted.info
        stranded = self._refused_by_carrier(drafted)
        if stranded:
            return stranded
        if not (self._by_number or self._by_hours):
            return []
        groups: dict[int | None, list[int]] = {}
        for seq in range(len(drafted.recipients.phones)):
            phone = drafted.phones.get(seq)
            groups.setdefault(self._first_fit(info.type, phone) if phone else None, []).append(seq)
        refused = barred_names(claimed.barred)
        goals = {route: self._goal(claimed, route, refused) for route in groups}
        if all(goal == claimed.account for goal in goals.values()):
            return []
        now = millis(self._clock)
        return [
            Requeue(
                drafted.recipients.pick(seqs),
                seqs,
                now,
                account=goals[route],
                barred=bars(refused, route if self._by_number else None),
            )
            for route, seqs in groups.items()
        ]

    def _refused_by_carrier(self, drafted: Draft) -> list[Requeue]:
        """Return the parts of a batch if a template's carriers refuse it here, but not at another account."""
        claimed, type_ = drafted.claimed, drafted.info.type
        barred = barred_names(claimed.barred) | {claimed.account}
        faults = [seq for seq, result in drafted.results.items() if result.code == CARRIER_REFUSED]
        away = {
            seq
            for seq in faults
            if self._carried(claimed, parse(drafted.recipients.phones[seq], type_), barred)
        }
        if not away:
            return []
        now = millis(self._clock)
        rest = [seq for seq in range(len(drafted.recipients.phones)) if seq not in away]
        kept = Requeue(
            drafted.recipients.pick(rest), rest, now, account=claimed.account, barred=claimed.barred
        )
        bar = bars(barred, route_in(claimed.barred))
        gone = sorted(away)
        parted = Requeue(drafted.recipients.pick(gone), gone, now, barred=bar)
        return [parted, kept] if rest else [parted]

    def _carried(self, claimed: Claimed, phone: Phone, barred: Collection[str]) -> bool:
        """Return whether an account that is not barred may send to the number's carrier."""
        info, carrier = self._ledger.send(claimed.send_id), carrier_of(phone)
        able = self._fit(info, self.allowed(info.type, phone), barred)
        return any(carrier not in self.refused_carriers(name, info) for name in able)

    def refused_carriers(self, name: str, info: SendInfo) -> Collection[Carrier]:
        """Return the carriers that did not approve a send's template at an account."""
        known = self.fit(name, info).info
        return refused_carriers(known.template) if known else ()

    def _goal(self, claimed: Claimed, route: int | None, refused: Collection[str]) -> str:
        """Return the account for messages of a route; theirs if it may take them, "" for none."""
        allowed = (claimed.account,) if route is None else self._accounts_of(route)
        if claimed.account in allowed:
            return claimed.account
        return next((name for name in allowed if name not in refused), "")

    def after_refusal(
        self, claimed: Claimed, info: SendInfo, phone: Phone | None, now: int | None
    ) -> tuple[int | None, str]:
        """Return from when another account may take what this one refused as not set up there, and the bars.

        When there is no other, it waits here until a person has acted, and all others may take it again.
        """
        barred = barred_names(claimed.barred) | {claimed.account}
        route = self.route_of(info.type, phone)
        if self._fit(info, self.allowed(info.type, phone), barred):
            return now, bars(barred, route)
        return None, bars((), route)


def _standing(account: Account, now: int) -> Standing:
    why = ""
    if account.paused(now):
        why = f"It is paused: {account.pause_reason}"
    elif account.rests(now):
        why = f"Its calls fail: {account.reason}"
    return Standing(why, account.on_trial)


def _number_fits(route: RouteSettings, phone: Phone) -> bool:
    if route.country and country_of(phone) not in route.country:
        return False
    mainland = phone.national if phone.national != phone.digits else ""
    return not route.prefix or any(
        phone.e164.startswith(prefix) if prefix.startswith("+") else mainland.startswith(prefix)
        for prefix in route.prefix
    )
