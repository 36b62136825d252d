"""Templates and signatures as each account has them, beside what the bridge believes: asked for every night.

What differs is shown, told and counted; nothing is repaired by itself, for nobody knows who is right.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from bridge import logs
from bridge.channels import OpenAccount, OpenChannel
from bridge.clock import MINUTE_MS, Clock, millis, millis_of, moment
from bridge.ledger import Drift, Ledger, StoredTemplate
from bridge.ledger.reviews.drift import NO_LIST, ONLY_THERE, SHOWN_ONLY, SIGN, TEMPLATE
from bridge.ledger.scope import Holder
from bridge.plugin import (
    BridgeError,
    EventName,
    NoSuchResource,
    ReviewStatus,
    TemplateReview,
)

from ..snapshots import for_plugins, same_text
from .filing import Filing

log = structlog.get_logger("bridge.templates")

MISSING, CHANGED, STATE, UNANSWERED = "missing", "changed", "state", "unanswered"
"""How an account differs: it has it no more, with another text, in another state; or it did not answer."""
LIST = "*"
"""The name of what an account has altogether."""
_HOUR = 3
_LEASE_MS = 15 * MINUTE_MS
_NOT_THERE = "not there"
_NOT_HERE = "not known"


@dataclass(frozen=True, slots=True)
class SeenDrift:
    """One template or signature at one account; `what` is "" where both say the same.

    `here` is what the bridge believes, `there` what the account said; times in milliseconds.
    """

    account: str
    kind: str
    name: str
    what: str
    here: str
    there: str
    since: int
    asked: int

    @property
    def differs(self) -> bool:
        """True when the account says otherwise than the bridge believes; not for what it alone knows of."""
        return bool(self.what) and self.what not in SHOWN_ONLY


class Drifting:
    """Asks the accounts of one channel."""

    def __init__(self, channel: OpenChannel, ledger: Ledger, clock: Clock) -> None:
        self._channel = channel
        self._ledger = ledger
        self._clock = clock
        self._owner = secrets.token_hex(8)

    def nightly(self) -> bool:
        """Ask once a night, in the channel's zone, or when a person wants it; one worker does.

        Returns whether this one did.
        """
        now, name = millis(self._clock), lease_of(self._channel.name)
        due = self._ledger.coordination.due(name)
        if due > now:
            return False
        if self._ledger.coordination.lease(name, Holder(self._owner, _LEASE_MS), now=now) is None:
            return False
        # The first worker of a new bridge waits for the night.
        begun = due > 0
        try:
            if begun:
                self.ask()
        finally:
            self._ledger.coordination.release_lease(name, self._owner, due=self._next_night(now))
        return begun

    def ask(self) -> list[SeenDrift]:
        """Ask every account for all that it should have. Returns what they said, differences first."""
        for account in self._channel.accounts.values():
            found = [*self._templates(account), *self._only_there(account), *self._signs(account)]
            fresh = self._ledger.drifts.save(self._channel.name, account.name, found)
            if fresh:
                self._tell(account, fresh)
        return seen(self._ledger, self._channel.name)

    def _tell(self, account: OpenAccount, fresh: list[Drift]) -> None:
        log.warning(
            "templates or signatures differ at an account",
            channel=self._channel.name,
            account=account.name,
            names=[f"{one.kind} {one.name}: {one.what}" for one in fresh],
        )
        account.hooks.announce(EventName.TEMPLATES_DRIFTED, account=account.name, differences=len(fresh))

    def _next_night(self, now: int) -> int:
        """Return a moment of the next night that has not begun, by lot: bridges do not all ask at once."""
        local = moment(now).astimezone(self._channel.channel.timezone)
        night = local.replace(hour=_HOUR, minute=0, second=0, microsecond=0)
        night += timedelta(days=0 if night > local else 1, minutes=secrets.randbelow(60))
        return millis_of(night)

    def _templates(self, account: OpenAccount) -> Iterator[Drift]:
        filing = Filing(account.hooks)
        for stored in self._ledger.templates.list(self._channel.name):
            if not filing.reviews(stored.kind):
                continue
            believed = self._believed(account, stored)
            if believed is not None:
                yield self._asked(account, filing, believed)

    def _believed(self, account: OpenAccount, stored: StoredTemplate) -> StoredTemplate | None:
        """Return a template as the bridge believes an account to have it; None for one it was never given."""
        if account is not self._channel.primary:
            filed = self._ledger.filings.of(stored.channel, stored.code).get(account.name)
            if filed is None or filed.owed:
                return None
            stored = replace(
                stored,
                vendor_code=filed.vendor_code,
                state=filed.state,
                status=filed.status,
                filed_at=filed.filed_at,
            )
        here = stored.filed_at == account.hooks.identity
        return stored if here and stored.vendor_code else None

    def _asked(self, account: OpenAccount, filing: Filing, stored: StoredTemplate) -> Drift:
        template = for_plugins(stored, self._channel.settings.opt_out_suffix)
        told = self._drift(account, TEMPLATE, stored.code, str(stored.status))
        try:
            review = filing.review(template)
        except NoSuchResource:
            return replace(told, what=MISSING, there=_NOT_THERE)
        except BridgeError as error:
            return replace(told, what=UNANSWERED, there=logs.masked(f"{error.code}: {error.reason}"))
        content = review.content if isinstance(review, TemplateReview) else None
        if content is not None and not same_text(content, template):
            return replace(told, what=CHANGED, here=template.content, there=logs.masked(content))
        there = logs.masked(f"{review.status} {review.reason}".strip())
        return replace(told, what="" if review.status == stored.status else STATE, there=there)

    def _only_there(self, account: OpenAccount) -> Iterator[Drift]:
        """Yield the templates that the vendor lists and no channel knows, where it has a list."""
        if not account.hooks.supports("list_templates"):
            return
        try:
            listed = {one.vendor_code: one for one in account.hooks.list_templates()}
        except BridgeError as error:
            told = self._drift(account, TEMPLATE, LIST, "")
            yield replace(told, what=NO_LIST, there=logs.masked(f"{error.code}: {error.reason}"))
            return
        # The channel's own codes too: one of them would stand in the list of drifts twice.
        known = self._ledger.filings.codes_at(account.hooks.identity)
        known |= {stored.code for stored in self._ledger.templates.list(self._channel.name)}
        for code, one in listed.items():
            if code not in known:
                there = logs.masked(f"{one.status} {one.name}: {one.content}")
                told = self._drift(account, TEMPLATE, logs.masked(code), _NOT_HERE)
                yield replace(told, what=ONLY_THERE, there=there)

    def _signs(self, account: OpenAccount) -> Iterator[Drift]:
        if not account.hooks.supports("query_sign"):
            return
        for name, status in self._known_signs(account).items():
            told = self._drift(account, SIGN, name, str(status))
            try:
                review = account.hooks.query_sign(name)
            except NoSuchResource:
                yield replace(told, what=MISSING, there=_NOT_THERE)
            except BridgeError as error:
                yield replace(told, what=UNANSWERED, there=logs.masked(f"{error.code}: {error.reason}"))
            else:
                there = logs.masked(f"{review.status} {review.reason}".strip())
                yield replace(told, what="" if review.status == status else STATE, there=there)

    def _known_signs(self, account: OpenAccount) -> dict[str, ReviewStatus]:
        """Return the signatures that an account was asked about before; those of the settings are not its."""
        name = self._channel.name
        if account is self._channel.primary:
            known = {one.name: one.status for one in self._ledger.templates.signs(name)}
        else:
            signs = self._ledger.filings.signs(name)
            known = {one.name: one.status for one in signs if one.account == account.name and one.checked}
        return {one: status for one, status in known.items() if one not in self._channel.settings.signs}

    def _drift(self, account: OpenAccount, kind: str, name: str, here: str) -> Drift:
        now = millis(self._clock)
        return Drift(self._channel.name, account.name, kind, name, here=here, since=now, asked=now)


def lease_of(channel: str) -> str:
    """Return the name of the lease under which one worker asks the accounts of a channel."""
    return f"drift/{channel}"


def seen(ledger: Ledger, channel: str) -> list[SeenDrift]:
    """Return what the accounts of a channel said when they were last asked, differences first."""
    return [
        SeenDrift(one.account, one.kind, one.name, one.what, one.here, one.there, one.since, one.asked)
        for one in ledger.drifts.list(channel)
    ]
